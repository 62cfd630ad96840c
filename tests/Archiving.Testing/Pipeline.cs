using System.Security.Cryptography;
using Archiving.Archive;
using Archiving.Copying;
using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Planning;
using Archiving.Purging;
using Archiving.Queues;
using Archiving.Requeuing;
using Archiving.Restoring;
using Archiving.Telemetry;
using Archiving.Verifying;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using EightByEight;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Operations;
using Operations.Cases;
using Operations.Catalogue;
using Simulator;
using Simulator.Objects;
using Testing;

namespace Archiving.Testing;

/// <summary>The archiver on real storage and the simulated 8x8; a test delivers the queues' messages itself, one round at a time.</summary>
internal sealed class Pipeline : IAsyncDisposable
{
    private const int MaxDequeueCount = 5;
    private readonly ServiceProvider _services;
    private long _lastPlanned;

    private Pipeline(SimulatorServer simulator, StorageAccount account, ServiceProvider services)
    {
        Simulator = simulator;
        Account = account;
        _services = services;
    }

    public SimulatorServer Simulator { get; }

    public StorageAccount Account { get; }

    /// <summary>What the archiver logged.</summary>
    public FakeLogCollector Logs => Get<FakeLogCollector>();

    public BlobContainerClient Container => Account.Blobs.GetBlobContainerClient("recordings");

    private MessageHandler Handler => Get<MessageHandler>();

    private DateTimeOffset Now => Get<TimeProvider>().GetUtcNow();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<Pipeline> StartAsync(
        AzuriteFixture azurite,
        TimeProvider? time = null,
        StorageAccount? account = null,
        SimulatorServer? simulator = null,
        HttpPipelinePolicy? storagePolicy = null,
        TimeSpan? networkTimeout = null,
        int? maxPages = null,
        params (string Name, string Value)[] settings)
    {
        simulator ??= await SimulatorServer.StartAsync(new SimulatorOptions { TimeProvider = time ?? TimeProvider.System }, Cancellation);
        account ??= azurite.NewAccount();
        var all = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase)
        {
            ["AzureWebJobsStorage"] = account.ConnectionString,
            ["EightByEight:BaseUrl"] = simulator.BaseUrl.AbsoluteUri,
            ["EightByEight:Key"] = simulator.Account.Key,
            ["EightByEight:Secret"] = simulator.Account.Secret,
            ["Listing:SettleSeconds"] = "0",
        };
        Schedules.AddTo(all);
        foreach (var (name, value) in settings)
        {
            all[name.Replace("__", ":", StringComparison.Ordinal)] = value;
        }

        var services = new ServiceCollection();
        services.AddLogging(logging => logging
            .SetMinimumLevel(LogLevel.Debug)
            .AddFakeLogging()
            .AddFilter<FakeLoggerProvider>((category, _) => category!.StartsWith(nameof(Archiving), StringComparison.Ordinal)));
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(all).Build();
        services.AddSingleton<IConfiguration>(configuration);
        if (time is not null)
        {
            services.AddSingleton(time);
        }

        services.AddArchiving(configuration).AddOperations();

