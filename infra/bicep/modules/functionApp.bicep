import { alwaysReadyInstances, texts } from '../types.bicep'

metadata description = 'The function app on Flex Consumption. It has no password, no key and no connection string.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags texts

@description('The end of every name.')
param suffix string

@description('Resource id of the identity of the app.')
param identityId string

@description('Address of the container of the package of the app.')
param packageContainerUri string

@description('App settings.')
param settings texts

@description('Memory of an instance in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int

@description('How many instances there are at most, for each function.')
param maximumInstanceCount int

@description('Instances that are kept running.')
param alwaysReady alwaysReadyInstances[]

@description('How many HTTP calls an instance handles at once.')
param httpConcurrency int

@description('Ranges of addresses that may call the app. Empty: any address, with a key.')
param allowedAddresses string[]

@description('The subnet that the app goes out from. Empty for none.')
param subnetId string

@description('Whether the app is reached through its private endpoint alone.')
param isPrivate bool

@description('Whether instances are spread over availability zones.')
param zoneRedundant bool

@description('Client id of the app registration that people and programs sign in with. Empty: function keys.')
param signInClientId string

@description('Id of the Log Analytics workspace.')
param workspaceId string

@description('Whether the log of the host goes to the workspace, too. It goes to Application Insights in any case.')
param logsEverything bool

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: 'plan-${suffix}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: 'func-${suffix}'
  location: location
  tags: union(tags, { 'azd-service-name': 'archiver' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    ...(empty(subnetId) ? {} : { virtualNetworkSubnetId: subnetId })
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUri
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'dotnet-isolated'
        version: '10.0'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReady
        // How many messages an instance handles at once stands in host.json.
        triggers: {
          http: {
            perInstanceConcurrency: httpConcurrency
          }
        }
      }
    }
    // Flex Consumption refuses any property that it does not know, such as ftpsState (error 51021). docs/template-sources.md has
    // those that it takes.
    siteConfig: {
      http20Enabled: true
      minTlsVersion: '1.3'
      // Tools that publish, on Windows too, do not all speak 1.3.
      scmMinTlsVersion: '1.2'
      ipSecurityRestrictionsDefaultAction: empty(allowedAddresses) ? 'Allow' : 'Deny'
      ipSecurityRestrictions: map(allowedAddresses, (range, index) => {
        name: 'allowed-${index}'
        action: 'Allow'
        ipAddress: range
        priority: 100 + index
      })
      scmIpSecurityRestrictionsUseMain: true
    }
  }

  // The app believes who the sign-in says it is, so it is told to only when the sign-in is on. Else anyone can say so.
  resource appSettings 'config' = {
    name: 'appsettings'
    properties: settings
    dependsOn: [
      signIn
    ]
  }

  // The service turns away who is not signed in, and the app who lacks a role. No secret: the browser signs in by ID token.
  resource signIn 'config' = if (!empty(signInClientId)) {
    name: 'authsettingsV2'
    properties: {
      platform: {
        enabled: true
      }
      globalValidation: {
        requireAuthentication: true
        unauthenticatedClientAction: 'Return401'
        // Health names no recordings and no people. The dashboard's page and its files have no data, and offer to sign in.
        excludedPaths: [
          '/api/health'
          '/api/dashboard'
          '/api/dashboard/*'
        ]
      }
      httpSettings: {
        requireHttps: true
      }
      identityProviders: {
        azureActiveDirectory: {
          enabled: true
          registration: {
            clientId: signInClientId
            openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
          }
          validation: {
            allowedAudiences: [
              signInClientId
              'api://${signInClientId}'
            ]
            // Tokens of every program count, whose roles the app checks. Left out, App Service was seen to admit no token.
            defaultAuthorizationPolicy: {
              allowedPrincipals: {}
            }
          }
        }
      }
      login: {
        tokenStore: {
          enabled: false
        }
      }
    }
  }

  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: {
      allow: false
    }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: {
      allow: false
    }
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (logsEverything) {
  name: 'audit'
  scope: app
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'FunctionAppLogs'
        enabled: true
      }
    ]
  }
}

@description('Id of the app.')
output id string = app.id

@description('Name of the app.')
output name string = app.name

@description('Address of the app.')
output uri string = 'https://${app.properties.defaultHostName}'
