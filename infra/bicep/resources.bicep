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

metadata description = 'Everything in the resource group. main.bicep deploys it after identity and roles; in a landing zone, where an owner ran bootstrap.bicep, it is deployed on its own.'

@description('Name of the environment. Names of resources are derived from it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Azure region of all resources: a flexRegion of infra/bicep/types.bicep.')
param location flexRegion

@description('Resource ID of the identity of the app: output IDENTITY_ID of bootstrap.bicep.')
@minLength(1)
param identityId string

@description('ID of the role that writes the archive: output ARCHIVE_WRITER_ROLE_ID of bootstrap.bicep.')
@minLength(1)
param archiveWriterRoleId string

@description('ID of the role that keeps the token: output TOKEN_KEEPER_ROLE_ID of bootstrap.bicep.')
@minLength(1)
param tokenKeeperRoleId string

@description('ID of the role that sets legal holds: output HOLD_KEEPER_ROLE_ID of bootstrap.bicep. Empty: the app sets none.')
param holdKeeperRoleId string = ''

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

// The Functions host resolves schedules from settings and not from code. Their defaults are those of the local host.
var sample = loadJsonContent('../../local.settings.sample.json', 'Values')
var schedules = toObject(
  filter(items(sample), setting => endsWith(setting.key, 'Schedule')),
  setting => setting.key,
  setting => setting.value
)

// What Azure CLI leaves out when it moves an app to Flex Consumption (_migrate_app_settings of Azure/azure-cli), and time zones.
// Resource Manager refuses the first of them, and the host ignores the others or stops over them. The CLI also leaves out
// WEBSITE_USE_PLACEHOLDER_DOTNETISOLATED, whose value 1 is the default: with 0, apps on Flex Consumption work around a crash
// (docs/operator-guide.md).
var refusedSettings = [
  'ENABLE_ORYX_BUILD'
  'FUNCTIONS_EXTENSION_VERSION'
  'FUNCTIONS_MAX_HTTP_CONCURRENCY'
  'FUNCTIONS_WORKER_DYNAMIC_CONCURRENCY_ENABLED'
  'FUNCTIONS_WORKER_PROCESS_COUNT'
  'FUNCTIONS_WORKER_RUNTIME'
  'FUNCTIONS_WORKER_RUNTIME_VERSION'
  'SCM_DO_BUILD_DURING_DEPLOYMENT'
  'TZ'
  'WEBSITE_CONTENTAZUREFILECONNECTIONSTRING'
  'WEBSITE_CONTENTOVERVNET'
  'WEBSITE_CONTENTSHARE'
  'WEBSITE_DNS_SERVER'
  'WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT'
  'WEBSITE_MOUNT_ENABLED'
  'WEBSITE_NODE_DEFAULT_VERSION'
  'WEBSITE_RUN_FROM_PACKAGE'
  'WEBSITE_SKIP_CONTENTSHARE_VALIDATION'
  'WEBSITE_TIME_ZONE'
  'WEBSITE_VNET_ROUTE_ALL'
]
var refused = filter(objectKeys(extraSettings), name => contains(refusedSettings, toUpper(name)))
var otherSettings = empty(refused)
  ? extraSettings
  : fail('extraSettings has ${join(refused, ', ')}, which Flex Consumption does not take. Remove it.')

// Given together or not at all, and only where there is a network.
var ownNetwork = privateNetwork && empty(endpointSubnetId) && empty(appSubnetId)
var subnets = {
  // Microsoft Learn, "Azure Functions networking options".
  app: contains(last(split(appSubnetId, '/')), '_')
    ? fail('Flex Consumption takes no subnet with an underscore in its name, such as ${last(split(appSubnetId, '/'))}. Use another for appSubnetId.')
    : appSubnetId
  endpoint: empty(appSubnetId) != empty(endpointSubnetId)
    ? fail('appSubnetId and endpointSubnetId belong together: set both or neither.')
    : !privateNetwork && (privateApp || !empty(endpointSubnetId))
        ? fail('privateApp, appSubnetId and endpointSubnetId need privateNetwork.')
        : endpointSubnetId
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: last(split(identityId, '/'))
  scope: resourceGroup(split(identityId, '/')[2], split(identityId, '/')[4])
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    location: location
    tags: allTags
    suffix: suffix
    retentionDays: logRetentionDays
    dailyGigabytes: logDailyGigabytes
    existingWorkspaceId: workspaceId
    principalId: identity.properties.principalId
  }
}

