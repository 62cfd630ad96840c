using 'resources.bicep'

// For the pipeline (azure-dev.yml). docs/delivery.md tells where these come from: the first four are outputs of bootstrap.bicep.
param identityId = readEnvironmentVariable('IDENTITY_ID')
param archiveWriterRoleId = readEnvironmentVariable('ARCHIVE_WRITER_ROLE_ID')
param tokenKeeperRoleId = readEnvironmentVariable('TOKEN_KEEPER_ROLE_ID')
param holdKeeperRoleId = readEnvironmentVariable('HOLD_KEEPER_ROLE_ID', '')
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param location = readEnvironmentVariable('AZURE_LOCATION')
param operatorPrincipalId = readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')
param operatorPrincipalType = readEnvironmentVariable('AZURE_PRINCIPAL_TYPE', '')
param signInClientId = readEnvironmentVariable('SIGN_IN_CLIENT_ID', '')

// Email addresses, separated by commas. none sends no alerts.
param alertEmails = filter(
  map(split(readEnvironmentVariable('ALERT_EMAILS', ''), ','), address => trim(address)),
  address => contains(address, '@')
)

// It can hold a key, so it is never written here.
param alertWebhook = readEnvironmentVariable('ALERT_WEBHOOK', '')

// The same, for eventDestination = { kind: 'webhook' }: docs/events.md.
param eventWebhook = readEnvironmentVariable('EVENT_WEBHOOK', '')

// Everything else has a default: docs/deploy.md lists it. Set what you need here.
