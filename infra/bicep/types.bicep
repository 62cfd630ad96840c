@description('App settings of the archiver, by the names of docs/settings.md. What is left out keeps the default of the code. Secrets are not among them: they are in the vault.')
@sealed()
@export()
type archiverSettings = {
  @description('Where 8x8 is, for a proxy. An https address.')
  EightByEight__BaseUrl: string?

  @description('The regions to archive, separated by commas. Left out: every region that the account has.')
  EightByEight__Regions: string?

  @description('The region in the path of the discovery call.')
  EightByEight__DiscoveryRegion: string?

  @description('The object types to archive, separated by commas. Left out: all.')
  EightByEight__Types: string?

  @description('An extra FIQL filter, joined with AND.')
  EightByEight__Filter: string?

  @description('Whether objects in the cold storage of 8x8 are listed and restored too.')
  EightByEight__IncludeArchived: bool?

  @description('How many days a copy restored from cold storage lasts.')
  @minValue(1)
  @maxValue(10)
  EightByEight__RestoreDays: int?

  @description('Ceiling of requests to 8x8 per second and instance, downloads included. A whole number; a fraction goes into extraSettings. 0 is no limit.')
  @minValue(0)
  @maxValue(10000)
  EightByEight__MaxRequestsPerSecond: int?

  @description('The tier that blobs are written to. Left out: that of the account, Hot.')
  Archive__AccessTier: ('Hot' | 'Cool' | 'Cold')?

  @description('Name of a downloaded or exported file.')
  Archive__DownloadName: string?

  @description('false lists and records without copying.')
  Archive__Enabled: bool?

  @description('Whether content passes through the function or is fetched by Blob Storage.')
  Archive__Transfer: ('Stream' | 'ServerSide' | 'Auto')?

  @description('How far the first listing looks back, ISO 8601. Left out: 30 days.')
  Listing__StartFrom: string?

  @description('How many minutes each listing reaches back before its watermark.')
  @minValue(0)
  @maxValue(10080)
  Listing__OverlapMinutes: int?

  @description('How many seconds before now a listing ends.')
  @minValue(0)
  @maxValue(3600)
  Listing__SettleSeconds: int?

  @description('How long to wait before looking again whether a restored object is there, as hh:mm:ss.')
  Restore__PollInterval: string?

  @description('How many restores are begun on a day. 0 is no limit.')
  @minValue(0)
  @maxValue(1000000)
  Restore__MaxPerDay: int?

  @description('After how many days 8x8 deletes objects of a type that retentionDays does not name.')
  @minValue(1)
  @maxValue(36500)
  Retention__DefaultDays: int?

  @description('After how many days 8x8 deletes the objects that match, as a JSON list of {"match":{"field or tag":"value"},"days":n}. The first that matches wins.')
  Retention__Rules: string?

  @description('Within how many days everything archived is read again.')
  @minValue(1)
  @maxValue(3650)
  Verify__Days: int?

  @description('Deletes at 8x8 what is archived and proven. Needs Purge__AfterDays too.')
  Purge__Enabled: bool?

  @description('How many days after it was archived an object is deleted at 8x8.')
  @minValue(0)
  @maxValue(36500)
  Purge__AfterDays: int?

  @description('How many objects a night deletes at most.')
  @minValue(1)
  @maxValue(100000)
  Purge__MaxPerRun: int?

  @description('When to look whether the token needs a refresh, NCRONTAB.')
  TokenRefreshSchedule: string?

  @description('When to list, NCRONTAB.')
  ListingSchedule: string?

  @description('When to compare all of 8x8 with the archive, NCRONTAB.')
  ReconcileSchedule: string?

  @description('When to read a share of the archive again, NCRONTAB.')
  VerifySchedule: string?

  @description('When to post the daily summary, NCRONTAB.')
  Notifications__Schedule: string?

  @description('The form of what is posted to the webhook. Its address is the secret notifications-webhook-url.')
  Notifications__Format: ('Auto' | 'Json' | 'AdaptiveCard' | 'Slack')?

  @description('When to run a restore drill, NCRONTAB. Left out: never.')
  Drill__Schedule: string?

  @description('Which objects the viewers of a group see, as a JSON list of {"group":"object ID","any":[{"field":"value"}]}. Needs signInClientId.')
  Access__Scopes: string?

  @description('When to build the catalogue of what is archived, NCRONTAB.')
  Catalogue__Schedule: string?

  @description('The files of the catalogue; Parquet when it is not given.')
  Catalogue__Format: ('Parquet' | 'Csv' | 'Both' | 'None')?

  @description('Whether the text of transcripts and summaries is indexed and searched; true when it is not given.')
  Search__Transcripts: bool?

  @description('A collector that speaks OTLP, to send telemetry to besides Application Insights.')
  OTEL_EXPORTER_OTLP_ENDPOINT: string?
}

