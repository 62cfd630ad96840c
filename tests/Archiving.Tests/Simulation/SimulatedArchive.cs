using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Archiving.Archive;
using Archiving.Copying;
using Archiving.Indexing;
using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Planning;
using Archiving.Queues;
using Archiving.Requeuing;
using Archiving.Source;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using EightByEight;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Operations;
using Operations.Failures;
using Operations.Runs;
using Simulator.Objects;

namespace Archiving.Tests.Simulation;

/// <summary>
/// One simulated archive, decided by a seed: objects come, change, move between states and vanish; messages come
/// twice, late and in any order; the process is killed between any two of its writes, its clock jumps, its requests
/// fail. Then everything calms down, and what must be archived is.
/// </summary>
internal sealed class SimulatedArchive : IDisposable
{
    private const int MaxDequeueCount = 5;
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(10);

    // A poison queue holds what an outage deferred when its failure was to be recorded.
    private static readonly IReadOnlyList<string> Delivered =
    [
        QueueNames.ListWindows,
        QueueNames.ArchiveObjects,
        QueueNames.RestoreObjects,
        QueueNames.PlanDays,
        QueueNames.ListWindows + QueueNames.PoisonSuffix,
        QueueNames.ArchiveObjects + QueueNames.PoisonSuffix,
        QueueNames.PlanDays + QueueNames.PoisonSuffix,
    ];

    // Of the schedule that the settings give.
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan RegionsAreKept = TimeSpan.FromHours(1);

    // A listing leaves out the last minute, and clocks differ by a minute to either side; it may then take half an hour
    // before the planner gives it up.
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(33);

    // Records without updatedTime are found by a daily pass over what was made in the last three days.
    private static readonly TimeSpan BetweenPasses = TimeSpan.FromDays(1);
    private static readonly TimeSpan PassLookBack = TimeSpan.FromDays(3);
    private readonly World _world;
    private readonly ObjectStore _store;
    private readonly InMemoryCloud _cloud;
    private readonly InMemoryTables _tables;
    private readonly InMemoryQueues _queues;
    private readonly InMemoryBlobs _blobs;
    private readonly Func<IServiceProvider, KeysetPager>? _pager;
    private readonly CloudFaults _faults;
    private readonly bool _isFaulty;
    private readonly bool _plansOverdueListing;
    private readonly Dictionary<string, DateTimeOffset> _listedSince = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<byte[]>> _contents = new(StringComparer.Ordinal);
    private readonly List<(Task Task, InMemoryQueue? Queue, InMemoryQueue.Message? Message, int Delivery)> _running = [];
    private ServiceProvider _process = null!;
    private VerdictObserver _observer = null!;
    private int _largestSecond;
    private string? _lie;

    /// <param name="seed">Decides everything.</param>
    /// <param name="pager">Lists instead of the archiver's own.</param>
    /// <param name="isFaulty">Whether 8x8 misbehaves too, and for longer, and the verdict is held against the truth all the time.</param>
    public SimulatedArchive(int seed, Func<IServiceProvider, KeysetPager>? pager = null, bool isFaulty = false)
    {
        _world = new World(seed);
        _store = new ObjectStore(new World.TrueClock(_world));
        _faults = new CloudFaults(_world);
        _isFaulty = isFaulty;
        _plansOverdueListing = isFaulty && _world.Chance(0.5);
        _cloud = new InMemoryCloud(_world, _store, _faults, pageSize: 3 + _world.Pick(6));
        _tables = new InMemoryTables(_world);
        _queues = new InMemoryQueues(_world);
        _blobs = new InMemoryBlobs(_world);
        _pager = pager;

        // The key of the index decides what is written together: with one made by chance, no two runs of a seed were the same.
        _tables.Put(SearchIndex.TableName, new IndexDayRow { RowKey = IndexDayRow.StartKey, IsOpen = true, Key = new string('0', 64) });
    }

    /// <summary>How often the verdict was read.</summary>
    public int Verdicts { get; private set; }

