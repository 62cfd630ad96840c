using '../../../infra/bicep/main.bicep'

// An environment to try things in and to throw away.
param environmentName = 'trial'
param location = 'westeurope'
param alertWebhook = readEnvironmentVariable('ALERT_WEBHOOK', '')
param immutableStorage = false
param deleteLock = false
