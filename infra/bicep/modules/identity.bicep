import { texts } from '../types.bicep'

metadata description = 'The identity of the app, and the roles that Azure does not have ready-made.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags texts

@description('The end of every name.')
param suffix string

@description('Whether there is a role for legal holds.')
param withLegalHolds bool

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-${suffix}'
  location: location
  tags: tags
}

// Every ready-made role that may write blobs may also delete them, and the container with them.
resource archiveWriter 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, 'archive-writer')
  properties: {
    roleName: 'Archive Writer ${suffix}'
    description: 'Read and write blobs, see the container. No deleting.'
    type: 'CustomRole'
    assignableScopes: [
      resourceGroup().id
    ]
    permissions: [
      {
        actions: [
          'Microsoft.Storage/storageAccounts/blobServices/containers/read'
        ]
        dataActions: [
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write'
        ]
      }
    ]
  }
}

// Every ready-made role that may set a secret may also delete and purge it.
resource tokenKeeper 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, 'token-keeper')
  properties: {
    roleName: 'Token Keeper ${suffix}'
    description: 'Read, set and disable a secret. No deleting.'
    type: 'CustomRole'
    assignableScopes: [
      resourceGroup().id
    ]
    permissions: [
      {
        actions: []
        dataActions: [
          'Microsoft.KeyVault/vaults/secrets/getSecret/action'
          'Microsoft.KeyVault/vaults/secrets/setSecret/action'
          'Microsoft.KeyVault/vaults/secrets/update/action'
        ]
      }
    ]
  }
}

// Azure has one right for holds and for policies: it lets policies that are not locked be shortened and removed, too.
resource holdKeeper 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (withLegalHolds) {
  name: guid(resourceGroup().id, 'hold-keeper')
  properties: {
    roleName: 'Hold Keeper ${suffix}'
    description: 'Set and clear legal holds on blobs. No deleting.'
    type: 'CustomRole'
    assignableScopes: [
      resourceGroup().id
    ]
    permissions: [
      {
        actions: []
        dataActions: [
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/immutableStorage/runAsSuperUser/action'
        ]
      }
    ]
  }
}

@description('Resource id of the identity.')
output id string = identity.id

@description('Client id of the identity.')
output clientId string = identity.properties.clientId

@description('Object id of the identity.')
output principalId string = identity.properties.principalId

@description('The role to write an archive with, for use in role assignments.')
output archiveWriterRoleId string = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  archiveWriter.name
)

@description('The role to keep a token with, for use in role assignments.')
output tokenKeeperRoleId string = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', tokenKeeper.name)

@description('The role to set legal holds with, for use in role assignments. Empty when there is none.')
output holdKeeperRoleId string = withLegalHolds
  ? subscriptionResourceId('Microsoft.Authorization/roleDefinitions', holdKeeper.name)
  : ''