    /// <summary>How often it said that everything is safe.</summary>
    public int SafeVerdicts { get; private set; }

    /// <summary>How many reads and writes there were.</summary>
    public int Steps => _world.Steps;

    /// <summary>How many faults of 8x8 there were.</summary>
    public int Faults => _faults.Count;

    /// <summary>Runs it, and tells what is wrong in the end; <see langword="null"/> when nothing is.</summary>
    public string? Run()
    {
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(_world);
        try
        {
            StartProcess();
            _store.Search = new SearchBehaviour { PageNumbers = _world.Chance(0.3), ShuffleTies = _world.Chance(0.3), Total = "none" };
            for (var number = 0; number < 15 + _world.Pick(40); number++)
            {
                Insert(TimeSpan.FromHours(_world.Pick(48)) + TimeSpan.FromSeconds(_world.Pick(3600)), burst: _world.Chance(0.1));
            }

            _world.FailOneIn = _world.Chance(0.5) ? 60 : 0;
            if (_isFaulty)
            {
                ActThroughFaults();
            }
            else
            {
                for (var action = 0; action < 900; action++)
                {
                    Act();
                }
            }

            if (_lie is null)
            {
                Calm();
            }

            return _lie ?? Judge();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
            Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process?.Dispose();
        _observer?.Dispose();
    }

    /// <summary>A day or two, in steps of ten minutes, in which much goes wrong at 8x8.</summary>
    private void ActThroughFaults()
    {
        _observer = VerdictObserver.Start(_world, _tables, _queues, Services());
        for (var ticks = 40 + _world.Pick(160); ticks > 0 && _lie is null; ticks--)
        {
            _faults.Begin();
            var next = _world.Now + Interval;
            if (_world.Now >= _faults.NoTimersUntil)
            {
                Start(_process.GetRequiredService<ListingPlanner>().PlanAsync(CancellationToken.None));
            }

            if (_world.Chance(0.12))
            {
                StartBackfill();
            }

            if (_world.Chance(0.05))
            {
                StartRedrive();
            }

            for (var action = _world.Pick(150); action > 0 && _lie is null; action--)
            {
                ActWithinTick();
            }

            // Mostly there are machines enough to end what was begun.
            if (_world.Chance(0.8) && _world.Now >= _faults.NoQueuesUntil)
            {
                Drain();
            }

            if (_world.Now < next)
            {
                _world.Advance(next - _world.Now);
            }

            Look();
        }
    }

    private void ActWithinTick()
    {
        switch (_world.Pick(1000))
        {
            case < 850:
                _world.Turn();
                break;
            case < 950:
                if (_world.Now >= _faults.NoQueuesUntil)
                {
                    Deliver();
                }

                break;
            case < 970:
                Mutate();
                break;
            case < 980:
                _world.Advance(TimeSpan.FromSeconds(_world.Pick(90)));
                break;
            case < 984:
                // Clocks in a data centre differ by less.
                _world.Skew = TimeSpan.FromSeconds(_world.Pick(121) - 60);
                break;
            case 984:
                _world.Crash();
                _running.Clear();
                StartProcess();
                break;
            case < 990:
                Look();
                break;
            case < 995:
                if (_world.Chance(0.05) && _store.GetAll() is { Count: > 0 } all)
                {
                    _faults.BeginWith(all[_world.Pick(all.Count)].Id);
                }

                break;
        }

        Reap();
    }

    private void StartBackfill() => Start(_process.GetRequiredService<RunStarter>().BackfillAsync(
        _world.Now.AddDays(-6),
        _world.Now.AddMinutes(-2),
        wantedRegions: [],
        types: [],
        CancellationToken.None));

    /// <summary>Starts to put back what failed, a day in each step.</summary>
    private void StartRedrive() => Start(_process.GetRequiredService<DayPlans>().StartAsync(
        _process.GetRequiredService<FailureRedriver>().Prepare(region: null, type: null, ids: []),
        TimeSpan.Zero,
        CancellationToken.None,
        maxParts: 1));

    /// <summary>Reads the verdict, and looks for an object that it hides.</summary>
    private void Look()
    {
        var verdict = _observer.Read();
        Verdicts++;
        if (!verdict.IsSafe)
        {
            return;
        }

        SafeVerdicts++;
        var rows = _tables.Rows("objects").ToDictionary(row => (string)row["Id"]!, StringComparer.Ordinal);
        foreach (var item in Wanted())
        {
            // 8x8 names its regions when it is asked, once an hour.
            var named = _faults.NamedSince(item.Region);
            var since = _listedSince[item.Id];
            since = named > DateTimeOffset.MinValue && named < DateTimeOffset.MaxValue && named + RegionsAreKept > since ? named + RegionsAreKept : since;
            var hasUpdatedTime = !_faults.WithoutUpdatedTime.Contains(item.Id);
            var isBeforePass = !hasUpdatedTime && since + BetweenPasses - item.CreatedTime > PassLookBack;
            var known = hasUpdatedTime ? since + Slack : since + Slack + BetweenPasses;
            if (named == DateTimeOffset.MaxValue || isBeforePass || !_observer.Inspector.IsOverdue(known, _world.Now))
            {
                continue;
            }

            var row = rows.GetValueOrDefault(item.Id);
            var isKnown = (string?)row?["State"] switch
            {
                "Queued" or "Restoring" => true,
                "Archived" => (string?)row["Sha256"] == Sha256(_contents[item.Id][^1]),
                _ => false,
            };
            if (!isKnown)
            {
                _lie = $"at {_world.Now:O} the verdict is \"{verdict.Text}\" and {Describe(item)}, listed since {_listedSince[item.Id]:O}, "
                    + $"is {row?["State"] ?? "unknown"}: {row?.GetValueOrDefault("LastError")}; {DescribeWatermarks()}";
                return;
            }
        }
    }

    private static string Describe(SimulatedObject item) => $"{item.Region}/{item.Id} (made {item.CreatedTime:O}, changed {item.UpdatedTime:O})";

    private string DescribeWatermarks() => string.Join(", ", _tables.Rows("listings")
        .Where(row => (string)row["PartitionKey"]! == WatermarkRow.Partition)
        .Select(row => $"{row["Region"]} is listed to {row.GetValueOrDefault("Watermark"):s} since {row.GetValueOrDefault("LastCompleted"):s}, "
            + $"with a run under way since {row.GetValueOrDefault("ActiveSince"):s}{(row["IsLeft"] is true ? ", and left" : "")}"));

    /// <summary>What is to be archived.</summary>
    private IEnumerable<SimulatedObject> Wanted() => _store.GetAll().Where(item => item.State == "AVAILABLE" && !item.Hidden);

    private void Act()
    {
        switch (_world.Pick(100))
        {
            case < 62:
                _world.Turn();
                break;
            case < 76:
                Deliver();
                break;
            case 76:
                Start(_process.GetRequiredService<ObjectIndexer>().IndexAsync(CancellationToken.None));
                break;
            case < 80:
                Start(_process.GetRequiredService<ListingPlanner>().PlanAsync(CancellationToken.None));
                break;
            case < 89:
                Mutate();
                break;
            case < 96:
                _world.Advance(TimeSpan.FromSeconds(_world.Pick(90)));
                break;
            case 96 when _world.Chance(0.1):
                StartBackfill();
                break;
            case 96:
                _world.Advance(TimeSpan.FromMinutes(_world.Pick(30)));
                break;
            case 97:
                _world.Skew = TimeSpan.FromMinutes(_world.Pick(31) - 15);
                break;
            default:
                if (_world.Chance(0.4))
                {
                    _world.Crash();
                    _running.Clear();
                    StartProcess();
                }

                break;
        }

        Reap();
    }

    /// <summary>No more faults: several listings, and whatever they bring, to the end.</summary>
    private void Calm()
    {
        _world.FailOneIn = 0;
        _world.Skew = TimeSpan.Zero;
        _faults.End();
        foreach (var item in _store.GetAll().Where(item => _faults.ReplaceRecord(item, isAlone: false) is not null))
        {
            _faults.Fix(item.Id);
            _store.Touch(item.Region, item.Id);
        }

        foreach (var queue in _queues.All)
        {
            queue.DuplicateOneIn = 0;
        }

        List();
        if (_isFaulty)
        {
            // What failed is tried again, and what has waited too long.
            _world.Advance(TimeSpan.FromHours(7));
            StartBackfill();
            List();
            var verdict = _observer.Read().Text;
            _lie = !_faults.HidIds && verdict.Contains("may be unknown", StringComparison.Ordinal) ? $"in the end the verdict is \"{verdict}\"" : null;
        }

        void List()
        {
            for (var round = 0; round < 10; round++)
            {
                Start(_process.GetRequiredService<ListingPlanner>().PlanAsync(CancellationToken.None));
                Drain();
                Start(_process.GetRequiredService<ObjectIndexer>().IndexAsync(CancellationToken.None));
                Drain();
                _world.Advance(TimeSpan.FromMinutes(12));
            }

            Drain();
        }
    }

    private void Drain()
    {
        var quiet = 0;
        while (quiet < 2)
        {
            var isBusy = Deliver();
            while (_world.Turn())
            {
                isBusy = true;
                Reap();
            }

            Reap();
            quiet = isBusy ? 0 : quiet + 1;
        }
    }

    private string? Judge()
    {
        var receipts = new Dictionary<(string Id, string Sha256), int>();
        foreach (var (name, blob) in _blobs.Blobs)
        {
            if (name.EndsWith(ArchiveLayout.ReceiptSuffix, StringComparison.Ordinal))
            {
                var receipt = Receipt.Parse(BinaryData.FromBytes(blob.Bytes));
                var key = (receipt.Record.Id, receipt.Sha256);
                receipts[key] = receipts.GetValueOrDefault(key) + 1;
                if (!_blobs.Blobs.TryGetValue(receipt.Blob, out var content) || Sha256(content.Bytes) != receipt.Sha256)
                {
                    return $"the receipt {name} does not fit its content";
                }
            }
            else if (!_contents.Any(item =>
                name.Contains(item.Key, StringComparison.Ordinal) && item.Value.Exists(bytes => bytes.AsSpan().SequenceEqual(blob.Bytes))))
            {
                return $"{name} holds bytes that the object never had: {Encoding.UTF8.GetString(blob.Bytes)}";
            }
        }

        foreach (var twice in receipts.Where(receipt => receipt.Value > 1))
        {
            return $"{twice.Key.Id} is archived {twice.Value} times";
        }

        var rows = _tables.Rows("objects").ToDictionary(row => (string)row["Id"]!, StringComparer.Ordinal);
        foreach (var item in Wanted())
        {
            var row = rows.GetValueOrDefault(item.Id);
            if ((string?)row?["State"] != "Archived")
            {
                return $"{Describe(item)} is {row?["State"] ?? "unknown"} by {row?.GetValueOrDefault("Run")} "
                    + $"at {row?.GetValueOrDefault("QueuedAt"):O}: {row?.GetValueOrDefault("LastError")}";
            }

            if (receipts.GetValueOrDefault((item.Id, Sha256(_contents[item.Id][^1]))) != 1)
            {
                return $"{item.Id} is not archived with its newest content";
            }
        }

        var runs = _tables.Rows("listings").GroupBy(row => (string)row["PartitionKey"]!);
        foreach (var run in runs.Where(run => run.Key.StartsWith("run|", StringComparison.Ordinal)))
        {
            int Sum(string name) => run.Where(row => ((string)row["RowKey"]!)[0] == '~').Sum(row => (int)row[name]!);
            var windows = run.Where(row => ((string)row["RowKey"]!)[0] != '~' && row["IsCut"] is not true).ToList();
            if ((Sum("Planned"), Sum("Completed")) != (windows.Count, windows.Count(row => row["Done"] is true))
                && run.All(row => row.GetValueOrDefault("IsCut") is not true || row["Done"] is true))
            {
                return $"{run.Key} has counted {Sum("Planned")} windows and {Sum("Completed")} that are done, "
                    + $"of {windows.Count} and {windows.Count(row => row["Done"] is true)}";
            }
        }

        if (JudgeIndex() is { } problem)
        {
            return problem;
        }

        if (_cloud.DeepestPageKey >= Math.Max(1, _largestSecond))
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"page key {_cloud.DeepestPageKey} was asked for, with {_largestSecond} records in a second at most");
        }

