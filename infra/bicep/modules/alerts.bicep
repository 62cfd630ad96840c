import { texts } from '../types.bicep'

metadata description = 'Who is told, and when. Each rule names a metric of docs/telemetry.md or an event of docs/logs.md.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags texts

@description('The end of every name.')
param suffix string

@description('Id of the Log Analytics workspace.')
param workspaceId string

@description('Id of Application Insights of the app. Other applications can send to the same workspace.')
param applicationInsightsId string

@description('Who is told by e-mail.')
param emails string[]

@description('An address that is called. It can hold a key, so it is kept out of the deployment\'s history.')
@secure()
param webhook string

@description('Ids of action groups that exist and are told, too.')
param actionGroupIds string[]

@description('How much of its retention the oldest object that is not archived may have used up, in percent.')
param retentionPercent int

@description('For how many minutes no listing may have been completed.')
param listingMinutes int

@description('Within how many days everything archived is read again.')
param verifyDays int

@description('How many failed runs of functions there may be in a quarter of an hour.')
param failedRuns int

@description('How many exceptions there may be in a quarter of an hour.')
param exceptions int

// The spans within which the app handles messages: src/Archiving/Telemetry/Spans.cs.
var spans = '"list window", "archive object", "restore object", "verify object", "purge object", "plan days", "build catalogue month", "change case", "export case", "record failure"'

// A workspace can be that of a whole company. Azure Monitor writes the id of the resource that took the telemetry in, in
// lower case.
var ofThisApp = 'where _ResourceId =~ "${applicationInsightsId}"'
var metrics = 'AppMetrics | ${ofThisApp}'
var traces = 'AppTraces | ${ofThisApp}'

// One row for each invocation, whichever table it is in. The worker sends a span "function …" of kind Internal, which
// Azure Monitor stores in AppDependencies; the host sends one of kind Server, which it stores in AppRequests, for HTTP
// always and for queues and timers since 4.1044. The host's span is the parent of the worker's, so the two share a key.
// They do not share faas.invocation_id: under load the host leaves it out or adds that of another invocation
// (Azure/azure-functions-host#11929). Other dependencies, such as the host's own calls to Azure Storage, do not count.
// Neither do the app's own spans, which Azure Monitor takes for requests: an outage marks them as failed although the
// work is deferred. Health answers 503 in an outage; 4xx are the caller's errors. Rows are a sample, each stands for
// ItemCount of its kind.
var runs = 'union isfuzzy=true AppRequests, (AppDependencies | where Name startswith "function ") | ${ofThisApp} | where Name !in (${spans}) and Name !contains "health" | extend IsWorker = Name startswith "function " | summarize TimeGenerated = max(TimeGenerated), Failed = countif(Success == false and ResultCode !startswith "4") > 0, Items = max(ItemCount), Worker = take_anyif(substring(Name, 9), IsWorker), Host = take_anyif(Name, not(IsWorker)) by OperationId, Run = iff(IsWorker and isnotempty(ParentId), ParentId, Id) | extend Function = coalesce(Worker, Host)'

var hasReceivers = !empty(emails) || !empty(webhook)

