import { texts } from '../types.bicep'

metadata description = 'Where everything stands and stood, as an Azure workbook over the log.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags texts

@description('Id of the Log Analytics workspace.')
param workspaceId string

@description('Id of Application Insights of the app. Other applications can send to the same workspace.')
param applicationInsightsId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'archive')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: '8x8 archive'
    category: 'workbook'
    version: 'Notebook/1.0'
    sourceId: toLower(workspaceId)
    serializedData: replace(
      replace(loadTextContent('../workbook.json'), '{workspaceId}', workspaceId),
      '{applicationInsightsId}',
      applicationInsightsId
    )
  }
}
