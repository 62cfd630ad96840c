using '../../../infra/bicep/main.bicep'

// Over zones, encrypted with a key of the customer, with everything that goes on beside archiving.
param environmentName = 'zones'
param location = 'westeurope'
param zoneRedundant = true
param customerKey = {
  vaultUri: 'https://keys.vault.azure.net'
  name: 'archive'
  identityId: '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/keys/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-keys'
}
param immutabilityDays = 365
param archiveRetentionDays = {
  'uk/callrecording': 2555
  'us-east/voicemail': 366
}
param legalHolds = true
param auditContainer = 'audit'
param signInClientId = '00000000-0000-0000-0000-000000000005'
param eventDestination = {
  kind: 'queue'
  accountId: '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/crm/providers/Microsoft.Storage/storageAccounts/stcrm'
  name: 'archived'
}
