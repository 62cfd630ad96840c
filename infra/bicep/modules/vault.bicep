import { assignedRoles } from '../roles.bicep'
import { texts } from '../types.bicep'

metadata description = 'The vault with the credentials of 8x8 and the access token. The template writes no secret into it.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags texts

@description('The end of every name.')
param suffix string

@description('recover brings back a vault that was deleted within 90 days.')
@allowed(['default', 'recover'])
param createMode string

@description('Whether only private endpoints lead here.')
param isPrivate bool

@description('Whether the vault is locked against being deleted.')
param isLocked bool

@description('Object id of the identity of the app.')
param principalId string

@description('Object id of the person or group that sets the credentials. Empty for none.')
param operatorPrincipalId string

@description('What that is: User, Group or ServicePrincipal. Empty: Azure looks it up.')
param operatorPrincipalType string

@description('The role to keep a token with.')
param tokenKeeperRoleId string

@description('Id of the Log Analytics workspace.')
param workspaceId string

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: 'kv-${suffix}'
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    createMode: createMode
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    enabledForDeployment: false
    enabledForDiskEncryption: false
    enabledForTemplateDeployment: false
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
  }
}

// On the vault, which holds nothing but the secrets of this app, and not on its secrets: a deployment comes before they exist,
// and nothing says that Azure takes an assignment on a secret that it does not know.
resource keepToken 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, principalId, tokenKeeperRoleId)
  scope: vault
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: tokenKeeperRoleId
  }
}

resource setCredentials 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorPrincipalId)) {
  name: guid(vault.id, operatorPrincipalId, assignedRoles.keyVaultSecretsOfficer)
  scope: vault
  properties: {
    principalId: operatorPrincipalId
    ...(empty(operatorPrincipalType) ? {} : { principalType: operatorPrincipalType })
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      assignedRoles.keyVaultSecretsOfficer
    )
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (isLocked) {
  name: 'vault'
  scope: vault
  properties: {
    level: 'CanNotDelete'
    notes: 'Holds the credentials that recordings are archived with.'
  }
}

resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: vault
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

@description('Id of the vault.')
output id string = vault.id

@description('Name of the vault.')
output name string = vault.name

@description('Address of the vault.')
output uri string = vault.properties.vaultUri
