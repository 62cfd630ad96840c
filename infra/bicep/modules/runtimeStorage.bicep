import { texts } from '../types.bicep'

metadata description = 'What the app works with: its package, its queues, its ledger, the state of the Functions host. Nothing here is worth keeping: the ledger can be rebuilt from the archive.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags texts

@description('The end of every name.')
param suffix string

@description('Whether only private endpoints lead here.')
param isPrivate bool

@description('Object id of the identity of the app.')
param principalId string

@description('Id of the Log Analytics workspace.')
param workspaceId string

@description('Whether each request to queues and tables is logged, too.')
param logsEverything bool

var packageContainerName = 'app-package'
var queueNames = ['list-windows', 'archive-objects', 'restore-objects', 'purge-objects', 'verify-objects']
var allQueueNames = flatten(map(queueNames, name => [name, '${name}-poison']))
var tableNames = ['objects', 'listings', 'operations', 'purges', 'search', 'summaries']

// What Microsoft documents for AzureWebJobsStorage of an app with queue triggers, at the level of the account: the host
// makes containers for its locks, keys and schedules and tables for its own diagnostics, under names of its choosing.
var roles = {
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  storageQueueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
}

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: 'strun${suffix}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    isLocalUserEnabled: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      containerDeleteRetentionPolicy: {
        enabled: true
        days: 7
      }
      deleteRetentionPolicy: {
        enabled: true
        days: 7
      }
    }

    resource package 'containers' = {
      name: packageContainerName
      properties: {
        publicAccess: 'None'
      }
    }
  }

  resource queues 'queueServices' = {
    name: 'default'

    resource queue 'queues' = [
      for name in allQueueNames: {
        name: name
      }
    ]
  }

  resource tables 'tableServices' = {
    name: 'default'

    resource table 'tables' = [
      for name in tableNames: {
        name: name
      }
    ]
  }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in items(roles): {
    name: guid(account.id, principalId, role.value)
    scope: account
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.value)
    }
  }
]

resource blobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: account::blobs
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageRead'
        enabled: logsEverything
      }
      {
        category: 'StorageWrite'
        enabled: logsEverything
      }
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
  }
}

// Each message that is looked for, read or deleted is a request: many millions, which say nothing.
resource queueLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (logsEverything) {
  name: 'audit'
  scope: account::queues
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'allLogs'
        enabled: true
      }
    ]
  }
}

resource tableLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (logsEverything) {
  name: 'audit'
  scope: account::tables
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'allLogs'
        enabled: true
      }
    ]
  }
}

@description('Id of the account.')
output id string = account.id

@description('Name of the account.')
output name string = account.name

@description('Addresses of the services.')
output endpoints texts = {
  blob: account.properties.primaryEndpoints.blob
  queue: account.properties.primaryEndpoints.queue
  table: account.properties.primaryEndpoints.table
}

@description('Address of the container of the package of the app.')
output packageContainerUri string = '${account.properties.primaryEndpoints.blob}${packageContainerName}'
