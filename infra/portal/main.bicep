import { flexRegion } from '../bicep/types.bicep'

metadata description = 'What the button Deploy to Azure deploys into a resource group: identity, resources and a released package. It asks for no more than azd up; everything else has the defaults of infra/bicep.'

@description('Azure region of all resources. It must offer Flex Consumption.')
param location flexRegion

@description('Email addresses that receive alerts, separated by commas. Empty sends no alerts.')
param alertEmails string = ''

@description('Address of the package of the app.')
param packageUri string

@description('Name of the environment. Names of resources are derived from it.')
@maxLength(64)
param environmentName string = take(resourceGroup().name, 64)

@description('Object ID of the person or group that stores the 8x8 credentials in the vault.')
param operatorPrincipalId string = deployer().objectId

module identity '../bicep/modules/identity.bicep' = {
  name: 'identity'
  params: {
    location: location
    tags: { 'azd-env-name': environmentName }
    // As in infra/bicep/resources.bicep.
    suffix: toLower(uniqueString(subscription().id, environmentName, location))
    withLegalHolds: false
  }
}

module resources '../bicep/resources.bicep' = {
  name: 'resources'
  params: {
    identityId: identity.outputs.id
    archiveWriterRoleId: identity.outputs.archiveWriterRoleId
    tokenKeeperRoleId: identity.outputs.tokenKeeperRoleId
    environmentName: environmentName
    location: location
    operatorPrincipalId: operatorPrincipalId
    alertEmails: filter(map(split(alertEmails, ','), address => trim(address)), address => !empty(address))
  }
}

// After everything else, when the app's role on the container of its package is some minutes old.
module package 'package.bicep' = {
  name: 'package'
  params: {
    appName: resources.outputs.AZURE_FUNCTION_APP_NAME
    packageUri: packageUri
  }
}

@description('The resource group.')
output AZURE_RESOURCE_GROUP string = resourceGroup().name

@description('Where the dashboard and the API are.')
output AZURE_FUNCTION_APP_URI string = resources.outputs.AZURE_FUNCTION_APP_URI

@description('The vault to put the credentials of 8x8 into.')
output AZURE_KEY_VAULT_NAME string = resources.outputs.AZURE_KEY_VAULT_NAME
