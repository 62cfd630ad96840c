using System.Globalization;
using System.Security.Cryptography;
using Archiving.Archive;
using Archiving.Copying;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Queues;
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
using Simulator.Objects;

namespace Archiving.Tests.Simulation;

/// <summary>
/// One simulated archive, decided by a seed: objects come, change, move between states and vanish; messages come
/// twice, late and in any order; the process is killed between any two of its writes, its clock jumps, its requests
/// fail. Then everything calms down, and what must be archived is.
/// </summary>
internal sealed class SimulatedArchive
{
    private const int MaxDequeueCount = 5;
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(10);
    private readonly World _world;
    private readonly ObjectStore _store;
    private readonly InMemoryCloud _cloud;
    private readonly InMemoryTables _tables;
    private readonly InMemoryQueues _queues;
    private readonly InMemoryBlobs _blobs;
    private readonly Func<IServiceProvider, KeysetPager>? _pager;
    private readonly Dictionary<string, List<byte[]>> _contents = new(StringComparer.Ordinal);
    private readonly List<(Task Task, InMemoryQueue? Queue, InMemoryQueue.Message? Message, int Delivery)> _running = [];
    private ServiceProvider _process = null!;
    private int _largestSecond;

    public SimulatedArchive(int seed, Func<IServiceProvider, KeysetPager>? pager = null)
    {
        _world = new World(seed);
        _store = new ObjectStore(new World.TrueClock(_world));
        _cloud = new InMemoryCloud(_world, _store, pageSize: 3 + _world.Pick(6));
        _tables = new InMemoryTables(_world);
        _queues = new InMemoryQueues(_world);
        _blobs = new InMemoryBlobs(_world);
        _pager = pager;
    }

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
            for (var action = 0; action < 900; action++)
            {
                Act();
            }

            Calm();
            return Judge();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
            _process.Dispose();
        }
    }

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
            case < 80:
                Start(_process.GetRequiredService<ListingPlanner>().PlanAsync(CancellationToken.None));
                break;
            case < 89:
                Mutate();
                break;
            case < 96:
                _world.Advance(TimeSpan.FromSeconds(_world.Pick(90)));
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
        foreach (var queue in _queues.All)
        {
            queue.DuplicateOneIn = 0;
        }

        for (var round = 0; round < 10; round++)
        {
            Start(_process.GetRequiredService<ListingPlanner>().PlanAsync(CancellationToken.None));
            Drain();
            _world.Advance(TimeSpan.FromMinutes(12));
        }

        Drain();
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
                return $"{name} holds bytes that the object never had";
            }
        }

        foreach (var twice in receipts.Where(receipt => receipt.Value > 1))
        {
            return $"{twice.Key.Id} is archived {twice.Value} times";
        }

        var rows = _tables.Rows("objects").ToDictionary(row => (string)row["Id"]!, StringComparer.Ordinal);
        foreach (var item in _store.GetAll().Where(item => item.State == "AVAILABLE" && !item.Hidden))
        {
            var row = rows.GetValueOrDefault(item.Id);
            if ((string?)row?["State"] != "Archived")
            {
                return $"{item.Region}/{item.Id} (made {item.CreatedTime:O}, changed {item.UpdatedTime:O}) is {row?["State"] ?? "unknown"} "
                    + $"by {row?.GetValueOrDefault("Run")} at {row?.GetValueOrDefault("QueuedAt"):O}: {row?.GetValueOrDefault("LastError")}";
            }

            if (receipts.GetValueOrDefault((item.Id, Sha256(_contents[item.Id][^1]))) != 1)
            {
                return $"{item.Id} is not archived with its newest content";
            }
        }

        if (_cloud.DeepestPageKey >= Math.Max(1, _largestSecond))
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"page key {_cloud.DeepestPageKey} was asked for, with {_largestSecond} records in a second at most");
        }

        return null;
    }

    private static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private void StartProcess()
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
        _process = services.BuildServiceProvider();
        foreach (var name in QueueNames.All)
        {
            _queues.Get(name).DuplicateOneIn = 8;
        }
    }

    private void Start(Task task, InMemoryQueue? queue = null, InMemoryQueue.Message? message = null) =>
        _running.Add((task, queue, message, message?.DequeueCount ?? 0));

    /// <summary>Hands a visible message of any queue to its function.</summary>
    private bool Deliver()
    {
        var names = new[] { QueueNames.ListWindows, QueueNames.ArchiveObjects, QueueNames.RestoreObjects };
        var first = _world.Pick(names.Length);
        for (var index = 0; index < names.Length; index++)
        {
            var queue = _queues.Get(names[(first + index) % names.Length]);
            if (queue.TryReceive(Lease) is not { } message)
            {
                continue;
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
            QueueNames.ListWindows when message.DequeueCount > MaxDequeueCount =>
                handler.HandleFailedWindowAsync(delivered, _process.GetRequiredService<WindowFailureRecorder>().RecordAsync, CancellationToken.None),
            QueueNames.ListWindows => handler.HandleWindowAsync(
                delivered,
                (window, token) => _process.GetRequiredService<WindowLister>().ListAsync(window, delivered.DequeueCount, token),
                CancellationToken.None),

            // However often the process crashes over it: that alone makes no failure of an object.
            QueueNames.ArchiveObjects => handler.HandleObjectAsync(
                queue.Name,
                delivered,
                (work, token) => _process.GetRequiredService<ObjectArchiver>().ArchiveAsync(work, delivered.DequeueCount, token),
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
            var item = _store.Add(new ObjectSpecification
            {
                Region = _world.Chance(0.3) ? "uk" : "us-east",
                Type = "voicemail",
                Bytes = _world.Pick(300),
                Checksum = _world.Chance(0.1) ? "" : null,
                CreatedTime = created.AddMilliseconds(burst ? number * 7 : _world.Pick(1000)),
                UpdatedTime = created,
                Hidden = _world.Chance(0.05),
                State = _world.Chance(0.1) ? "ARCHIVED" : "AVAILABLE",
            });
            Remember(item);
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
        switch (_world.Pick(10))
        {
            case < 4:
                _store.Touch(item.Region, item.Id);
                break;
            case < 6 when item.State is "AVAILABLE" or "ARCHIVED":
                _store.SetState(item.Region, item.Id, item.State == "AVAILABLE" ? "ARCHIVED" : "AVAILABLE");
                break;
            case 6:
                _store.ReplaceContent(item.Region, item.Id, (ulong)_world.Pick(int.MaxValue), _world.Pick(300));
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
                var late = _store.Add(
                    new ObjectSpecification
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
    }

    private void Count() => _largestSecond = Math.Max(
        _largestSecond,
        _store.GetAll().GroupBy(item => (item.Region, item.UpdatedTime.ToUnixTimeSeconds())).Select(group => group.Count()).DefaultIfEmpty().Max());
}
