using 'main.bicep'

// azd gives these. Everything else has a default: docs/deploy.md lists it. Set what you need here.
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param location = readEnvironmentVariable('AZURE_LOCATION')
param operatorPrincipalId = readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')
param operatorPrincipalType = readEnvironmentVariable('AZURE_PRINCIPAL_TYPE', '')

// azd up asks for them before the first deployment. Separated by commas; none is an answer too.
var alertAddresses = readEnvironmentVariable('ALERT_EMAILS', 'none')
param alertEmails = alertAddresses == 'none' ? [] : split(alertAddresses, ',')

// docs/deploy.md tells how to make the app registration.
param signInClientId = readEnvironmentVariable('SIGN_IN_CLIENT_ID', '')

// It can hold a key, so it is never written here: docs/deploy.md tells where it is set.
param alertWebhook = readEnvironmentVariable('ALERT_WEBHOOK', '')

// App settings that settings does not know, as text, such as AzureFunctionsJobHost__functionTimeout: '-1'.
param extraSettings = {}
