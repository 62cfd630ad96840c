using '../../../infra/bicep/resources.bicep'

// In a landing zone, where everything that can exist does. An owner ran bootstrap.bicep.
param environmentName = 'existing'
param location = 'westeurope'
param identityId = '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-archive/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-archive'
param archiveWriterRoleId = '/subscriptions/00000000-0000-0000-0000-000000000001/providers/Microsoft.Authorization/roleDefinitions/00000000-0000-0000-0000-00000000000a'
param tokenKeeperRoleId = '/subscriptions/00000000-0000-0000-0000-000000000001/providers/Microsoft.Authorization/roleDefinitions/00000000-0000-0000-0000-00000000000b'
param holdKeeperRoleId = '/subscriptions/00000000-0000-0000-0000-000000000001/providers/Microsoft.Authorization/roleDefinitions/00000000-0000-0000-0000-00000000000c'
param privateNetwork = true
param privateApp = true
param appSubnetId = '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/spoke/subnets/archive-app'
param endpointSubnetId = '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/spoke/subnets/endpoints'

// The names of the vault are registered by a policy.
param privateDnsZoneIds = {
  blob: '/subscriptions/00000000-0000-0000-0000-000000000009/resourceGroups/dns/providers/Microsoft.Network/privateDnsZones/privatelink.blob.core.windows.net'
  queue: '/subscriptions/00000000-0000-0000-0000-000000000009/resourceGroups/dns/providers/Microsoft.Network/privateDnsZones/privatelink.queue.core.windows.net'
  table: '/subscriptions/00000000-0000-0000-0000-000000000009/resourceGroups/dns/providers/Microsoft.Network/privateDnsZones/privatelink.table.core.windows.net'
  sites: '/subscriptions/00000000-0000-0000-0000-000000000009/resourceGroups/dns/providers/Microsoft.Network/privateDnsZones/privatelink.azurewebsites.net'
}
param workspaceId = '/subscriptions/00000000-0000-0000-0000-000000000009/resourceGroups/logs/providers/Microsoft.OperationalInsights/workspaces/central'
param alertActionGroupIds = [
  '/subscriptions/00000000-0000-0000-0000-000000000009/resourceGroups/operations/providers/Microsoft.Insights/actionGroups/on-call'
]
param alertWebhook = readEnvironmentVariable('ALERT_WEBHOOK', '')