        // The real one, with retries that do not keep tests waiting.
        services.Replace(ServiceDescriptor.Singleton<RequestGate>(
            provider => new ThrottleMeter(new PacedGate(TimeProvider.System, 0), provider.GetRequiredService<ArchivingMetrics>(), TimeProvider.System)));
        services.Replace(ServiceDescriptor.Singleton(provider =>
        {
            var options = new CloudStorageClientOptions
            {
                Retry = {
                    Delay = TimeSpan.FromMilliseconds(5),
                    MaxDelay = TimeSpan.FromMilliseconds(20),
                    NetworkTimeout = networkTimeout ?? TimeSpan.FromSeconds(30) },
                Gate = provider.GetRequiredService<RequestGate>(),
            };
            options.AddPolicy(provider.GetRequiredService<RetryMeter>(), HttpPipelinePosition.PerRetry);
            return new CloudStorageClient(new Uri(all["EightByEight:BaseUrl"]!), provider.GetRequiredService<AccessTokenSource>(), options);
        }));
        services.Replace(ServiceDescriptor.Singleton(provider =>
        {
            var options = new TokenClientOptions
            {
                Retry = { Delay = TimeSpan.FromMilliseconds(5), MaxDelay = TimeSpan.FromMilliseconds(20) },
                TimeProvider = provider.GetRequiredService<TimeProvider>(),
            };
            options.AddPolicy(provider.GetRequiredService<RetryMeter>(), HttpPipelinePosition.PerRetry);
            return new TokenClient(new Uri(all["EightByEight:BaseUrl"]!), options);
        }));
        if (maxPages is { } pages)
        {
            services.Replace(ServiceDescriptor.Singleton(provider => ActivatorUtilities.CreateInstance<ObjectLister>(provider, pages)));
        }

