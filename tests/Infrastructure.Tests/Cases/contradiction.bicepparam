using '../../../infra/bicep/main.bicep'

// A policy on storage that takes none.
param environmentName = 'contradiction'
param location = 'westeurope'
param immutableStorage = false
param immutabilityDays = 30
