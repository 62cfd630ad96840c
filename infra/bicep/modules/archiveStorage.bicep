import { assignedRoles } from '../roles.bicep'
import { daysByFolder, encryptionKey, texts } from '../types.bicep'

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

@description('The container of the audit log. Empty: that of the recordings.')
param auditContainerName string

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

@description('After how many days archived objects are deleted, by region and type.')
param deleteAfterDays daysByFolder

@description('The key that the account is encrypted with. Left out: one of Microsoft.')
param customerKey encryptionKey?

@description('Whether the account is locked against being deleted.')
param isLocked bool

@description('Whether only private endpoints lead here.')
param isPrivate bool

@description('Object id of the identity of the app.')
param principalId string

@description('The role to write an archive with.')
param archiveWriterRoleId string

@description('The role to set legal holds with. Empty: the app sets none.')
param holdKeeperRoleId string

@description('Id of the Log Analytics workspace.')
param workspaceId string

// The state Locked is taken only by an account whose policy stood unlocked before. It is the account's policy and not a
// container's, because a template can lock no other, and the account holds nothing but the archive. Versions take it over
// when they are written: those that are there already keep what they have. Left out, it stays as it is. The audit log is
// appended to, line by line, so blocks can be added to append blobs; what is in them is protected like everything else.
var immutabilityPolicy = immutabilityDays > 0
  ? {
      immutabilityPolicy: {
        allowProtectedAppendWrites: true
        immutabilityPeriodSinceCreationInDays: immutabilityDays
        state: immutabilityLocked ? 'Locked' : 'Unlocked'
      }
    }
  : {}

// Only tiers that are read at once: receipts stand beside their content, rules cannot tell names by their ends, and
// what is in the tier Archive takes hours to read.
var tierRules = map(
  filter(
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
  ),
  tier => {
    name: tier.name
    prefix: '${containerName}/'
    actions: {
      baseBlob: tier.action
    }
  }
)

// Days count from when a blob was written, not from the call. A deleted blob leaves a version, which goes by the same days.
var deleteRules = map(items(deleteAfterDays), (folder, index) => {
  name: 'delete-${index}'
  prefix: folder.value <= immutabilityDays
    ? fail('archiveRetentionDays has ${folder.value} for ${folder.key}: it must be more than immutabilityDays, ${immutabilityDays}, before which nothing can be deleted.')
    : length(split(folder.key, '/')) == 2
        ? '${containerName}/${folder.key}/'
        : fail('archiveRetentionDays has "${folder.key}": write {region}/{type}, such as uk/callrecording.')
  actions: {
    baseBlob: {
      delete: {
        daysAfterCreationGreaterThan: folder.value
      }
    }
    version: {
      delete: {
        daysAfterCreationGreaterThan: folder.value
      }
    }
  }
})

var rules = concat(tierRules, deleteRules)

// A deployment removes nothing, so without rules there is still a policy: that of an earlier deployment would go on deleting. It must
// have a rule, and is off when all its rules are.
var noRule = {
  name: 'none'
  prefix: '${containerName}/'
  actions: {
    baseBlob: {
      tierToCool: {
        daysAfterModificationGreaterThan: 36500
      }
    }
  }
}

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: 'starc${suffix}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: redundancy
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
      // The rules of the lifecycle come from outside the network.
      bypass: isPrivate && !empty(rules) ? 'AzureServices' : 'None'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
    encryption: {
      keySource: customerKey == null ? 'Microsoft.Storage' : 'Microsoft.Keyvault'
      ...(customerKey == null
        ? {}
        : {
            identity: {
              userAssignedIdentity: customerKey!.identityId
            }
            keyvaultproperties: {
              keyvaulturi: customerKey!.vaultUri
              keyname: customerKey!.name
              keyversion: customerKey!.?version ?? ''
            }
          })
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

    resource audit 'containers' = if (!empty(auditContainerName)) {
      name: empty(auditContainerName) ? 'audit' : auditContainerName
      properties: {
        publicAccess: 'None'
      }
    }
  }
}

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        for rule in (empty(rules) ? [noRule] : rules): {
          name: rule.name
          enabled: !empty(rules)
          type: 'Lifecycle'
          definition: {
            actions: rule.actions
            filters: {
              blobTypes: [
                'blockBlob'
              ]
              prefixMatch: [
                rule.prefix
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

resource writeAudit 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(auditContainerName)) {
  name: guid(account::blobs::audit.id, principalId, archiveWriterRoleId)
  scope: account::blobs::audit
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: archiveWriterRoleId
  }
}

resource hold 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(holdKeeperRoleId)) {
  name: guid(account::blobs::container.id, principalId, holdKeeperRoleId)
  scope: account::blobs::container
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: holdKeeperRoleId
  }
}

// Keys for links are given out by the account and open nothing that the role above does not.
resource link 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, principalId, assignedRoles.storageBlobDelegator)
  scope: account
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      assignedRoles.storageBlobDelegator
    )
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
