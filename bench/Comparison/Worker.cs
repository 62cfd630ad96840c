using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Archiving;
using Archiving.Archive;
using Archiving.Copying;
using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Queues;
using Azure.Core;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using EightByEight;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Comparison;

/// <summary>What runs in a process of its own: archiving without queue and listing, the least that copying takes, and what other measurements need.</summary>
internal sealed class Worker(IConfiguration configuration, int atOnce, Uri container)
{
    /// <summary>Begins the name of the work that sends, receives and deletes messages; how many others wait meanwhile ends it.</summary>
    public const string MessagePrefix = "messages-";

    private const int Batch = 32;
    private readonly ParallelOptions _parallel = new() { MaxDegreeOfParallelism = atOnce };

    private string ConnectionString => configuration["AzureWebJobsStorage"]!;

    /// <summary>Prepares, and for each line that comes works, and says how long it took.</summary>
    public static async Task RunAsync(string work, int atOnce, Uri container)
    {
        var clock = Stopwatch.StartNew();
        var worker = new Worker(new ConfigurationBuilder().AddEnvironmentVariables().Build(), atOnce, container);
        switch (work)
        {
            case "services":
                await using (var provider = worker.Services().BuildServiceProvider())
                {
                    provider.GetRequiredService<ObjectArchiver>();
                    provider.GetRequiredService<WindowLister>();
                    Console.WriteLine(
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"services {clock.Elapsed.TotalMilliseconds} {AppDomain.CurrentDomain.GetAssemblies().Length}"));
                }

                break;

            case "operations":
                await worker.CountAsync();
                break;

            default:
                await using (var provider = worker.Services().BuildServiceProvider())
                {
                    var run = await worker.PrepareAsync(work, provider);
                    Console.WriteLine("ready");
                    while (Console.ReadLine() is not null)
                    {
                        clock.Restart();
                        await run();
                        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"done {clock.Elapsed.TotalSeconds}"));
                    }
                }

                break;
        }
    }

    private ServiceCollection Services()
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Information));
        services.AddSingleton(configuration);
        services.AddArchiving(configuration);
        return services;
    }

    private async Task<Func<Task>> PrepareAsync(string work, IServiceProvider provider)
    {
        if (work == "list")
        {
            return () => ListAgainAsync(provider);
        }

        var records = await ListAsync(provider.GetRequiredService<CloudStorageClient>());
        switch (work)
        {
            case "archive":
                var archiver = provider.GetRequiredService<ObjectArchiver>();
                var messages = records.ConvertAll(Message);
                return () => Parallel.ForEachAsync(
                    messages,
                    _parallel,
                    async (message, cancellationToken) => await archiver.ArchiveAsync(message, attempt: 1, cancellationToken));

            case "copy":
                var token = await provider.GetRequiredService<AccessTokenSource>().GetTokenAsync(CancellationToken.None);
                return () => CopyAsync(records, token.Value);

            case "seed":
                var ledger = provider.GetRequiredService<ObjectLedger>();
                return () => SeedAsync(records, ledger);

            case "put-content":
                var content = new byte[records[0].StoredBytes ?? 0];
                return () => PutAsync(provider, records, record => (ArchiveLayout.ContentName(Stage.Region, record), content));

            case "put-receipt":
                return () => PutAsync(
                    provider,
                    records,
                    record => (ArchiveLayout.ReceiptName(ArchiveLayout.ContentName(Stage.Region, record)), ReceiptOf(record).ToJson()));

            case "write-row":
                var rows = provider.GetRequiredService<ObjectLedger>();
                return () => Parallel.ForEachAsync(
                    records,
                    _parallel,
                    async (record, cancellationToken) =>
                        await rows.ReplaceAsync(LedgerEntry.Archived(Stage.Region, record, ReceiptOf(record)), cancellationToken));

            case var messaging when messaging.StartsWith(MessagePrefix, StringComparison.Ordinal):
                var bodies = records.ConvertAll(record => Message(record).ToJson());
                var queue = await CreateQueueAsync(bodies[0], waiting: int.Parse(messaging[MessagePrefix.Length..], CultureInfo.InvariantCulture));
                return () => MessagesAsync(queue, bodies);

            default:
                throw new ArgumentException($"No such work: {work}.", nameof(work));
        }
    }

    private static ObjectMessage Message(StorageObject record) => new() { Region = Stage.Region, Id = record.Id, Record = record };

    private static async Task<List<StorageObject>> ListAsync(CloudStorageClient client)
    {
        var records = new List<StorageObject>();
        ObjectPage page;
        string? pageKey = null;
        do
        {
            page = await client.GetObjectsAsync(Stage.Region, new ObjectQuery { PageKey = pageKey });
            records.AddRange(page.Objects);
            pageKey = page.PageKey;
        }
        while (!page.IsLastPage);
        return records;
    }

    private async Task CopyAsync(List<StorageObject> records, string token)
    {
        var baseUrl = new Uri(configuration["EightByEight:BaseUrl"]!);
        using var client = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        await Parallel.ForEachAsync(records, _parallel, async (record, cancellationToken) =>
        {
            using var get = new HttpRequestMessage(
                HttpMethod.Get,
                new Uri(baseUrl, $"/storage/{Stage.Region}/v3/objects/{Uri.EscapeDataString(record.Id)}/content"));
            get.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var source = await client.SendAsync(get, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            source.EnsureSuccessStatusCode();
            using var content = new StreamContent(await source.Content.ReadAsStreamAsync(cancellationToken), bufferSize: 1024 * 1024);
            content.Headers.ContentLength = source.Content.Headers.ContentLength;
            await PutAsync(client, record.Id, content, cancellationToken);
        });
    }

    private async Task PutAsync(HttpClient client, string name, HttpContent content, CancellationToken cancellationToken)
    {
        using var put = new HttpRequestMessage(
            HttpMethod.Put,
            new UriBuilder(container) { Path = $"{container.AbsolutePath}/{Uri.EscapeDataString(name)}" }.Uri);
        put.Headers.Add("x-ms-blob-type", "BlockBlob");
        put.Headers.Add("x-ms-version", "2025-11-05");
        put.Content = content;
        using var stored = await client.SendAsync(put, cancellationToken);
        stored.EnsureSuccessStatusCode();
    }

    /// <summary>Stores something for each record as the archiver does.</summary>
    private async Task PutAsync(IServiceProvider provider, List<StorageObject> records, Func<StorageObject, (string Name, ReadOnlyMemory<byte> Content)> choose)
    {
        var store = provider.GetRequiredService<ArchiveStore>();
        await Parallel.ForEachAsync(records, _parallel, async (record, cancellationToken) =>
        {
            var (name, content) = choose(record);
            await store.TryPutAsync(
                name,
                content,
                MD5.HashData(content.Span),
                new ContentHeaders("application/octet-stream", ContentDisposition: null),
                cancellationToken);
        });
    }

    /// <summary>A queue in which so many messages wait.</summary>
    private async Task<QueueClient> CreateQueueAsync(BinaryData body, int waiting)
    {
        var queue = new QueueClient(ConnectionString, "bare", new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 });
        await queue.CreateAsync();
        await Parallel.ForEachAsync(Enumerable.Range(0, waiting), _parallel, async (_, cancellationToken) => await SendAsync(queue, body, cancellationToken));
        return queue;
    }

    /// <summary>Sends each message and deletes one for it, so that as many wait at the end as at the beginning.</summary>
    private async Task MessagesAsync(QueueClient queue, List<BinaryData> bodies)
    {
        foreach (var batch in bodies.Chunk(Batch))
        {
            await Parallel.ForEachAsync(batch, _parallel, async (body, cancellationToken) => await SendAsync(queue, body, cancellationToken));
            var messages = (await queue.ReceiveMessagesAsync(batch.Length, TimeSpan.FromMinutes(30))).Value;
            await Parallel.ForEachAsync(
                messages,
                _parallel,
                async (message, cancellationToken) => await queue.DeleteMessageAsync(message.MessageId, message.PopReceipt, cancellationToken));
        }
    }

    private static async Task SendAsync(QueueClient queue, BinaryData body, CancellationToken cancellationToken) =>
        await queue.SendMessageAsync(body, timeToLive: TimeSpan.FromSeconds(-1), cancellationToken: cancellationToken);

    private static Receipt ReceiptOf(StorageObject record) =>
        new(
            Stage.Region,
            record,
            ArchiveLayout.ContentName(Stage.Region, record),
            record.StoredBytes ?? 0,
            new string('0', 32),
            new string('0', 64),
            "md5",
            TimeProvider.System.GetUtcNow());

    /// <summary>Makes it so that every record is archived: a row in the ledger, and for rclone a blob of its name.</summary>
    private async Task SeedAsync(List<StorageObject> records, ObjectLedger ledger)
    {
        await Parallel.ForEachAsync(records.Chunk(1000), new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (chunk, cancellationToken) =>
        {
            var rows = chunk.Select(record => LedgerEntry.Archived(Stage.Region, record, ReceiptOf(record)));
            await ledger.AddAsync([.. rows], cancellationToken);
        });
        using var client = new HttpClient();
        await Parallel.ForEachAsync(records, _parallel, async (record, cancellationToken) =>
        {
            using var content = new ByteArrayContent(new byte[record.StoredBytes ?? 0]);
            await PutAsync(client, record.Id, content, cancellationToken);
        });
    }

    /// <summary>Lists and archives everything as the functions do, and counts the requests to the storage.</summary>
    private async Task CountAsync()
    {
        var queues = new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 };
        var tables = new TableClientOptions();
        var blobs = new BlobClientOptions();
        var counter = new RequestCounter(new QueueServiceClient(ConnectionString).Uri, new TableServiceClient(ConnectionString).Uri);
        foreach (var options in (ClientOptions[])[queues, tables, blobs])
        {
            options.AddPolicy(counter, HttpPipelinePosition.PerCall);
        }

        var services = Services();
        services.Replace(ServiceDescriptor.Singleton(new BlobServiceClient(ConnectionString, blobs)));
        services.Replace(ServiceDescriptor.Singleton(new QueueServiceClient(ConnectionString, queues)));
        services.Replace(ServiceDescriptor.Singleton(new TableServiceClient(ConnectionString, tables)));
        await using var provider = services.BuildServiceProvider();
        await ListAgainAsync(provider);
        var handler = provider.GetRequiredService<MessageHandler>();
        var archiver = provider.GetRequiredService<ObjectArchiver>();
        await DeliverAsync(
            provider,
            QueueNames.ArchiveObjects,
            message => handler.HandleAsync<ObjectMessage>(
                QueueNames.ArchiveObjects,
                message,
                (work, stop) => archiver.ArchiveAsync(work, message.DequeueCount, stop),
                CancellationToken.None));
        Console.WriteLine(
            "counted " + string.Join(';', counter.Counts.Select(count => string.Create(CultureInfo.InvariantCulture, $"{count.Key}={count.Value}"))));
    }

    /// <summary>Plans a listing and lists its windows.</summary>
    private async Task ListAgainAsync(IServiceProvider provider)
    {
        var handler = provider.GetRequiredService<MessageHandler>();
        var lister = provider.GetRequiredService<WindowLister>();
        await provider.GetRequiredService<ListingPlanner>().PlanAsync(CancellationToken.None);
        await DeliverAsync(
            provider,
            QueueNames.ListWindows,
            message => handler.HandleAsync<WindowMessage>(
                QueueNames.ListWindows,
                message,
                (window, token) => lister.ListAsync(window, message.DequeueCount, token),
                CancellationToken.None));
    }

    /// <summary>Delivers the messages of a queue as the Functions host does.</summary>
    private async Task DeliverAsync(IServiceProvider provider, string name, Func<QueueMessage, Task> handle)
    {
        var queue = provider.GetRequiredService<QueueServiceClient>().GetQueueClient(name);
        while ((await queue.ReceiveMessagesAsync(Batch, TimeSpan.FromMinutes(30))).Value is { Length: > 0 } messages)
        {
            await Task.WhenAll(messages.Select(async message =>
            {
                await handle(message);
                await queue.DeleteMessageAsync(message.MessageId, message.PopReceipt);
            }));
        }

        // A client of its own, whose requests are not counted.
        var queues = new WorkQueues(new QueueServiceClient(ConnectionString));
        if ((await queues.CountAsync([name], CancellationToken.None))[name] is > 0 and var left)
        {
            throw new InvalidOperationException(
                string.Create(CultureInfo.InvariantCulture, $"{left} messages of {name} were deferred by an outage, so this is no measurement."));
        }
    }
}