        return null;
    }

    /// <summary>Every object is found by each of its terms, and nothing else is.</summary>
    private string? JudgeIndex()
    {
        var index = _tables.Rows(SearchIndex.TableName).ToList();
        if (index.Find(row => (string)row["PartitionKey"]! == IndexDayRow.Partition && row["IsOpen"] is true) is { } open)
        {
            return $"the day {open["RowKey"]} is not in the index in the end";
        }

        var key = Convert.FromHexString((string)index.Find(row => (string)row["RowKey"]! == IndexDayRow.StartKey)!["Key"]!);
        var expected = _tables.Rows(ObjectLedger.TableName).Select(InMemoryTable.Read<LedgerEntry>)
            .SelectMany(row => SearchTerms.Of(row).Select(term => SearchIndex.Row(key, term, IndexSlot.Of(row))))
            .Select(row => (row.PartitionKey, row.RowKey))
            .ToHashSet();
        var present = index.Where(row => ((string)row["PartitionKey"]!).StartsWith(SearchIndex.TermPartition, StringComparison.Ordinal))
            .ToLookup(row => row.GetValueOrDefault("Text") is not null, row => (PartitionKey: (string)row["PartitionKey"]!, RowKey: (string)row["RowKey"]!));
        var names = present[false].ToHashSet();

        // A record that could not be read first says another type then: the index leads to the object by both.
        var terms = expected.Select(row => row.RowKey[..16]).ToHashSet(StringComparer.Ordinal);
        var unknown = names.Count(row => !terms.Contains(row.RowKey[..16]));
        var missing = expected.Except(names).Count() + SpokenRows(key).Except(present[true]).Count();
        return missing == 0 && unknown == 0
            ? null
            : $"the index lacks {missing} of {expected.Count} rows and has {unknown} of terms that no object has";
    }

    /// <summary>Where the index leads to what the archived texts say.</summary>
    private IEnumerable<(string PartitionKey, string RowKey)> SpokenRows(byte[] key) =>
        from entry in _tables.Rows(ObjectLedger.TableName).Select(InMemoryTable.Read<LedgerEntry>)
        where SpokenText.IsIn(entry) && _blobs.Blobs.ContainsKey(entry.Blob!)
        let content = BinaryData.FromBytes(_blobs.Blobs[entry.Blob!].Bytes)
        let text = ArchivedText.Decode(new BlobBeginning(content, IsWhole: true), content.ToMemory().Length).Text
        from term in SearchTerms.OfSpoken(string.Join('\n', ArchivedText.Lines(text)))
        let slot = IndexSlot.OfText(entry)
        let row = SearchIndex.Row(key, term, slot)
        select (row.PartitionKey, row.RowKey);

    private static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private void StartProcess()
    {
        _process = Services().BuildServiceProvider();
        foreach (var name in QueueNames.All)
        {
            _queues.Get(name).DuplicateOneIn = 8;
        }
    }

    private ServiceCollection Services()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        var settings = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
            ["EightByEight:Key"] = "k",
            ["EightByEight:Secret"] = "s",
            ["Listing:StartFrom"] = _world.Now.AddDays(-4).ToString("O", CultureInfo.InvariantCulture),
        };
        Schedules.AddTo(settings);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        services.AddSingleton<IConfiguration>(configuration);
        services.AddSingleton<TimeProvider>(new World.ProcessClock(_world));
        services.AddArchiving(configuration).AddOperations();
        services.Replace(ServiceDescriptor.Singleton<CloudStorageClient>(_cloud));
        services.Replace(ServiceDescriptor.Singleton<TableServiceClient>(_tables));
        services.Replace(ServiceDescriptor.Singleton<QueueServiceClient>(_queues));
        services.Replace(ServiceDescriptor.Singleton<BlobServiceClient>(_blobs));
        if (_pager is not null)
        {
            services.Replace(ServiceDescriptor.Singleton(_pager));
        }

        services.Replace(ServiceDescriptor.Singleton(provider => ActivatorUtilities.CreateInstance<ObjectLister>(provider, 2 + (_world.Seed % 5))));
        services.AddSingleton(_world.Random);
        return services;
    }

    private void Start(Task task, InMemoryQueue? queue = null, InMemoryQueue.Message? message = null) =>
        _running.Add((task, queue, message, message?.DequeueCount ?? 0));

    /// <summary>Hands a visible message of any queue to its function.</summary>
    private bool Deliver()
    {
        var first = _world.Pick(Delivered.Count);
        for (var index = 0; index < Delivered.Count; index++)
        {
            var queue = _queues.Get(Delivered[(first + index) % Delivered.Count]);
            if (queue.TryReceive(Lease) is not { } message)
            {
                continue;
            }

            if (_plansOverdueListing)
            {
                Start(_process.GetRequiredService<OverdueListing>().PlanAsync(queue.Name, CancellationToken.None));
            }

            Start(HandleAsync(queue, message), queue, message);
            return true;
        }

        return false;
    }

    private Task HandleAsync(InMemoryQueue queue, InMemoryQueue.Message message)
    {
        var handler = _process.GetRequiredService<MessageHandler>();
        var delivered = QueuesModelFactory.QueueMessage("id", "receipt", message.Body, message.DequeueCount);
        return queue.Name switch
        {
            QueueNames.ListWindows when message.DequeueCount <= MaxDequeueCount => handler.HandleAsync<WindowMessage>(
                queue.Name,
                delivered,
                (window, token) => _process.GetRequiredService<WindowLister>().ListAsync(window, delivered.DequeueCount, token),
                CancellationToken.None),
            QueueNames.ListWindows or QueueNames.ListWindows + QueueNames.PoisonSuffix => handler.HandleFailedAsync<WindowMessage>(
                QueueNames.ListWindows,
                delivered,
                _process.GetRequiredService<WindowFailureRecorder>().RecordAsync,
                CancellationToken.None),

            // However often the process crashes over it: that alone makes no failure of an object.
            QueueNames.ArchiveObjects when !_isFaulty || message.DequeueCount <= MaxDequeueCount => handler.HandleAsync<ObjectMessage>(
                queue.Name,
                delivered,
                (work, token) => _process.GetRequiredService<ObjectArchiver>().ArchiveAsync(work, delivered.DequeueCount, token),
                CancellationToken.None),
            QueueNames.ArchiveObjects or QueueNames.ArchiveObjects + QueueNames.PoisonSuffix => handler.HandleFailedAsync<ObjectMessage>(
                QueueNames.ArchiveObjects,
                delivered,
                (work, token) => _process.GetRequiredService<FailureRecorder>().RecordObjectAsync(QueueNames.ArchiveObjects, work, token),
                CancellationToken.None),

            QueueNames.PlanDays when message.DequeueCount <= MaxDequeueCount => handler.HandleAsync<PlanMessage>(
                queue.Name,
                delivered,
                _process.GetRequiredService<DayPlans>().ContinueAsync,
                CancellationToken.None),
            QueueNames.PlanDays or QueueNames.PlanDays + QueueNames.PoisonSuffix => handler.HandleFailedAsync<PlanMessage>(
                QueueNames.PlanDays,
                delivered,
                _process.GetRequiredService<DayPlans>().SkipDayAsync,
                CancellationToken.None),

            // Bringing objects back from cold storage is not part of this; when they come back they are listed again.
            _ => Task.CompletedTask,
        };
    }

    private void Reap()
    {
        for (var index = _running.Count - 1; index >= 0; index--)
        {
            var (task, queue, message, delivery) = _running[index];
            if (!task.IsCompleted)
            {
                continue;
            }

            _running.RemoveAt(index);
            if (task.Exception?.InnerException is { } exception
                && exception is not (Azure.RequestFailedException or OutageException or IOException or InvalidDataException))
            {
                throw new InvalidOperationException($"A function failed in a way that it must not: {exception}", exception);
            }

            if (queue is null || message is null)
            {
                continue;
            }

            if (task.IsCompletedSuccessfully)
            {
                queue.Delete(message, delivery);
            }
            else
            {
                queue.Release(message, delivery, TimeSpan.FromSeconds(30));
            }
        }
    }

    private void Insert(TimeSpan age, bool burst)
    {
        var created = _world.Now - age;
        var count = burst ? 8 + _world.Pick(10) : 1;
        for (var number = 0; number < count; number++)
        {
            var item = new ObjectSpecification
            {
                Region = _world.Chance(0.3) ? "uk" : "us-east",
                Type = "voicemail",
                Bytes = _world.Pick(300),
                Checksum = _world.Chance(0.1) ? "" : null,
                CreatedTime = created.AddMilliseconds(burst ? number * 7 : _world.Pick(1000)),
                UpdatedTime = created,
                Hidden = _world.Chance(0.05),
                State = _world.Chance(0.1) ? "ARCHIVED" : "AVAILABLE",
            };
            Remember(_store.Add(_isFaulty ? _faults.Distort(item) : item));
        }

        Count();
    }

    /// <summary>Something happens at 8x8.</summary>
    private void Mutate()
    {
        var all = _store.GetAll();
        if (all.Count == 0 || _world.Chance(0.35))
        {
            // Seldom seen at once: 8x8 shows a record up to some minutes after the time that it bears.
            var lag = _world.Chance(0.2) ? TimeSpan.FromSeconds(_world.Pick(1200)) : TimeSpan.FromSeconds(_world.Pick(40));
            Insert(lag, burst: _world.Chance(0.05));
            return;
        }

        var item = all[_world.Pick(all.Count)];
        _listedSince[item.Id] = _world.Now;
        _faults.Fix(item.Id);
        switch (_world.Pick(10))
        {
            case < 4:
                _store.Touch(item.Region, item.Id);
                break;
            case < 6 when item.State is "AVAILABLE" or "ARCHIVED":
                _store.SetState(item.Region, item.Id, item.State == "AVAILABLE" ? "ARCHIVED" : "AVAILABLE");
                break;
            case 6:
                // Where 8x8 claims nothing, an empty body is never believed.
                _store.ReplaceContent(item.Region, item.Id, (ulong)_world.Pick(int.MaxValue), (_isFaulty ? 1 : 0) + _world.Pick(300));
                Remember(item);
                break;
            case 7:
                _store.SetState(item.Region, item.Id, "REVOKED");
                break;
            case 8:
                _store.Remove(item.Region, item.Id);
                break;
            default:
                // A late document of an old call: made days ago, shown now.
                var late = _store.Add(new ObjectSpecification
                {
                    Type = "transcription",
                    Bytes = _world.Pick(200),
                    CreatedTime = _world.Now.AddDays(-3),
                    UpdatedTime = _world.Now,
                });
                Remember(late);
                break;
        }

        Count();
    }

    private void Remember(SimulatedObject item)
    {
        var bytes = new byte[item.Content.Length];
        item.Content.Fill(bytes, 0);
        if (!_contents.TryGetValue(item.Id, out var contents))
        {
            _contents[item.Id] = contents = [];
        }

        contents.Add(bytes);
        _listedSince[item.Id] = _world.Now;
        if (_isFaulty && _world.Chance(0.08))
        {
            _faults.BeginWith(item.Id);
        }
    }

    private void Count() => _largestSecond = Math.Max(
        _largestSecond,
        _store.GetAll().GroupBy(item => (item.Region, item.UpdatedTime.ToUnixTimeSeconds())).Select(group => group.Count()).DefaultIfEmpty().Max());
}
