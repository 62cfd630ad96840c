import {
  alwaysReadyInstances
  archiverSettings
  daysByFolder
  dnsZoneIds
  encryptionKey
  eventDestination as archivedEventDestination
  flexRegion
  retentionByType
  texts
} from 'types.bicep'

targetScope = 'subscription'

metadata description = 'The archiver: a function app that copies what 8x8 keeps into Blob Storage, with the least rights, monitored.'

@description('Name of the environment. Names of resources are derived from it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Azure region of all resources: a flexRegion of infra/bicep/types.bicep.')
@metadata({
  azd: {
    type: 'location'
  }
})
param location flexRegion

@description('Name of the resource group. The template creates it.')
@minLength(1)
@maxLength(90)
param resourceGroupName string = 'rg-${environmentName}'

@description('Tags of every resource, in addition to azd-env-name.')
param tags texts = {}

@description('App settings, with the names in docs/settings.md. A setting that you leave out has its default.')
param settings archiverSettings = {}

@description('Other app settings, as text, such as those of the Functions host (AzureFunctionsJobHost__…) and of OpenTelemetry (OTEL_…). They do not override what the template sets. Names that Flex Consumption does not take are refused.')
param extraSettings texts = {}

@description('After how many days 8x8 deletes objects, by type, such as { callrecording: 90 }. Types that you leave out have Retention__DefaultDays.')
param retentionDays retentionByType = {}

@description('Object ID of the person or group that stores the 8x8 credentials in the vault. It gets the role Key Vault Secrets Officer on the vault. Empty assigns no role.')
param operatorPrincipalId string = ''

@description('What operatorPrincipalId is. Empty: Azure looks it up.')
@allowed(['', 'User', 'Group', 'ServicePrincipal'])
param operatorPrincipalType string = ''

@description('Client ID of the app registration that people and programs sign in with. Sets Access__Mode to EntraId. Empty: function keys.')
param signInClientId string = ''

@description('The container of the recordings.')
@minLength(3)
@maxLength(63)
param archiveContainer string = 'recordings'

@description('The container of the audit log. Empty: that of the recordings.')
@maxLength(63)
param auditContainer string = ''

@description('Redundancy of the archive. ZRS survives the loss of a data center, GZRS the loss of a region.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_RAGRS', 'Standard_GZRS', 'Standard_RAGZRS'])
param archiveRedundancy string = 'Standard_ZRS'

@description('Spreads the app over availability zones and keeps its queues and ledger in three of them (ZRS). Needs an archiveRedundancy with ZRS. Costs: docs/scale.md.')
param zoneRedundant bool = false

@description('A key of yours that both storage accounts are encrypted with. The account strun takes it when it is created, or never for queues and tables.')
param customerKey encryptionKey?

@description('For how many days you can recover deleted blobs and containers of the archive.')
@minValue(7)
@maxValue(365)
param softDeleteDays int = 30

@description('Makes the archive ready for immutability policies and legal holds on versions. This is decided once, when the account is created. Such an account can be deleted only when it is empty.')
param immutableStorage bool = true

@description('For how many days newly archived objects can be neither changed nor deleted. It does not apply to what is already archived. 0 neither sets nor removes a policy. Needs immutableStorage.')
@minValue(0)
@maxValue(146000)
param immutabilityDays int = 0

@description('Locks the policy permanently: it can be extended, but never shortened or removed. It applies to what is archived after that. Deploy once unlocked first.')
param immutabilityLocked bool = false

@description('After how many days blobs of the archive move to the tier Cool. 0 is never.')
@minValue(0)
@maxValue(36500)
param coolAfterDays int = 0

@description('After how many days blobs of the archive move to the tier Cold. 0 is never.')
@minValue(0)
@maxValue(36500)
param coldAfterDays int = 0

@description('After how many days archived objects are deleted from the archive, by {region}/{type}, such as { \'uk/callrecording\': 2555 }. Must be more than immutabilityDays. What is not named is never deleted.')
param archiveRetentionDays daysByFolder = {}

@description('Lets the app set and clear legal holds. Azure has one right for holds and for policies that are not locked.')
param legalHolds bool = false

@description('Protects archive and vault against deletion, also by azd down.')
param deleteLock bool = true

@description('recover uses the vault of an environment that was deleted less than 90 days ago.')
@allowed(['default', 'recover'])
param vaultCreateMode string = 'default'

@description('Puts storage and vault behind private endpoints in a network of their own and closes them to the internet. Then you can store credentials only from a machine in that network.')
param privateNetwork bool = false

@description('Address range of that network; at least 128 addresses.')
param networkAddressPrefix string = '10.88.0.0/24'

@description('Resource ID of an existing subnet that the app goes out from, delegated to Microsoft.App/environments, without an underscore in its name. Needs privateNetwork and endpointSubnetId; then no network is created.')
param appSubnetId string = ''

@description('Resource ID of an existing subnet for the private endpoints. Needs privateNetwork and appSubnetId.')
param endpointSubnetId string = ''

@description('Existing private DNS zones for the endpoints in endpointSubnetId. A service that you leave out gets no DNS entry.')
param privateDnsZoneIds dnsZoneIds = {}

@description('Gives the app itself a private endpoint and closes its public address, for publishing too. Needs privateNetwork.')
param privateApp bool = false

@description('IP address ranges, in CIDR notation, that may call the app and publish to it. Empty allows any address, with a key.')
@maxLength(500)
param allowedAddresses string[] = []