@description('Names with a text each: tags, settings, addresses.')
@export()
type texts = {
  *: string
}

@description('Days after which 8x8 deletes objects, by object type, such as { callrecording: 90 }.')
@export()
type retentionByType = {
  @minValue(1)
  @maxValue(36500)
  *: int
}

@description('Instances that are kept running for a group of functions: http, or function:NAME such as function:ArchiveObject.')
@sealed()
@export()
type alwaysReadyInstances = {
  @description('http, or function:NAME.')
  name: string

  @description('How many.')
  @minValue(1)
  instanceCount: int
}

@description('Azure regions that offer Flex Consumption. az functionapp list-flexconsumption-locations lists the present ones: add what is missing here.')
@export()
type flexRegion =
  | 'australiaeast'
  | 'australiasoutheast'
  | 'brazilsouth'
  | 'canadacentral'
  | 'centralindia'
  | 'centralus'
  | 'eastasia'
  | 'eastus'
  | 'eastus2'
  | 'francecentral'
  | 'germanywestcentral'
  | 'italynorth'
  | 'japaneast'
  | 'koreacentral'
  | 'northcentralus'
  | 'northeurope'
  | 'norwayeast'
  | 'southafricanorth'
  | 'southcentralus'
  | 'southeastasia'
  | 'southindia'
  | 'spaincentral'
  | 'swedencentral'
  | 'uaenorth'
  | 'uksouth'
  | 'ukwest'
  | 'westcentralus'
  | 'westeurope'
  | 'westus'
  | 'westus2'
  | 'westus3'

@description('After how many days archived objects are deleted from the archive, by {region}/{type}, as in the names of their blobs, such as { \'uk/callrecording\': 2555 }.')
@export()
type daysByFolder = {
  @minValue(1)
  @maxValue(36500)
  *: int
}

@description('An existing key, and an existing identity with the role Key Vault Crypto Service Encryption User on it.')
@sealed()
@export()
type encryptionKey = {
  @description('Address of the vault or managed HSM, such as https://keys.vault.azure.net. It needs purge protection.')
  vaultUri: string

  @description('Name of the key.')
  name: string

  @description('Version of the key. Left out: always the newest, within a day after it was rotated.')
  version: string?

  @description('Resource ID of the user-assigned identity that reads the key.')
  identityId: string
}

@description('Existing private DNS zones, by the service whose names they hold. A service that you leave out gets no entry: you or a policy of your landing zone make it.')
@sealed()
@export()
type dnsZoneIds = {
  blob: string?
  queue: string?
  table: string?
  vault: string?
  sites: string?
}

@description('A queue of a storage account.')
@sealed()
@export()
type queueDestination = {
  kind: 'queue'

  @description('Resource ID of the storage account.')
  accountId: string

  @description('Name of the queue.')
  name: string
}

@description('An event hub.')
@sealed()
@export()
type eventHubDestination = {
  kind: 'eventHub'

  @description('Resource ID of the event hub.')
  id: string
}

@description('The webhook whose address is eventWebhook.')
@sealed()
@export()
type webhookDestination = {
  kind: 'webhook'
}

@description('Where events about archived objects go.')
@discriminator('kind')
@export()
type eventDestination = queueDestination | eventHubDestination | webhookDestination
