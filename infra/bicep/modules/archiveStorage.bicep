import { texts } from '../types.bicep'

metadata description = 'The archive. The app may read and write here and cannot delete; people are held off by versions, soft delete, immutability and a lock.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags texts

@description('The end of every name.')
param suffix string

@description('How many copies are kept, and where.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_RAGRS', 'Standard_GZRS', 'Standard_RAGZRS'])
param redundancy string

@description('The container of the recordings.')
param containerName string

@description('For how many days deleted blobs and containers can be brought back.')
param softDeleteDays int

@description('Whether versions can be made immutable and put on legal hold. Cannot be changed later.')
param immutableStorage bool

@description('For how many days what is written from then on can be neither changed nor deleted. 0 sets no policy and takes none away.')
param immutabilityDays int

@description('Whether that policy can no longer be shortened or removed.')
param immutabilityLocked bool

@description('After how many days blobs move to the tier Cool. 0 is never.')
param coolAfterDays int

@description('After how many days blobs move to the tier Cold. 0 is never.')
param coldAfterDays int

@description('Whether the account is locked against being deleted.')
param isLocked bool

@description('Whether only private endpoints lead here.')
param isPrivate bool

@description('Object id of the identity of the app.')
param principalId string

@description('The role to write an archive with.')
param archiveWriterRoleId string

@description('Id of the Log Analytics workspace.')
param workspaceId string

var storageBlobDelegator = 'db58b8e5-c6ad-4a2a-8342-4190687cbf4a'

// The state Locked is taken only by an account whose policy stood unlocked before. It is the account's policy and not a
// container's, because a template can lock no other, and the account holds nothing but the archive. Versions take it over
// when they are written: those that are there already keep what they have. Left out, it stays as it is.
var immutabilityPolicy = immutabilityDays > 0
  ? {
      immutabilityPolicy: {
        // The audit log is appended to: lines can be added to its blobs, and none changed or removed.
        allowProtectedAppendWrites: true
        immutabilityPeriodSinceCreationInDays: immutabilityDays
        state: immutabilityLocked ? 'Locked' : 'Unlocked'
      }
    }
  : {}

// Only tiers that are read at once: receipts stand beside their content, rules cannot tell names by their ends, and
// what is in the tier Archive takes hours to read. No rule deletes.
var tiers = filter(
  [
    {
      name: 'cool'
      days: coolAfterDays
      action: {
        tierToCool: {
          daysAfterModificationGreaterThan: coolAfterDays
        }
      }
    }
    {
      name: 'cold'
      days: coldAfterDays
      action: {
        tierToCold: {
          daysAfterModificationGreaterThan: coldAfterDays
        }
      }
    }
  ],
  tier => tier.days > 0
)

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: 'starc${suffix}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: redundancy
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
    encryption: {
      keySource: 'Microsoft.Storage'
      requireInfrastructureEncryption: true
      services: {
        blob: {
          enabled: true
          keyType: 'Account'
        }
      }
    }
    // Links to content are valid for minutes. Longer ones show up in the logs.
    sasPolicy: {
      expirationAction: 'Log'
      sasExpirationPeriod: '00.01:00:00'
    }
    ...(immutableStorage
      ? {
          immutableStorageWithVersioning: {
            enabled: true
            ...immutabilityPolicy
          }
        }
      : immutabilityDays > 0 ? fail('immutabilityDays needs immutableStorage.') : {})
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      isVersioningEnabled: true
      containerDeleteRetentionPolicy: {
        enabled: true
        days: softDeleteDays
      }
      deleteRetentionPolicy: {
        enabled: true
        days: softDeleteDays
        allowPermanentDelete: false
      }
    }

    resource container 'containers' = {
      name: containerName
      properties: {
        publicAccess: 'None'
      }
    }
  }
}

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-06-01' = if (!empty(tiers)) {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        for tier in tiers: {
          name: tier.name
          enabled: true
          type: 'Lifecycle'
          definition: {
            actions: {
              baseBlob: tier.action
            }
            filters: {
              blobTypes: [
                'blockBlob'
              ]
              prefixMatch: [
                '${containerName}/'
              ]
            }
          }
        }
      ]
    }
  }
  dependsOn: [
    account::blobs
  ]
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (isLocked) {
  name: 'archive'
  scope: account
  properties: {
    level: 'CanNotDelete'
    notes: 'Holds the only copy of what 8x8 has deleted.'
  }
}

resource write 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::blobs::container.id, principalId, archiveWriterRoleId)
  scope: account::blobs::container
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: archiveWriterRoleId
  }
}

// Keys for links are given out by the account and open nothing that the role above does not.
resource link 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, principalId, storageBlobDelegator)
  scope: account
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageBlobDelegator)
  }
}

resource blobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: account::blobs
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageRead'
        enabled: true
      }
      {
        category: 'StorageWrite'
        enabled: true
      }
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
  }
}

@description('Id of the account.')
output id string = account.id

@description('Name of the account.')
output name string = account.name

@description('Address of the blob service.')
output blobEndpoint string = account.properties.primaryEndpoints.blob
