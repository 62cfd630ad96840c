import { texts } from '../types.bicep'

metadata description = 'A private endpoint of one service of one resource, with its name in private DNS.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags texts

@description('Name of the endpoint.')
param name string

@description('The subnet that it gets an address in.')
param subnetId string

@description('The resource that it leads to.')
param targetId string

@description('The service of that resource.')
@allowed(['blob', 'queue', 'table', 'vault', 'sites'])
param service string

@description('Id of the private DNS zone of that service. Empty: its name is registered elsewhere.')
param zoneId string

resource endpoint 'Microsoft.Network/privateEndpoints@2024-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnetId
    }
    customNetworkInterfaceName: '${name}-nic'
    privateLinkServiceConnections: [
      {
        name: service
        properties: {
          privateLinkServiceId: targetId
          groupIds: [
            service
          ]
        }
      }
    ]
  }

  resource zone 'privateDnsZoneGroups' = if (!empty(zoneId)) {
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: service
          properties: {
            privateDnsZoneId: zoneId
          }
        }
      ]
    }
  }
}
