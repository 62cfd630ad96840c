using '../../../infra/bicep/main.bicep'

// As closed as it gets, with every parameter set.
param environmentName = 'locked'
param location = 'westeurope'
param resourceGroupName = 'rg-archive'
param tags = {
  owner: 'records'
}
param settings = {
  EightByEight__BaseUrl: 'https://proxy.example.com'
  EightByEight__Regions: 'us-east,uk'
  EightByEight__DiscoveryRegion: 'uk'
  EightByEight__Types: 'callrecording'
  EightByEight__Filter: 'tag=type==x'
  EightByEight__IncludeArchived: false
  EightByEight__RestoreDays: 3
  EightByEight__MaxRequestsPerSecond: 20
  Archive__AccessTier: 'Cool'
  Archive__Enabled: true
  Archive__Transfer: 'Auto'
  Listing__StartFrom: '2020-01-01'
  Listing__OverlapMinutes: 30
  Listing__SettleSeconds: 90
  Restore__PollInterval: '00:30:00'
  Restore__MaxPerDay: 500
  Retention__DefaultDays: 60
  Verify__Days: 90
  Purge__Enabled: true
  Purge__AfterDays: 14
  Purge__MaxPerRun: 100
  TokenRefreshSchedule: '0 */4 * * * *'
  ListingSchedule: '0 */20 * * * *'
  ReconcileSchedule: '0 0 4 * * 6'
  VerifySchedule: '0 0 2 * * *'
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.example.com:4317'
}
param extraSettings = {
  AzureFunctionsJobHost__functionTimeout: '-1'
  AzureFunctionsJobHost__extensions__queues__newBatchThreshold: '64'
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf'

  // Each of these stands elsewhere too, and counts for nothing here.
  Archive__Container: 'elsewhere'
  EightByEight__DiscoveryRegion: 'elsewhere'
}
param retentionDays = {
  callrecording: 90
  voicemail: 130
}
param operatorPrincipalId = '00000000-0000-0000-0000-000000000003'
param operatorPrincipalType = 'Group'
param archiveContainer = 'archive'
param archiveRedundancy = 'Standard_GZRS'
param softDeleteDays = 90
param immutabilityDays = 2555
param immutabilityLocked = true
param coolAfterDays = 30
param coldAfterDays = 180
param vaultCreateMode = 'recover'
param privateNetwork = true
param privateApp = true
param networkAddressPrefix = '10.20.0.0/25'
param allowedAddresses = [
  '203.0.113.0/24'
  '198.51.100.7/32'
]
param instanceMemoryMB = 4096
param maximumInstanceCount = 100
param alwaysReady = [
  {
    name: 'http'
    instanceCount: 1
  }
]
param httpConcurrency = 32
param logRetentionDays = 365
param logDailyGigabytes = 10
param logsEverything = true
param alertEmails = [
  'records@example.com'
]
param alertWebhook = readEnvironmentVariable('ALERT_WEBHOOK', '')
param alertActionGroupIds = [
  '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/operations/providers/Microsoft.Insights/actionGroups/on-call'
]
param alertRetentionPercent = 50
param alertListingMinutes = 30
param alertFailedRuns = 5
param alertExceptions = 10
