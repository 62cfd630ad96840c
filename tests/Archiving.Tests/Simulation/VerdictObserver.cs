using Archiving.Ledger;
using Archiving.Listing;
using Azure.Data.Tables;
using Azure.Storage.Queues;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Operations.Status;

namespace Archiving.Tests.Simulation;

/// <summary>
/// Reads the verdict as an operator does: in a process of its own, whose clock is right. It reads a copy, in which
/// nothing waits for a turn, so that looking changes nothing of the run. What was counted before is not copied: everything
/// is counted at each look.
/// </summary>
internal sealed class VerdictObserver : IDisposable
{
    private readonly World _world;
    private readonly World _still;
    private readonly InMemoryTables _original;
    private readonly InMemoryTables _copy;
    private readonly ServiceProvider _process;

    private VerdictObserver(World world, InMemoryTables tables, InMemoryQueues queues, IServiceCollection services)
    {
        _world = world;
        _still = new World(seed: 0) { IsStill = true };
        _original = tables;
        _copy = new InMemoryTables(_still);
        services.Replace(ServiceDescriptor.Singleton<TimeProvider>(new World.TrueClock(world)));
        services.Replace(ServiceDescriptor.Singleton<TableServiceClient>(_copy));
        services.Replace(ServiceDescriptor.Singleton<QueueServiceClient>(queues));
        _process = services.BuildServiceProvider();
        Inspector = _process.GetRequiredService<ListingInspector>();
    }

    /// <summary>Knows when a listing is overdue.</summary>
    public ListingInspector Inspector { get; }

    /// <summary>Starts to look on.</summary>
    /// <param name="world">The run's world.</param>
    /// <param name="tables">Its tables.</param>
    /// <param name="queues">Its queues.</param>
    /// <param name="services">What its processes consist of.</param>
    public static VerdictObserver Start(World world, InMemoryTables tables, InMemoryQueues queues, IServiceCollection services) =>
        new(world, tables, queues, services);

    /// <summary>Reads it.</summary>
    public Verdict Read()
    {
        _still.Advance(_world.Now - _still.Now);
        _copy.CopyFrom(_original, except: LedgerChanges.TableName);
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            return _process.GetRequiredService<StatusReader>().ReadAsync(CancellationToken.None).GetAwaiter().GetResult().Verdict;
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _process.Dispose();
}