        if (storagePolicy is not null)
        {
            var tables = new TableClientOptions();
            tables.AddPolicy(storagePolicy, HttpPipelinePosition.PerCall);
            services.Replace(ServiceDescriptor.Singleton(new TableServiceClient(account.ConnectionString, tables)));
            var queues = new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 };
            queues.AddPolicy(storagePolicy, HttpPipelinePosition.PerCall);
            services.Replace(ServiceDescriptor.Singleton(new QueueServiceClient(account.ConnectionString, queues)));
            var blobs = new BlobClientOptions();
            blobs.AddPolicy(storagePolicy, HttpPipelinePosition.PerCall);
            services.Replace(ServiceDescriptor.Singleton(new BlobServiceClient(account.ConnectionString, blobs)));
        }

        return new Pipeline(simulator, account, services.BuildServiceProvider());
    }

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    /// <summary>Creates something of the services, and of parts in the place of theirs.</summary>
    public T Create<T>(params object[] parts) => ActivatorUtilities.CreateInstance<T>(_services, parts);

    /// <summary>Plans a listing and delivers every message until nothing visible is left.</summary>
    public async Task RunAsync()
    {
        await PlanListingAsync();
        await DeliverAllAsync();
    }

    /// <summary>Waits until a listing has all that changed until now: a window ends with a whole second, and the next begins there.</summary>
    public static Task PassWindowEndAsync() => Task.Delay(TimeSpan.FromSeconds(1.1), Cancellation);

    /// <summary>Plans a listing and delivers its windows once, so that what they hold is queued.</summary>
    public async Task PlanAndListAsync()
    {
        await PlanListingAsync();
        await DeliverAsync(QueueNames.ListWindows, ListAsync);
    }

    /// <summary>Delivers, deferred messages included, until objects are in a state.</summary>
    public Task DeliverUntilAsync(IReadOnlyCollection<SimulatedObject> items, Func<string?, bool> isReached, string what) => Eventually.HoldsAsync(
        async () =>
        {
            await DeliverAllAsync();
            return (await Task.WhenAll(items.Select(StateAsync))).All(isReached);
        },
        what);

    /// <summary>Delivers until nothing visible is left.</summary>
    public async Task DeliverAllAsync()
    {
        while (await DeliverAsync(QueueNames.ListWindows, ListAsync)
            + await DeliverAsync(QueueNames.ArchiveObjects, ArchiveAsync)
            + await DeliverAsync(QueueNames.RestoreObjects, RestoreAsync)
            + await DeliverAsync(QueueNames.VerifyObjects, VerifyAsync)
            + await DeliverAsync(QueueNames.PurgeObjects, PurgeAsync)
            + await DeliverAsync(QueueNames.PlanDays, PlanAsync)
            + await DeliverAsync(QueueNames.ChangeCases, ChangeCaseAsync)
            + await DeliverAsync(QueueNames.ExportCases, ExportCaseAsync) > 0)
        {
        }
    }

    /// <summary>
    /// Delivers what is visible in a queue once, as the Functions host would: deleted when handled, back at once when not, and
    /// recorded as failed after five tries.
    /// </summary>
    public async Task<int> DeliverAsync(string queueName, Func<QueueMessage, Task> handle)
    {
        // As host.json has it: messages are handed on as they are.
        var queue = new QueueClient(Account.ConnectionString, queueName);
        if (!await queue.ExistsAsync(Cancellation))
        {
            return 0;
        }

        var messages = (await queue.ReceiveMessagesAsync(32, TimeSpan.FromMinutes(5), Cancellation)).Value;
        await Parallel.ForEachAsync(messages, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancellation }, async (message, _) =>
        {
            try
            {
                await handle(message);
                await queue.DeleteMessageAsync(message.MessageId, message.PopReceipt, Cancellation);
            }
            catch (Exception) when (!Cancellation.IsCancellationRequested)
            {
                if (message.DequeueCount < MaxDequeueCount)
                {
                    await queue.UpdateMessageAsync(message.MessageId, message.PopReceipt, visibilityTimeout: TimeSpan.Zero, cancellationToken: Cancellation);
                    return;
                }

                await RecordFailureAsync(queueName, message);
                await queue.DeleteMessageAsync(message.MessageId, message.PopReceipt, Cancellation);
            }
        });
        return messages.Length;
    }

    public Task ArchiveAsync(QueueMessage message) => ArchiveAsync(message, Cancellation);

    public Task ArchiveAsync(QueueMessage message, CancellationToken cancellationToken) =>
        Handler.HandleAsync<ObjectMessage>(
            QueueNames.ArchiveObjects,
            message,
            (work, token) => Get<ObjectArchiver>().ArchiveAsync(work, message.DequeueCount, token),
            cancellationToken);

    public Task RestoreAsync(QueueMessage message) => RestoreAsync(message, Cancellation);

    public Task RestoreAsync(QueueMessage message, CancellationToken cancellationToken) =>
        Handler.HandleAsync<ObjectMessage>(
            QueueNames.RestoreObjects,
            message,
            (work, token) => Get<ObjectRestorer>().RestoreAsync(work, message.DequeueCount, message.InsertedOn, token),
            cancellationToken);

    public Task VerifyAsync(QueueMessage message) => VerifyAsync(message, Cancellation);

    public Task VerifyAsync(QueueMessage message, CancellationToken cancellationToken) =>
        Handler.HandleAsync<ObjectMessage>(QueueNames.VerifyObjects, message, Get<ObjectVerifier>().VerifyAsync, cancellationToken);

    public Task PurgeAsync(QueueMessage message) => PurgeAsync(message, Cancellation);

    public Task PurgeAsync(QueueMessage message, CancellationToken cancellationToken) =>
        Handler.HandleAsync<ObjectMessage>(QueueNames.PurgeObjects, message, Get<ObjectPurger>().PurgeAsync, cancellationToken);

    public Task PlanAsync(QueueMessage message) =>
        Handler.HandleAsync<PlanMessage>(QueueNames.PlanDays, message, Get<DayPlans>().ContinueAsync, Cancellation);

    /// <summary>Starts a plan, which is done in the queue after its first parts.</summary>
    public async Task<PlanProgress> StartAsync(PlanMessage plan, int maxParts = int.MaxValue) =>
        (await Get<DayPlans>().StartAsync(plan, TimeSpan.FromMinutes(1), Cancellation, maxParts))!;

    /// <summary>Plans a night's verification.</summary>
    public async Task<VerificationPlan> PlanVerificationAsync() => VerificationPlanner.ToResult((await StartAsync(VerificationPlanner.Night)).Plan);

    /// <summary>Plans a purge.</summary>
    public async Task<PurgePlan> PlanPurgeAsync(bool isDryRun) =>
        Get<PurgePlanner>().ToResult(await StartAsync(Get<PurgePlanner>().Prepare(isDryRun)));

    /// <summary>Does to the index of searches what ten minutes without a write do, by the storage's clock.</summary>
    public async Task SettleIndexAsync()
    {
        var table = Account.Tables.GetTableClient(SearchIndex.TableName);
        foreach (var day in (await Get<SearchIndex>().ReadStateAsync(Cancellation)).OpenDays)
        {
            await table.DeleteEntityAsync(day.PartitionKey, day.RowKey, cancellationToken: Cancellation);
        }
    }

    /// <summary>Plans the nightly purge; <see langword="null"/> when purging is switched off.</summary>
    public async Task<PurgePlan?> PlanNightlyPurgeAsync() => await Get<PurgePlanner>().PrepareNightlyAsync(Cancellation) is { } plan
        ? Get<PurgePlanner>().ToResult(await StartAsync(plan))
        : null;

    /// <summary>Puts failed objects back.</summary>
    public async Task<Operations.Failures.Redriven> RedriveAsync(string? region = null, string? type = null, params string[] ids) =>
        Operations.Failures.FailureRedriver.ToResult(await StartAsync(Get<Operations.Failures.FailureRedriver>().Prepare(region, type, ids)));
    public Task ChangeCaseAsync(QueueMessage message) =>
        Handler.HandleAsync<CaseMessage>(QueueNames.ChangeCases, message, Get<CaseChanger>().ChangeAsync, Cancellation);

    public Task ExportCaseAsync(QueueMessage message) =>
        Handler.HandleAsync<CaseMessage>(QueueNames.ExportCases, message, Get<CaseExporter>().ExportAsync, Cancellation);

    public Task ListAsync(QueueMessage message) => ListAsync(message, Cancellation);

    public Task ListAsync(QueueMessage message, CancellationToken cancellationToken) =>
        Handler.HandleAsync<WindowMessage>(
            QueueNames.ListWindows,
            message,
            (window, token) => Get<WindowLister>().ListAsync(window, message.DequeueCount, token),
            cancellationToken);

    /// <summary>Handles a message of a poison queue, as the functions of those do.</summary>
    /// <param name="queueName">The queue whose poison queue it came from.</param>
    /// <param name="message">The message.</param>
    public Task RecordFailureAsync(string queueName, QueueMessage message) => queueName switch
    {
        QueueNames.ListWindows => Handler.HandleFailedAsync<WindowMessage>(
            queueName,
            message,
            Get<WindowFailureRecorder>().RecordAsync,
            Cancellation),
        QueueNames.PlanDays => Handler.HandleFailedAsync<PlanMessage>(queueName, message, Get<DayPlans>().SkipDayAsync, Cancellation),
        QueueNames.ChangeCases => Handler.HandleFailedAsync<CaseMessage>(queueName, message, Get<CaseChanger>().RecordFailureAsync, Cancellation),
        QueueNames.ExportCases => Handler.HandleFailedAsync<CaseMessage>(queueName, message, Get<CaseExporter>().RecordFailureAsync, Cancellation),
        QueueNames.VerifyObjects or QueueNames.PurgeObjects => Handler.HandleFailedAsync<ObjectMessage>(
            queueName,
            message,
            (work, _) => Get<FailureRecorder>().ReportObjectAsync(work, $"It failed in {queueName}."),
            Cancellation),
        QueueNames.CatalogueMonths => Handler.HandleFailedAsync<CatalogueMessage>(queueName, message, Get<CatalogueBuilder>().RecordFailureAsync, Cancellation),
        _ => Handler.HandleFailedAsync<ObjectMessage>(
            queueName,
            message,
            (work, token) => Get<FailureRecorder>().RecordObjectAsync(queueName, work, token),
            Cancellation),
    };

    /// <summary>How many messages a queue holds, hidden ones included.</summary>
    public async Task<int> CountAsync(string queueName)
    {
        var queue = Account.Queues.GetQueueClient(queueName);
        return await queue.ExistsAsync(Cancellation) ? (await queue.GetPropertiesAsync(Cancellation)).Value.ApproximateMessagesCount : 0;
    }

    public async Task<LedgerEntry?> FindAsync(SimulatedObject item) =>
        await Get<ObjectLedger>().FindAsync(new LedgerKey(LedgerKey.Partition(item.Region, item.CreatedTime), ObjectNames.Encode(item.Id)), Cancellation);

    public async Task<string?> StateAsync(SimulatedObject item) => (await FindAsync(item))?.State;

    public async Task<Dictionary<string, BinaryData>> ReadContainerAsync()
    {
        var blobs = new Dictionary<string, BinaryData>(StringComparer.Ordinal);
        if (!await Container.ExistsAsync(Cancellation))
        {
            return blobs;
        }

        await foreach (var blob in Container.GetBlobsAsync(
            Azure.Storage.Blobs.Models.BlobTraits.None,
            Azure.Storage.Blobs.Models.BlobStates.None,
            prefix: null,
            Cancellation))
        {
            blobs[blob.Name] = (await Container.GetBlobClient(blob.Name).DownloadContentAsync(Cancellation)).Value.Content;
        }

        return blobs;
    }

    public async Task<List<string>> ReadNamesAsync()
    {
        var names = new List<string>();
        if (await Container.ExistsAsync(Cancellation))
        {
            await foreach (var blob in Container.GetBlobsAsync(
                Azure.Storage.Blobs.Models.BlobTraits.None,
                Azure.Storage.Blobs.Models.BlobStates.None,
                prefix: null,
                Cancellation))
            {
                names.Add(blob.Name);
            }
        }

        return names;
    }

    /// <summary>Asserts that an object stands in the archive, exactly and once.</summary>
    public async Task AssertArchivedAsync(SimulatedObject item)
    {
        var entry = await FindAsync(item);
        Assert.NotNull(entry);
        Assert.True(entry.Is(LedgerState.Archived), $"{item.Id} is {entry.State}: {entry.LastError}");
        var bytes = (await Container.GetBlobClient(entry.Blob).DownloadContentAsync(Cancellation)).Value.Content.ToArray();
        var expected = new byte[item.Content.Length];
        item.Content.Fill(expected, 0);
        Assert.True(expected.AsSpan().SequenceEqual(bytes), $"{item.Id}: the bytes differ");
        var receipt = Receipt.Parse((await Container.GetBlobClient(ArchiveLayout.ReceiptName(entry.Blob!)).DownloadContentAsync(Cancellation)).Value.Content);
        Assert.Equal((item.Region, item.Id, entry.Blob), (receipt.Region, receipt.Record.Id, receipt.Blob));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(expected)), receipt.Sha256);
        Assert.Equal(Convert.ToHexStringLower(MD5.HashData(expected)), receipt.Md5);
        Assert.Equal(item.Content.Length, receipt.Bytes);
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await Simulator.DisposeAsync();
    }

    /// <summary>Plans a listing. It reaches to the last whole second: a second one in the same second would list nothing.</summary>
    private async Task PlanListingAsync()
    {
        if (Now.ToUnixTimeSeconds() == _lastPlanned)
        {
            // A little more, because a timer can be early by a millisecond.
            await Task.Delay(TimeSpan.FromMilliseconds(1010 - Now.Millisecond), Cancellation);
        }

        await Get<ListingPlanner>().PlanAsync(Cancellation);

        // The planner may have read the clock in this second, or in an earlier one.
        _lastPlanned = Now.ToUnixTimeSeconds();
    }
}

/// <summary>The machine's clock, and as much later as a test says.</summary>
internal sealed class MovableTime : TimeProvider
{
    private long _ahead;

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ahead, by.Ticks);

    public override long GetTimestamp() => base.GetTimestamp() + (Interlocked.Read(ref _ahead) * (TimestampFrequency / TimeSpan.TicksPerSecond));

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _ahead));
}