// A gauge is one measurement, so its sum is its value.
var rules = [
  {
    name: 'oldest-unarchived'
    title: 'The oldest object that is not archived nears its deletion by 8x8'
    description: 'It has used up more than ${retentionPercent} % of its retention. Look at the backlog and at /api/health.'
    severity: 1
    query: '${metrics} | where Name == "archiving.status.oldest_unarchived.retention_share" | project TimeGenerated, Value = 100 * Sum'
    aggregation: 'Maximum'
    operator: 'GreaterThan'
    threshold: retentionPercent
    window: 'PT30M'
    dimensions: []
  }
  {
    name: 'at-risk'
    title: 'Objects are not archived and 8x8 deletes them within seven days'
    description: 'GET /api/status names the oldest of them.'
    severity: 1
    query: '${metrics} | where Name == "archiving.status.at_risk" | project TimeGenerated, Value = Sum'
    aggregation: 'Maximum'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT30M'
    dimensions: []
  }
  {
    name: 'failed-objects'
    title: 'Objects could not be archived'
    description: 'They are kept with the reason. Search for state=Failed, fix the cause, then POST /api/failures/redrive.'
    severity: 2
    query: '${metrics} | where Name == "archiving.status.failed" | project TimeGenerated, Value = Sum'
    aggregation: 'Maximum'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT30M'
    dimensions: []
  }
  {
    name: 'no-listing'
    title: 'No listing was completed for ${listingMinutes} minutes'
    description: 'What is new at 8x8 is not seen. /api/health shows whether 8x8, the credentials or the vault does not work.'
    severity: 2
    query: '${metrics} | where Name == "archiving.status.listing.age" | project TimeGenerated, Region = tostring(Properties.region), Value = Sum / 60'
    aggregation: 'Minimum'
    operator: 'GreaterThan'
    threshold: listingMinutes
    window: 'PT15M'
    dimensions: ['Region']
  }
  {
    name: 'overdue'
    title: 'Work that a schedule starts was not finished for two hours'
    description: 'Reconcile compares 8x8 with the archive, VerifyArchive plans what is verified, PlanPurge what is deleted at 8x8, RestoreDrill downloads a sample. The log says why one failed, if it started.'
    severity: 2
    query: '${metrics} | where Name == "archiving.status.timer.overdue" | project TimeGenerated, Function = tostring(Properties.function), Value = Sum / 3600'
    aggregation: 'Minimum'
    operator: 'GreaterThan'
    threshold: 2
    window: 'PT30M'
    dimensions: ['Function']
  }
  {
    name: 'unverified'
    title: 'Some archived objects were not verified for too long'
    description: 'Everything should be read again within ${verifyDays} days. Look for errors of VerifyArchive and VerifyObject, and at the backlog of verify-objects.'
    severity: 2
    query: '${metrics} | where Name == "archiving.status.oldest_verified.age" | project TimeGenerated, Value = Sum / 86400'
    aggregation: 'Minimum'
    operator: 'GreaterThan'
    threshold: verifyDays + 5
    window: 'PT30M'
    dimensions: []
  }
  {
    name: 'silent'
    title: 'The app is silent'
    description: 'It sends no status. It may not run at all: look at the function app in the portal.'
    severity: 1
    query: '${metrics} | where Name == "archiving.status.backlog"'
    aggregation: 'Count'
    operator: 'LessThan'
    threshold: 1
    window: 'PT1H'
    dimensions: []
  }
  {
    name: 'no-token'
    title: 'There is no valid 8x8 access token'
    description: 'RefreshToken gets none, or the vault does not take it. /api/health names the cause: Credentials or Vault.'
    severity: 1
    query: '${metrics} | where Name == "archiving.status.token.remaining" | project TimeGenerated, Value = Sum'
    aggregation: 'Maximum'
    operator: 'LessThanOrEqual'
    threshold: 0
    window: 'PT30M'
    dimensions: []
  }
  {
    name: 'damaged'
    title: 'Archived bytes are damaged or missing'
    description: 'The verification or the archiver found them. They are archived again while 8x8 has them.'
    severity: 0
    query: 'union (${metrics} | where Name == "archiving.scrub.mismatches" | project TimeGenerated, Value = Sum), (${traces} | where tostring(Properties.EventId) in ("1305", "1700") | project TimeGenerated, Value = 1.0)'
    aggregation: 'Total'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT30M'
    dimensions: []
  }
  {
    name: 'failed-drill'
    title: 'A restore drill could not restore archived objects'
    description: 'What was downloaded is not what was archived. GET /api/status names the objects under drill, the log says what is wrong with each.'
    severity: 1
    query: '${traces} | where tostring(Properties.EventId) == "2210"'
    aggregation: 'Count'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT30M'
    dimensions: []
  }
  {
    name: 'incomplete-case'
    title: 'A legal hold, an export or a change of a case is not complete'
    description: 'Content of a case on hold may not be held, or what was asked for is missing. The case says what failed and what to do.'
    severity: 1
    query: '${traces} | where tostring(Properties.EventId) in ("3100", "3121", "3132")'
    aggregation: 'Count'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT30M'
    dimensions: []
  }
  {
    name: 'restore-rights'
    title: 'The API key may not restore objects from cold storage'
    description: 'Give the app of 8x8 the right to edit. Until then, what is in cold storage is not archived.'
    severity: 2
    query: '${traces} | where tostring(Properties.EventId) == "1000" and tostring(Properties.Condition) == "Restore"'
    aggregation: 'Count'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT1H'
    dimensions: []
  }
  {
    name: 'trouble'
    title: 'Something that archiving needs does not work'
    description: 'It fails for 15 minutes, or again within an hour. The log and /api/health name cause and remedy.'
    severity: 2
    // Each instance says it when an outage begins, and every quarter of an hour while it lasts. Recoveries (1001) do not end
    // the count: what can be read and not written to recovers with each read. Damage and the right to restore have alerts of their own.
    query: '${traces} | where tostring(Properties.EventId) == "1000" and tostring(Properties.Condition) !in ("Integrity", "Restore") | summarize Begin = min(TimeGenerated), TimeGenerated = max(TimeGenerated) by Condition = tostring(Properties.Condition) | project TimeGenerated, Condition, Value = round((TimeGenerated - Begin) / 1m)'
    aggregation: 'Maximum'
    operator: 'GreaterThanOrEqual'
    threshold: 15
    window: 'PT1H'
    dimensions: ['Condition']
  }
  {
    name: 'given-up'
    title: 'Messages were given up'
    description: 'A window was not listed, an archived object not verified or not deleted at 8x8, or a message not understood. Objects that cannot be archived are another alert.'
    severity: 2
    query: '${traces} | where tostring(Properties.EventId) in ("1400", "1401", "1402")'
    aggregation: 'Count'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT30M'
    dimensions: []
  }
  {
    name: 'no-audit'
    title: 'The audit log cannot be written'
    description: 'Until it can, nothing is shown, played, exported or changed: requests get 503. Archiving goes on. The log names the cause.'
    severity: 1
    query: '${traces} | where tostring(Properties.EventId) == "3000"'
    aggregation: 'Count'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT15M'
    dimensions: []
  }
  {
    name: 'failed-runs'
    title: 'Runs of functions fail'
    description: 'More than ${failedRuns} in a quarter of an hour. A message that fails is tried again; many mean a common cause.'
    severity: 3
    query: '${runs} | where Failed | project TimeGenerated, Function, Value = toreal(Items)'
    aggregation: 'Total'
    operator: 'GreaterThan'
    threshold: failedRuns
    window: 'PT15M'
    dimensions: ['Function']
  }
  {
    name: 'exceptions'
    title: 'Many exceptions'
    description: 'More than ${exceptions} in a quarter of an hour.'
    severity: 3
    query: 'AppExceptions | ${ofThisApp}'
    aggregation: 'Count'
    operator: 'GreaterThan'
    threshold: exceptions
    window: 'PT15M'
    dimensions: []
  }
]

resource receivers 'Microsoft.Insights/actionGroups@2023-01-01' = if (hasReceivers) {
  name: 'ag-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'archiver'
    emailReceivers: [
      for (email, index) in emails: {
        name: 'email-${index}'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
    webhookReceivers: empty(webhook)
      ? []
      : [
          {
            name: 'webhook'
            serviceUri: webhook
            useCommonAlertSchema: true
          }
        ]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for rule in rules: {
    name: '${rule.name}-${suffix}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: rule.title
      description: rule.description
      enabled: true
      severity: rule.severity
      scopes: [
        workspaceId
      ]
      evaluationFrequency: rule.window == 'PT15M' ? 'PT5M' : 'PT15M'
      windowSize: rule.window
      autoMitigate: true
      // The tables are there only when something was sent to them.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: rule.aggregation
            ...(rule.aggregation == 'Count' ? {} : { metricMeasureColumn: 'Value' })
            operator: rule.operator
            threshold: rule.threshold
            dimensions: map(rule.dimensions, name => {
              name: name
              operator: 'Include'
              values: ['*']
            })
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: concat(actionGroupIds, hasReceivers ? [receivers.id] : [])
      }
    }
  }
]
