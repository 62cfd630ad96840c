metadata description = 'Has Azure fetch the package of the app and publish it, without a build.'

@description('The function app.')
param appName string

@description('Address of the package.')
param packageUri string

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: appName

  // The type has no properties; Azure takes these.
  resource package 'extensions' = {
    name: 'onedeploy'
    #disable-next-line BCP187
    properties: {
      packageUri: packageUri
      remoteBuild: false
    }
  }
}
