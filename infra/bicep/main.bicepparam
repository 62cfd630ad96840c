using 'main.bicep'

// azd gives these. Everything else has a default: docs/deploy.md lists it. Set what you need here.
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param location = readEnvironmentVariable('AZURE_LOCATION')
param operatorPrincipalId = readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')
param operatorPrincipalType = readEnvironmentVariable('AZURE_PRINCIPAL_TYPE', '')

// docs/deploy.md tells how to make the app registration.
param signInClientId = readEnvironmentVariable('SIGN_IN_CLIENT_ID', '')

// Email addresses, separated by commas: azd asks for them (scripts/preprovision.sh). none sends no alerts.
param alertEmails = filter(
  map(split(readEnvironmentVariable('ALERT_EMAILS', ''), ','), address => trim(address)),
  address => contains(address, '@')
)

// It can hold a key, so it is never written here: docs/deploy.md tells where it is set.
param alertWebhook = readEnvironmentVariable('ALERT_WEBHOOK', '')

// The same, for eventDestination = { kind: 'webhook' }: docs/events.md.
param eventWebhook = readEnvironmentVariable('EVENT_WEBHOOK', '')
