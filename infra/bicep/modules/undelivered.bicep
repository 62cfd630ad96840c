import { assignedRoles } from '../roles.bicep'

metadata description = 'The right to keep events that could not be delivered. A module of its own, because the name of an assignment holds its principal: a topic that was deleted and made again has another one, and an assignment cannot change hands.'

@description('Name of the storage account that keeps what could not be delivered.')
param accountName string

@description('The container there.')
param containerName string

@description('Object id of the identity of the topic.')
param principalId string

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: accountName

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource container 'containers' existing = {
      name: containerName
    }
  }
}

resource keep 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::blobs::container.id, principalId, assignedRoles.storageBlobDataContributor)
  scope: account::blobs::container
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      assignedRoles.storageBlobDataContributor
    )
  }
}
