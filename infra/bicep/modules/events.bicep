import { eventDestination, texts } from '../types.bicep'

metadata description = 'An event for each archived object: its receipt was written. docs/events.md has what is in it.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags texts

@description('The end of every name.')
param suffix string

@description('Name of the storage account of the archive.')
param archiveAccountName string

@description('The container of the recordings.')
param containerName string

@description('Where events go.')
param destination eventDestination

@description('Address of the webhook, for that kind of destination.')
@secure()
param webhook string

@description('Name of the storage account that keeps what could not be delivered.')
param undeliveredAccountName string

@description('The container there.')
param undeliveredContainerName string

resource archive 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: archiveAccountName
}

resource undelivered 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: undeliveredAccountName
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: 'evgt-${suffix}'
  location: location
  tags: tags
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    source: archive.id
    topicType: 'Microsoft.Storage.StorageAccounts'
  }
}

module keepUndelivered 'undelivered.bicep' = {
  name: 'keep-undelivered'
  params: {
    accountName: undeliveredAccountName
    containerName: undeliveredContainerName
    principalId: topic.identity.principalId
  }
}

var endpoint = destination.kind == 'queue'
  ? {
      endpointType: 'StorageQueue'
      properties: {
        resourceId: destination.accountId
        queueName: destination.name
        queueMessageTimeToLiveInSeconds: -1
      }
    }
  : destination.kind == 'eventHub'
      ? {
          endpointType: 'EventHub'
          properties: {
            resourceId: destination.id
          }
        }
      : {
          endpointType: 'WebHook'
          properties: {
            endpointUrl: empty(webhook)
              ? fail('eventDestination is a webhook: set its address as eventWebhook.')
              : webhook
          }
        }

// A webhook proves itself by answering, everything else is reached with the identity.
var delivery = destination.kind == 'webhook'
  ? {
      destination: endpoint
    }
  : {
      deliveryWithResourceIdentity: {
        identity: {
          type: 'SystemAssigned'
        }
        destination: endpoint
      }
    }

resource subscription 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'archived'
  properties: {
    ...delivery
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    filter: {
      includedEventTypes: [
        'Microsoft.Storage.BlobCreated'
      ]
      subjectBeginsWith: '/blobServices/default/containers/${containerName}/blobs/'
      subjectEndsWith: '.meta.json'
    }
    retryPolicy: {
      eventTimeToLiveInMinutes: 1440
      maxDeliveryAttempts: 30
    }
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: undelivered.id
          blobContainerName: undeliveredContainerName
        }
      }
    }
  }
  dependsOn: [
    keepUndelivered
  ]
}

@description('Object id of the identity that events are delivered with.')
output principalId string = topic.identity.principalId