@description('Memory of an instance in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Maximum number of instances for each function.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Instances that always run, and are always charged, such as { name: \'http\', instanceCount: 1 } for a dashboard without a cold start.')
param alwaysReady alwaysReadyInstances[] = []

@description('How many HTTP requests an instance handles at the same time.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 16

@description('Resource ID of an existing Log Analytics workspace. Empty: one is created.')
param workspaceId string = ''

@description('For how many days logs are kept. Does not apply to an existing workspace.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

@description('Maximum gigabytes of logs in a day. 0 is no limit. Above the limit, logs are dropped and alerts see nothing. Does not apply to an existing workspace.')
@minValue(0)
param logDailyGigabytes int = 0

@description('Also logs each request to queues and tables, and the log of the Functions host a second time. This is a lot of data, charged by the gigabyte.')
param logsEverything bool = false

@description('Email addresses that receive alerts.')
param alertEmails string[] = []

@description('Address of a webhook that receives alerts. It can contain a key, so it does not appear in the deployment\'s history.')
@secure()
param alertWebhook string = ''

@description('IDs of existing action groups that also receive alerts.')
param alertActionGroupIds string[] = []

@description('Sends an event for each archived object to a queue, an event hub or a webhook. Left out: none. docs/events.md.')
param eventDestination archivedEventDestination?

@description('Address of the webhook of eventDestination. It can contain a key, so it does not appear in the deployment\'s history.')
@secure()
param eventWebhook string = ''

@description('Alerts when the oldest object that is not archived has used up this much of its retention at 8x8, in percent.')
@minValue(1)
@maxValue(100)
param alertRetentionPercent int = 70

@description('Alerts when no listing was completed for this many minutes.')
@minValue(15)
param alertListingMinutes int = 60

@description('Alerts when more runs of a function than this fail in a quarter of an hour.')
@minValue(0)
param alertFailedRuns int = 20

@description('Alerts when there are more exceptions than this in a quarter of an hour.')
@minValue(0)
param alertExceptions int = 50

var suffix = toLower(uniqueString(subscription().id, environmentName, location))
var allTags = union(tags, { 'azd-env-name': environmentName })

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: resourceGroupName
  location: location
  tags: allTags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    location: location
    tags: allTags
    suffix: suffix
    withLegalHolds: legalHolds
  }
}

module resources 'resources.bicep' = {
  name: 'resources'
  scope: group
  params: {
    identityId: identity.outputs.id
    archiveWriterRoleId: identity.outputs.archiveWriterRoleId
    tokenKeeperRoleId: identity.outputs.tokenKeeperRoleId
    holdKeeperRoleId: identity.outputs.holdKeeperRoleId
    environmentName: environmentName
    location: location
    tags: tags
    settings: settings
    extraSettings: extraSettings
    retentionDays: retentionDays
    operatorPrincipalId: operatorPrincipalId
    operatorPrincipalType: operatorPrincipalType
    signInClientId: signInClientId
    archiveContainer: archiveContainer
    auditContainer: auditContainer
    archiveRedundancy: archiveRedundancy
    zoneRedundant: zoneRedundant
    customerKey: customerKey
    softDeleteDays: softDeleteDays
    immutableStorage: immutableStorage
    immutabilityDays: immutabilityDays
    immutabilityLocked: immutabilityLocked
    coolAfterDays: coolAfterDays
    coldAfterDays: coldAfterDays
    archiveRetentionDays: archiveRetentionDays
    deleteLock: deleteLock
    vaultCreateMode: vaultCreateMode
    privateNetwork: privateNetwork
    networkAddressPrefix: networkAddressPrefix
    appSubnetId: appSubnetId
    endpointSubnetId: endpointSubnetId
    privateDnsZoneIds: privateDnsZoneIds
    privateApp: privateApp
    allowedAddresses: allowedAddresses
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReady: alwaysReady
    httpConcurrency: httpConcurrency
    workspaceId: workspaceId
    logRetentionDays: logRetentionDays
    logDailyGigabytes: logDailyGigabytes
    logsEverything: logsEverything
    alertEmails: alertEmails
    alertWebhook: alertWebhook
    alertActionGroupIds: alertActionGroupIds
    eventDestination: eventDestination
    eventWebhook: eventWebhook
    alertRetentionPercent: alertRetentionPercent
    alertListingMinutes: alertListingMinutes
    alertFailedRuns: alertFailedRuns
    alertExceptions: alertExceptions
  }
}

@description('Azure region.')
output AZURE_LOCATION string = location

@description('The resource group.')
output AZURE_RESOURCE_GROUP string = group.name

@description('The function app.')
output AZURE_FUNCTION_APP_NAME string = resources.outputs.AZURE_FUNCTION_APP_NAME

@description('Where the dashboard and the API are.')
output AZURE_FUNCTION_APP_URI string = resources.outputs.AZURE_FUNCTION_APP_URI

@description('The vault to put the credentials of 8x8 into.')
output AZURE_KEY_VAULT_NAME string = resources.outputs.AZURE_KEY_VAULT_NAME

@description('The storage account of the archive.')
output AZURE_ARCHIVE_ACCOUNT_NAME string = resources.outputs.AZURE_ARCHIVE_ACCOUNT_NAME

@description('Object ID of the identity that delivers events: give it the role to write to the queue or event hub. Empty without eventDestination.')
output EVENT_PRINCIPAL_ID string = resources.outputs.EVENT_PRINCIPAL_ID
