using System.Diagnostics;
using System.Globalization;
using Archiving.Ledger;
using Azure.Data.Tables;
using Azurite;
using EightByEight;

namespace Scale;

/// <summary>A query and a transaction for each hundred rows, and nothing else: how Azurite itself slows down as the table grows.</summary>
internal static class BareLoop
{
    private const int PageSize = 100;
    private const int AtOnce = 16;

    public static async Task<IReadOnlyList<Measurement>> RunAsync(int objects)
    {
        await using var storage = await AzuriteServer.StartAsync();
        var table = new TableServiceClient(storage.NewAccountConnectionString()).GetTableClient("objects");
        await table.CreateAsync();
        var start = TimeProvider.System.GetUtcNow().AddDays(-6);
        var step = TimeSpan.FromDays(5.9) / objects;
        var pages = Enumerable.Range(0, objects)
            .Chunk(PageSize)
            .Select(numbers => numbers.Select(number => Row(start + (step * number), number)).ToList())
            .ToList();

        var clock = Stopwatch.StartNew();
        await Parallel.ForEachAsync(pages, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (page, cancellationToken) =>
        {
            await QueryAsync(table, page, cancellationToken);
            foreach (var partition in page.GroupBy(row => row.PartitionKey))
            {
                await table.SubmitTransactionAsync(partition.Select(row => new TableTransactionAction(TableTransactionActionType.Add, row)), cancellationToken);
            }
        });
        var first = new Measurement("bare loop: query and add", objects, clock.Elapsed.TotalSeconds, 0, 0);
        Console.WriteLine(first);
        clock.Restart();
        await Parallel.ForEachAsync(
            pages,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            async (page, cancellationToken) => await QueryAsync(table, page, cancellationToken));
        var second = new Measurement("bare loop: query", objects, clock.Elapsed.TotalSeconds, 0, 0);
        Console.WriteLine(second);
        return [first, second];
    }

    private static async Task QueryAsync(TableClient table, List<LedgerEntry> page, CancellationToken cancellationToken)
    {
        var (first, last) = (page[0], page[^1]);
        var partitions = TableClient.CreateQueryFilter($"PartitionKey ge {first.PartitionKey} and PartitionKey le {last.PartitionKey}");
        var times = TableClient.CreateQueryFilter($"UpdatedTime ge {first.UpdatedTime} and UpdatedTime le {last.UpdatedTime}");
        var filter = $"{partitions} and {times}";
        await foreach (var _ in table.QueryAsync<LedgerEntry>(filter, cancellationToken: cancellationToken))
        {
        }
    }

    private static LedgerEntry Row(DateTimeOffset time, int number) => LedgerEntry.Queued(
        "us-east",
        StorageObject.Parse(BinaryData.FromString(string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            {
              "id":"{{Guid.NewGuid()}}","type":"callrecording","mimeType":"audio/mpeg","objectName":"callrecording_{{number:D6}}.mp3",
              "checksum":"0cc175b9c0f1b6a831c399e269772661","storedBytes":1,"objectState":"AVAILABLE",
              "createdTime":"{{time:yyyy-MM-ddTHH:mm:ss}}","updatedTime":"{{time:yyyy-MM-ddTHH:mm:ss}}"
            }
            """))),
        time,
        "listing-us-east-20261124122016-35d6720e");
}
