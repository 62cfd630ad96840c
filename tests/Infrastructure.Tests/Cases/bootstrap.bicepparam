using '../../../infra/bicep/bootstrap.bicep'

// What an owner deploys once, for a pipeline.
param environmentName = 'bootstrap'
param location = 'westeurope'
param legalHolds = true
param pipelinePrincipalId = '00000000-0000-0000-0000-000000000006'
