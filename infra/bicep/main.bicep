import { alwaysReadyInstances, archiverSettings, retentionByType, texts } from 'types.bicep'

targetScope = 'subscription'

metadata description = 'The archiver: a function app that copies what 8x8 keeps into Blob Storage, with the least rights, monitored.'

@description('Name of the environment. Names of resources are derived from it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Azure region of all resources. It must offer Flex Consumption.')
@minLength(1)
@metadata({
  azd: {
    type: 'location'
  }
})
param location string

@description('Name of the resource group. The template creates it.')
@minLength(1)
@maxLength(90)
param resourceGroupName string = 'rg-${environmentName}'

@description('Tags of every resource, in addition to azd-env-name.')
param tags texts = {}

@description('App settings, with the names in docs/settings.md. A setting that you leave out has its default.')
param settings archiverSettings = {}

@description('Other app settings, as text, such as those of the Functions host (AzureFunctionsJobHost__…) and of OpenTelemetry (OTEL_…). They do not override what the template sets.')
param extraSettings texts = {}

@description('After how many days 8x8 deletes objects, by type, such as { callrecording: 90 }. Types that you leave out have Retention__DefaultDays.')
param retentionDays retentionByType = {}

@description('Object ID of the person or group that stores the 8x8 credentials in the vault. It gets the role Key Vault Secrets Officer on the vault. Empty assigns no role.')
param operatorPrincipalId string = ''

@description('The container of the recordings.')
@minLength(3)
@maxLength(63)
param archiveContainer string = 'recordings'

@description('Redundancy of the archive. ZRS survives the loss of a data center, GZRS the loss of a region.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_RAGRS', 'Standard_GZRS', 'Standard_RAGZRS'])
param archiveRedundancy string = 'Standard_ZRS'

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

@description('Protects archive and vault against deletion, also by azd down.')
param deleteLock bool = true

@description('recover uses the vault of an environment that was deleted less than 90 days ago.')
@allowed(['default', 'recover'])
param vaultCreateMode string = 'default'

@description('Puts storage and vault behind private endpoints in a network of their own and closes them to the internet. Then you can store credentials only from a machine in that network.')
param privateNetwork bool = false

@description('Address range of that network; at least 128 addresses.')
param networkAddressPrefix string = '10.88.0.0/24'

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

@description('For how many days logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

@description('Maximum gigabytes of logs in a day. 0 is no limit. Above the limit, logs are dropped and alerts see nothing.')
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
var schedules = {
  TokenRefreshSchedule: sample.TokenRefreshSchedule
  ListingSchedule: sample.ListingSchedule
  ReconcileSchedule: sample.ReconcileSchedule
  VerifySchedule: sample.VerifySchedule
  Notifications__Schedule: sample.Notifications__Schedule
}

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
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    location: location
    tags: allTags
    suffix: suffix
    retentionDays: logRetentionDays
    dailyGigabytes: logDailyGigabytes
    principalId: identity.outputs.principalId
  }
}

module runtimeStorage 'modules/runtimeStorage.bicep' = {
  name: 'runtime-storage'
  scope: group
  params: {
    location: location
    tags: allTags
    suffix: suffix
    isPrivate: privateNetwork
    principalId: identity.outputs.principalId
    workspaceId: monitoring.outputs.workspaceId
    logsEverything: logsEverything
  }
}

module archiveStorage 'modules/archiveStorage.bicep' = {
  name: 'archive-storage'
  scope: group
  params: {
    location: location
    tags: allTags
    suffix: suffix
    redundancy: archiveRedundancy
    containerName: archiveContainer
    softDeleteDays: softDeleteDays
    immutableStorage: immutableStorage
    immutabilityDays: immutabilityDays
    immutabilityLocked: immutabilityLocked
    coolAfterDays: coolAfterDays
    coldAfterDays: coldAfterDays
    isLocked: deleteLock
    isPrivate: privateNetwork
    principalId: identity.outputs.principalId
    archiveWriterRoleId: identity.outputs.archiveWriterRoleId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    location: location
    tags: allTags
    suffix: suffix
    createMode: vaultCreateMode
    isPrivate: privateNetwork
    isLocked: deleteLock
    principalId: identity.outputs.principalId
    operatorPrincipalId: operatorPrincipalId
    tokenKeeperRoleId: identity.outputs.tokenKeeperRoleId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  scope: group
  params: {
    location: location
    tags: allTags
    suffix: suffix
    addressPrefix: networkAddressPrefix
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
    scope: group
    params: {
      location: location
      tags: allTags
      name: 'pep-${item.target}-${item.service}-${suffix}'
      subnetId: network!.outputs.endpointSubnetId
      targetId: {
        runtime: runtimeStorage.outputs.id
        archive: archiveStorage.outputs.id
        secrets: vault.outputs.id
      }[item.target]
      service: item.service
      zoneId: network!.outputs.zoneIds[item.service]
    }
  }
]

module app 'modules/functionApp.bicep' = {
  name: 'function-app'
  scope: group
  params: {
    location: location
    tags: allTags
    suffix: suffix
    identityId: identity.outputs.id
    packageContainerUri: runtimeStorage.outputs.packageContainerUri
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReady: alwaysReady
    httpConcurrency: httpConcurrency
    allowedAddresses: allowedAddresses
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    workspaceId: monitoring.outputs.workspaceId
    logsEverything: logsEverything
    settings: union(
      schedules,
      extraSettings,
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
        AzureWebJobsStorage__clientId: identity.outputs.clientId
        ArchiveStorage__blobServiceUri: archiveStorage.outputs.blobEndpoint
        ArchiveStorage__credential: 'managedidentity'
        ArchiveStorage__clientId: identity.outputs.clientId
        Archive__Container: archiveContainer
        KeyVault__Uri: vault.outputs.uri
        KeyVault__credential: 'managedidentity'
        KeyVault__clientId: identity.outputs.clientId
        APPLICATIONINSIGHTS_CONNECTION_STRING: monitoring.outputs.connectionString
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.outputs.clientId};Authorization=AAD'
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

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    location: location
    tags: allTags
    suffix: suffix
    workspaceId: monitoring.outputs.workspaceId
    emails: alertEmails
    webhook: alertWebhook
    actionGroupIds: alertActionGroupIds
    retentionPercent: alertRetentionPercent
    listingMinutes: alertListingMinutes
    failedRuns: alertFailedRuns
    exceptions: alertExceptions
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    location: location
    tags: allTags
    workspaceId: monitoring.outputs.workspaceId
  }
}

@description('Azure region.')
output AZURE_LOCATION string = location

@description('The resource group.')
output AZURE_RESOURCE_GROUP string = group.name

@description('The function app.')
output AZURE_FUNCTION_APP_NAME string = app.outputs.name

@description('Where the dashboard and the API are.')
output AZURE_FUNCTION_APP_URI string = app.outputs.uri

@description('The vault to put the credentials of 8x8 into.')
output AZURE_KEY_VAULT_NAME string = vault.outputs.name

@description('The storage account of the archive.')
output AZURE_ARCHIVE_ACCOUNT_NAME string = archiveStorage.outputs.name
