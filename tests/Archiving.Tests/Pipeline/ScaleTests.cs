using System.Globalization;
using System.Text.Json;
using Archiving.Indexing;
using Archiving.Listing;
using Archiving.Queues;
using Azure.Core;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Extensions.Time.Testing;
using Operations.Runs;
using Simulator.Objects;
using Testing;

namespace Archiving.Tests;

/// <summary>What work costs in requests to Azure, counted, and whether docs/scale.md says so. CostTests compares the money that the page makes of them.</summary>
public sealed class ScaleTests(AzuriteFixture azurite)
{
    private const int Objects = 1000;
    private const int RecordsPerQuery = 1000;

    // What a new object may cost at most, listing included.
    private const double Budget = 6.2;

    private static readonly string Page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Data", "scale.md"));
    private static readonly int BatchSize = ReadBatchSize();

    // Early, so that the day of the ledger is the same for all objects.
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 10, 5, 0, 0, TimeSpan.Zero));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Work_costs_the_operations_that_the_page_says()
    {
        var account = azurite.NewAccount();
        var counter = new OperationCounter(account);
        await using var pipeline = await Pipeline.StartAsync(
            azurite,
            _time,
            account,
            storagePolicy: counter,
            settings: [("EightByEight__Regions", "uk"), ("Listing__StartFrom", "2026-11-10T03:00:00Z"), ("Listing__OverlapMinutes", "90")]);

        // Once before anything is counted: queues, tables and the container are made, and the first run is unlike others.
        Add(pipeline, 1, bytes: 1000);
        await ListAndArchiveAsync(pipeline, counter);
        await LeaveBehindAsync(pipeline, counter);
        var counted = new Dictionary<string, IReadOnlyDictionary<string, long>>(StringComparer.Ordinal);

        _time.Advance(TimeSpan.FromHours(2));
        await ListAndArchiveAsync(pipeline, counter);
        counted["a listing, nothing new"] = counter.Take();

        _time.Advance(TimeSpan.FromHours(2));
        Add(pipeline, Objects, bytes: 1000);
        counter.TakeIndexing();
        await ListAndArchiveAsync(pipeline, counter);
        counted["1,000 new objects"] = counter.Take();
        var indexing = counter.TakeIndexing();

        _time.Advance(TimeSpan.FromMinutes(10));
        await ListAndArchiveAsync(pipeline, counter);
        counted["1,000 unchanged"] = counter.Take();

        await LeaveBehindAsync(pipeline, counter);
        _time.Advance(TimeSpan.FromHours(2));
        Add(pipeline, 1, bytes: 1000);
        await ListAndArchiveAsync(pipeline, counter);
        counted["one new object alone"] = counter.Take();

        _time.Advance(TimeSpan.FromHours(2));
        var large = Add(pipeline, 1, bytes: 20 * 1024 * 1024);
        await ListAndArchiveAsync(pipeline, counter);
        counted["one of 20 MiB alone"] = counter.Take();

        for (var time = 1; time <= 2; time++)
        {
            counter.Take();
            await ReadAgainAsync(pipeline, counter, large);
        }

        counted["one read again alone"] = counter.Take();

        counter.CountRun();
        await pipeline.Get<RunStarter>().ReconcileAsync(Cancellation);
        await DeliverAsync(pipeline, counter, QueueNames.ListWindows, pipeline.ListAsync);
        counted["all 1,003 reconciled"] = counter.Take();

        Assert.Equal(Objects + 3, (await pipeline.ReadNamesAsync()).Count(name => name.EndsWith(".meta.json", StringComparison.Ordinal)));
        AssertBudget(counted, indexing);
        Assert.True(Table(counted) == ReadTable("operation"), $"docs/scale.md should say (then run: node scripts/costs.mjs --write):\n{Table(counted)}");
    }

    private static void AssertBudget(Dictionary<string, IReadOnlyDictionary<string, long>> counted, long indexing)
    {
        static long Sum(IReadOnlyDictionary<string, long> counts) => counts.Where(count => count.Key != "function run").Sum(count => count.Value);
        Assert.InRange((Sum(counted["1,000 new objects"]) + indexing) / (double)Objects, 5, Budget);
        Assert.InRange(indexing, 1, Objects);
        TestContext.Current.TestOutputHelper?.WriteLine($"The index costs {indexing} requests for {Objects} objects.");

        // What is known and unchanged costs its share of a query, and nothing else.
        var nothing = counted["a listing, nothing new"];
        var unchanged = counted["1,000 unchanged"];
        Assert.All(OperationCounter.Kinds.Except(["table query"], StringComparer.Ordinal), kind => Assert.Equal(nothing[kind], unchanged[kind]));

        // The other listing came an hour later, and so looked for old runs and old failures too.
        Assert.InRange(unchanged["table query"] + 2 - nothing["table query"], Objects / RecordsPerQuery, (Objects / RecordsPerQuery) + 1);
    }

    /// <summary>Adds objects of the last 50 minutes.</summary>
    private SimulatedObject Add(Pipeline pipeline, int count, long bytes) => Enumerable.Range(1, count)
        .Select(number => pipeline.Simulator.Objects
            .Add(new ObjectSpecification { Region = "uk", Bytes = bytes, CreatedTime = _time.GetUtcNow().AddSeconds(-3 * number) }))
        .ToList()[^1];

    private static async Task ListAndArchiveAsync(Pipeline pipeline, OperationCounter counter)
    {
        counter.CountRun();
        Assert.Equal(1, await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation));
        await DeliverAsync(pipeline, counter, QueueNames.ListWindows, pipeline.ListAsync);
        await DeliverAsync(pipeline, counter, QueueNames.ArchiveObjects, pipeline.ArchiveAsync);
        counter.IsIndexing = true;
        await pipeline.Get<ObjectIndexer>().IndexAsync(Cancellation);
        counter.IsIndexing = false;
    }

    /// <summary>Takes what there is out of the reach of the next listing, which looks back for an hour and a half.</summary>
    private async Task LeaveBehindAsync(Pipeline pipeline, OperationCounter counter)
    {
        _time.Advance(TimeSpan.FromHours(2));
        await ListAndArchiveAsync(pipeline, counter);
        counter.Take();
    }

    private async Task ReadAgainAsync(Pipeline pipeline, OperationCounter counter, SimulatedObject item)
    {
        _time.Advance(TimeSpan.FromMinutes(1));
        await pipeline.Get<WorkQueues>().SendAsync(
            QueueNames.VerifyObjects,
            new ObjectMessage { Region = item.Region, Id = item.Id, CreatedTime = item.CreatedTime },
            TimeSpan.Zero,
            Cancellation);
        await DeliverAsync(pipeline, counter, QueueNames.VerifyObjects, pipeline.VerifyAsync);
    }

    /// <summary>
    /// Receives as the Functions host does, as many at once as host.json says, and handles them one after the other: rows
    /// that end at the same moment share a request, and when they do is chance. What is asked for while a queue is
    /// empty is not counted.
    /// </summary>
    private static async Task DeliverAsync(Pipeline pipeline, OperationCounter counter, string queueName, Func<QueueMessage, Task> handle)
    {
        var options = new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 };
        options.AddPolicy(counter, HttpPipelinePosition.PerCall);
        var queue = new QueueClient(pipeline.Account.ConnectionString, queueName, options);
        while (await pipeline.CountAsync(queueName) > 0)
        {
            var messages = (await queue.ReceiveMessagesAsync(BatchSize, TimeSpan.FromMinutes(10), Cancellation)).Value;
            foreach (var message in messages)
            {
                counter.CountRun();
                await handle(message);
                await queue.DeleteMessageAsync(message.MessageId, message.PopReceipt, Cancellation);
            }
        }
    }

    private static string Table(Dictionary<string, IReadOnlyDictionary<string, long>> counted)
    {
        var lines = new List<string>
        {
            $"| operation | {string.Join(" | ", counted.Keys)} |",
            $"| --- |{string.Concat(counted.Keys.Select(_ => " ---: |"))}",
        };
        lines.AddRange(OperationCounter.Kinds
            .Select(kind => $"| {kind} | {string.Join(" | ", counted.Values.Select(counts => counts[kind].ToString("N0", CultureInfo.InvariantCulture)))} |"));
        return string.Join('\n', lines);
    }

    /// <summary>The page's table whose first column has the given heading, without the rest of the page.</summary>
    private static string ReadTable(string firstColumn)
    {
        var lines = Page.Split('\n').SkipWhile(line => !line.StartsWith($"| {firstColumn} |", StringComparison.Ordinal))
            .TakeWhile(line => line.StartsWith('|'));
        return string.Join('\n', lines);
    }

    private static int ReadBatchSize()
    {
        using var host = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Data", "host.json")));
        return host.RootElement.GetProperty("extensions").GetProperty("queues").GetProperty("batchSize").GetInt32();
    }
}
