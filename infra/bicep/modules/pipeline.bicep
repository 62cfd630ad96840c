metadata description = 'What the identity of a pipeline may do in the resource group: deploy everything, and assign these roles and no others.'

@description('Object id of the identity of the pipeline.')
param principalId string

@description('The roles that the template assigns.')
param assignableRoleIds string[]

var contributor = 'b24988ac-6180-42a0-ab88-20f7382dd24c'
var locksContributor = '28bf596f-4eb7-45ce-b5bc-6cf482fec137'
var roleBasedAccessControlAdministrator = 'f58310d9-a9f6-439a-9e8d-f62e7b41a168'

// Microsoft Learn, "Examples to delegate Azure role assignment management with conditions", constrain roles.
var roles = join(map(assignableRoleIds, id => last(split(id, '/'))), ', ')
var condition = join(
  [
    '((!(ActionMatches{\'Microsoft.Authorization/roleAssignments/write\'}))'
    'OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${roles}}))'
    'AND ((!(ActionMatches{\'Microsoft.Authorization/roleAssignments/delete\'}))'
    'OR (@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${roles}}))'
  ],
  ' '
)

resource deploy 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, principalId, contributor)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', contributor)
  }
}

// Contributor has no right to locks.
resource lock 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, principalId, locksContributor)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', locksContributor)
  }
}

resource assign 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, principalId, roleBasedAccessControlAdministrator)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roleBasedAccessControlAdministrator
    )
    condition: condition
    conditionVersion: '2.0'
  }
}