module runtimeStorage 'modules/runtimeStorage.bicep' = {
  name: 'runtime-storage'
  params: {
    location: location
    tags: allTags
    suffix: suffix
    isPrivate: privateNetwork
    zoneRedundant: zoneRedundant
    customerKey: customerKey
    withEvents: eventDestination != null
    principalId: identity.properties.principalId
    workspaceId: monitoring.outputs.workspaceId
    logsEverything: logsEverything
  }
}

module archiveStorage 'modules/archiveStorage.bicep' = {
  name: 'archive-storage'
  params: {
    location: location
    tags: allTags
    suffix: suffix
    redundancy: zoneRedundant && !contains(archiveRedundancy, 'ZRS')
      ? fail('zoneRedundant needs an archiveRedundancy that spans zones, such as Standard_ZRS.')
      : archiveRedundancy
    containerName: archiveContainer
    auditContainerName: auditContainer == archiveContainer ? '' : auditContainer
    softDeleteDays: softDeleteDays
    immutableStorage: immutableStorage
    immutabilityDays: immutabilityDays
    immutabilityLocked: immutabilityLocked
    coolAfterDays: coolAfterDays
    coldAfterDays: coldAfterDays
    deleteAfterDays: archiveRetentionDays
    customerKey: customerKey
    isLocked: deleteLock
    isPrivate: privateNetwork
    principalId: identity.properties.principalId
    archiveWriterRoleId: archiveWriterRoleId
    holdKeeperRoleId: holdKeeperRoleId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  params: {
    location: location
    tags: allTags
    suffix: suffix
    createMode: vaultCreateMode
    isPrivate: privateNetwork
    isLocked: deleteLock
    principalId: identity.properties.principalId
    operatorPrincipalId: operatorPrincipalId
    operatorPrincipalType: operatorPrincipalType
    tokenKeeperRoleId: tokenKeeperRoleId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module network 'modules/network.bicep' = if (ownNetwork) {
  name: 'network'
  params: {
    location: location
    tags: allTags
    suffix: suffix
    addressPrefix: networkAddressPrefix
    withApp: privateApp
    workspaceId: monitoring.outputs.workspaceId
  }
}

module endpoints 'modules/privateEndpoint.bicep' = [
  for item in [
    { target: 'runtime', service: 'blob' }
    { target: 'runtime', service: 'queue' }
    { target: 'runtime', service: 'table' }
    { target: 'archive', service: 'blob' }
    { target: 'secrets', service: 'vault' }
  ]: if (privateNetwork) {
    name: 'endpoint-${item.target}-${item.service}'
    params: {
      location: location
      tags: allTags
      name: 'pep-${item.target}-${item.service}-${suffix}'
      subnetId: ownNetwork ? network!.outputs.endpointSubnetId : subnets.endpoint
      targetId: {
        runtime: runtimeStorage.outputs.id
        archive: archiveStorage.outputs.id
        secrets: vault.outputs.id
      }[item.target]
      service: item.service
      zoneId: ownNetwork ? network!.outputs.zoneIds[item.service] : privateDnsZoneIds[?item.service] ?? ''
    }
  }
]

module app 'modules/functionApp.bicep' = {
  name: 'function-app'
  params: {
    location: location
    tags: allTags
    suffix: suffix
    identityId: identityId
    packageContainerUri: runtimeStorage.outputs.packageContainerUri
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReady: alwaysReady
    httpConcurrency: httpConcurrency
    allowedAddresses: allowedAddresses
    subnetId: ownNetwork ? network!.outputs.appSubnetId : subnets.app
    isPrivate: privateApp
    zoneRedundant: zoneRedundant
    signInClientId: signInClientId
    workspaceId: monitoring.outputs.workspaceId
    logsEverything: logsEverything
    settings: union(
      schedules,
      otherSettings,
      toObject(items(settings), setting => setting.key, setting => string(setting.value)),
      toObject(items(retentionDays), type => 'Retention__${type.key}', type => string(type.value)),
      {
        // With addresses alone the Functions host can fail to make its client of blobs early in its start; with the name
        // beside them it does not (Azure/azure-functions-host#11787). The app goes by the addresses. The host makes
        // addresses of its own from the name, in core.windows.net, which is Azure's public cloud.
        AzureWebJobsStorage__accountName: runtimeStorage.outputs.name
        AzureWebJobsStorage__blobServiceUri: runtimeStorage.outputs.endpoints.blob
        AzureWebJobsStorage__queueServiceUri: runtimeStorage.outputs.endpoints.queue
        AzureWebJobsStorage__tableServiceUri: runtimeStorage.outputs.endpoints.table
        AzureWebJobsStorage__credential: 'managedidentity'
        AzureWebJobsStorage__clientId: identity.properties.clientId
        ArchiveStorage__blobServiceUri: archiveStorage.outputs.blobEndpoint
        ArchiveStorage__credential: 'managedidentity'
        ArchiveStorage__clientId: identity.properties.clientId
        Archive__Container: archiveContainer
        Audit__Container: empty(auditContainer) ? archiveContainer : auditContainer

        // What the app takes for removed by the lifecycle policy, and not for damaged.
        Archive__RetentionDays: string(archiveRetentionDays)

        // With the sign-in in front of the app and never without: the app believes what the sign-in says.
        Access__Mode: empty(signInClientId) ? 'FunctionKey' : 'EntraId'
        KeyVault__Uri: vault.outputs.uri
        KeyVault__credential: 'managedidentity'
        KeyVault__clientId: identity.properties.clientId
        APPLICATIONINSIGHTS_CONNECTION_STRING: monitoring.outputs.connectionString
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
        // No spans of the Azure clients: some versions of the Functions host export theirs, several a second, with the
        // account's address and pop receipts (docs/telemetry.md).
        AZURE_TRACING_DISABLED: 'true'
      }
    )
  }
  // The app reads its package and its names through them.
  dependsOn: [
    endpoints
  ]
}

module appEndpoint 'modules/privateEndpoint.bicep' = if (privateApp) {
  name: 'endpoint-app-sites'
  params: {
    location: location
    tags: allTags
    name: 'pep-app-sites-${suffix}'
    subnetId: ownNetwork ? network!.outputs.endpointSubnetId : subnets.endpoint
    targetId: app.outputs.id
    service: 'sites'
    zoneId: ownNetwork ? network!.outputs.zoneIds.sites : privateDnsZoneIds.?sites ?? ''
  }
}

module events 'modules/events.bicep' = if (eventDestination != null) {
  name: 'events'
  params: {
    location: location
    tags: allTags
    suffix: suffix
    archiveAccountName: archiveStorage.outputs.name
    containerName: archiveContainer
    destination: eventDestination!
    webhook: eventWebhook
    undeliveredAccountName: runtimeStorage.outputs.name
    undeliveredContainerName: runtimeStorage.outputs.undeliveredContainerName
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    location: location
    tags: allTags
    suffix: suffix
    workspaceId: monitoring.outputs.workspaceId
    applicationInsightsId: monitoring.outputs.applicationInsightsId
    emails: alertEmails
    webhook: alertWebhook
    actionGroupIds: alertActionGroupIds
    retentionPercent: alertRetentionPercent
    listingMinutes: alertListingMinutes
    verifyDays: settings.?Verify__Days ?? 30
    failedRuns: alertFailedRuns
    exceptions: alertExceptions
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  params: {
    location: location
    tags: allTags
    workspaceId: monitoring.outputs.workspaceId
    applicationInsightsId: monitoring.outputs.applicationInsightsId
  }
}

@description('Azure region.')
output AZURE_LOCATION string = location

@description('The resource group.')
output AZURE_RESOURCE_GROUP string = resourceGroup().name

@description('The function app.')
output AZURE_FUNCTION_APP_NAME string = app.outputs.name

@description('Where the dashboard and the API are.')
output AZURE_FUNCTION_APP_URI string = app.outputs.uri

@description('The vault to put the credentials of 8x8 into.')
output AZURE_KEY_VAULT_NAME string = vault.outputs.name

@description('The storage account of the archive.')
output AZURE_ARCHIVE_ACCOUNT_NAME string = archiveStorage.outputs.name

@description('Object ID of the identity that delivers events: give it the role to write to the queue or event hub. Empty without eventDestination.')
output EVENT_PRINCIPAL_ID string = eventDestination == null ? '' : events!.outputs.principalId
