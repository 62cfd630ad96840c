import { flexRegion, texts } from 'types.bicep'
import { assignedRoles } from 'roles.bicep'

targetScope = 'subscription'

metadata description = 'What only an owner of the subscription can make: the resource group, the identity of the app, its roles, and what a pipeline may do. resources.bicep makes the rest in the resource group.'

@description('Name of the environment. Names of resources are derived from it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Azure region of the resource group and the identity: a flexRegion of infra/bicep/types.bicep.')
param location flexRegion

@description('Name of the resource group. The template creates it.')
@minLength(1)
@maxLength(90)
param resourceGroupName string = 'rg-${environmentName}'

@description('Tags of every resource, in addition to azd-env-name.')
param tags texts = {}

@description('Also creates the role that sets and clears legal holds.')
param legalHolds bool = false

@description('Object ID of the identity of the pipeline that deploys resources.bicep. In the resource group it gets Contributor, Locks Contributor, and Role Based Access Control Administrator for the roles that the template assigns. Empty assigns nothing.')
param pipelinePrincipalId string = ''

var suffix = toLower(uniqueString(subscription().id, environmentName, location))
var allTags = union(tags, { 'azd-env-name': environmentName })

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: resourceGroupName
  location: location
  tags: allTags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    location: location
    tags: allTags
    suffix: suffix
    withLegalHolds: legalHolds
  }
}

module pipeline 'modules/pipeline.bicep' = if (!empty(pipelinePrincipalId)) {
  name: 'pipeline'
  scope: group
  params: {
    principalId: pipelinePrincipalId
    assignableRoleIds: concat(
      map(items(assignedRoles), role => role.value),
      [identity.outputs.archiveWriterRoleId, identity.outputs.tokenKeeperRoleId],
      legalHolds ? [identity.outputs.holdKeeperRoleId] : []
    )
  }
}

@description('The resource group.')
output AZURE_RESOURCE_GROUP string = group.name

@description('For identityId of resources.bicep.')
output IDENTITY_ID string = identity.outputs.id

@description('For archiveWriterRoleId of resources.bicep.')
output ARCHIVE_WRITER_ROLE_ID string = identity.outputs.archiveWriterRoleId

@description('For tokenKeeperRoleId of resources.bicep.')
output TOKEN_KEEPER_ROLE_ID string = identity.outputs.tokenKeeperRoleId

@description('For holdKeeperRoleId of resources.bicep. Empty without legalHolds.')
output HOLD_KEEPER_ROLE_ID string = identity.outputs.holdKeeperRoleId
