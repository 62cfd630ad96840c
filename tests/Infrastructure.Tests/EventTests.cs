namespace Infrastructure.Tests;

/// <summary>An event for each archived object.</summary>
public sealed class EventTests(TemplateFixture template)
{
    private const string Subscription = "EventGrid/systemTopics/evgt-*/eventSubscriptions/archived";

    [Fact]
    public async Task Nothing_is_sent_by_default() => Assert.DoesNotContain(
        (await template.PredictedAsync("default")).Resources,
        resource => resource.Type.StartsWith("Microsoft.EventGrid/", StringComparison.Ordinal));

    [Fact]
    public async Task Each_receipt_is_an_event_and_nothing_else_is()
    {
        var subscription = (await template.PredictedAsync("zones")).Find(Subscription).Properties;

        Assert.Equal("[Microsoft.Storage.BlobCreated]", subscription["properties.filter.includedEventTypes"]);
        Assert.Equal("/blobServices/default/containers/recordings/blobs/", subscription["properties.filter.subjectBeginsWith"]);
        Assert.Equal(".meta.json", subscription["properties.filter.subjectEndsWith"]);
        Assert.Equal("CloudEventSchemaV1_0", subscription["properties.eventDeliverySchema"]);
    }

    [Fact]
    public async Task What_cannot_be_delivered_is_kept_where_the_topic_may_write()
    {
        var snapshot = await template.PredictedAsync("zones");
        var subscription = snapshot.Find(Subscription).Properties;

        Assert.Equal("undelivered-events", subscription["properties.deadLetterWithResourceIdentity.deadLetterDestination.properties.blobContainerName"]);
        Assert.Contains(snapshot.Assignments, assignment => assignment is
        {
            Role: "Storage Blob Data Contributor",
            Scope: "Storage/storageAccounts/strun*/blobServices/default/containers/undelivered-events",
        });
        Assert.Equal("AzureServices", snapshot.Find("Storage/storageAccounts/strun*").Properties["properties.networkAcls.bypass"]);
    }

    [Fact]
    public async Task A_topic_that_is_made_again_gets_an_assignment_of_its_own()
    {
        var assignment = (await template.PredictedAsync("zones")).Find(
            "role Storage Blob Data Contributor on Storage/storageAccounts/strun*/blobServices/default/containers/undelivered-events");

        Assert.Matches(@"guid\(.*systemTopics.*principalId", assignment.Json.GetProperty("name").GetString()!);
    }

    [Theory]
    [InlineData("queue", "{ kind: 'queue', accountId: '/a', name: 'q' }", "deliveryWithResourceIdentity.destination.endpointType", "StorageQueue")]
    [InlineData("hub", "{ kind: 'eventHub', id: '/a' }", "deliveryWithResourceIdentity.destination.endpointType", "EventHub")]
    [InlineData("hook", "{ kind: 'webhook' }\nparam eventWebhook = 'https://example.com'", "destination.endpointType", "WebHook")]
    public async Task Events_go_to_a_queue_a_hub_or_a_webhook_without_a_key(string name, string destination, string property, string expected)
    {
        var snapshot = await template.PredictAsync(name, $"param eventDestination = {destination}", TestContext.Current.CancellationToken);

        Assert.Equal(expected, snapshot.Find(Subscription).Properties[$"properties.{property}"]);
    }
}
