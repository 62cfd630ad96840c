import { assignedRoles } from '../roles.bicep'
import { encryptionKey, texts } from '../types.bicep'

metadata description = 'What the app works with: its package, its queues, its ledger, its cases, the state of the Functions host. The ledger can be rebuilt from the archive, cases cannot.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags texts

@description('The end of every name.')
param suffix string

@description('Whether only private endpoints lead here.')
param isPrivate bool

@description('Whether the account survives the loss of a data center.')
param zoneRedundant bool

@description('The key that the account is encrypted with. Left out: one of Microsoft. Queues and tables take it from the start or never.')
param customerKey encryptionKey?

@description('Whether there is a container for events that could not be delivered, which Event Grid may reach from outside the network.')
param withEvents bool

@description('Object id of the identity of the app.')
param principalId string

@description('Id of the Log Analytics workspace.')
param workspaceId string

@description('Whether each request to queues and tables is logged, too.')
param logsEverything bool

var packageContainerName = 'app-package'
var undeliveredContainerName = 'undelivered-events'
var queueNames = [
  'list-windows'
  'archive-objects'
  'restore-objects'
  'purge-objects'
  'verify-objects'
  'plan-days'
  'catalogue-months'
  'change-cases'
  'export-cases'
]
var allQueueNames = flatten(map(queueNames, name => [name, '${name}-poison']))
var tableNames = ['objects', 'listings', 'operations', 'purges', 'search', 'summaries', 'cases']

// What Microsoft documents for AzureWebJobsStorage of an app with queue triggers, at the level of the account: the host
// makes containers for its locks, keys and schedules and tables for its own diagnostics, under names of its choosing.
var roles = [
  assignedRoles.storageBlobDataOwner
  assignedRoles.storageQueueDataContributor
  assignedRoles.storageTableDataContributor
]

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: 'strun${suffix}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS'
  }
  identity: customerKey == null
    ? null
    : {
        type: 'UserAssigned'
        userAssignedIdentities: {
          '${customerKey!.identityId}': {}
        }
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
      bypass: withEvents ? 'AzureServices' : 'None'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
    ...(customerKey == null
      ? {}
      : {
          encryption: {
            keySource: 'Microsoft.Keyvault'
            identity: {
              userAssignedIdentity: customerKey!.identityId
            }
            keyvaultproperties: {
              keyvaulturi: customerKey!.vaultUri
              keyname: customerKey!.name
              keyversion: customerKey!.?version ?? ''
            }
            services: toObject(['blob', 'queue', 'table'], service => service, service => {
              enabled: true
              keyType: 'Account'
            })
          }
        })
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

    resource undelivered 'containers' = if (withEvents) {
      name: undeliveredContainerName
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
  for role in roles: {
    name: guid(account.id, principalId, role)
    scope: account
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
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

@description('The container for events that could not be delivered, if there is one.')
output undeliveredContainerName string = undeliveredContainerName
