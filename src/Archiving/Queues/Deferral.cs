using Archiving.Model;
using Archiving.Outages;
using Archiving.Telemetry;

namespace Archiving.Queues;

/// <summary>
/// Defers work during an outage of a dependency of every object. A new message with a delay replaces the old one, so that an
/// outage costs an object none of its attempts, however long it lasts.
/// </summary>
/// <param name="queues">Takes the new message.</param>
/// <param name="health">Learns of the outage.</param>
/// <param name="metrics">Counts.</param>
/// <param name="random">Chance; <see langword="null"/> for the process's own.</param>
public sealed class Deferral(WorkQueues queues, HealthBoard health, ArchivingMetrics metrics, Random? random = null)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(10);
    private readonly Random _random = random ?? Random.Shared;

    /// <summary>Defers what a message asks for.</summary>
    public async Task DeferAsync(string queue, WorkMessage message, OutageException outage, CancellationToken cancellationToken)
    {
        health.Report(outage);
        await queues.SendAsync(queue, message with { Deferrals = message.Deferrals + 1 }, Delay(message.Deferrals, outage), cancellationToken);
        metrics.CountDeferred(queue, outage.Condition);
    }

    /// <summary>
    /// Fifteen seconds, doubled each time up to ten minutes, and up to half as much again by chance, so that what was
    /// deferred together does not come back together.
    /// </summary>
    private TimeSpan Delay(int deferrals, OutageException outage)
    {
        var delay = TimeSpan.FromTicks(Math.Min(First.Ticks << Math.Min(deferrals, 10), MaxDelay.Ticks));
        if (outage.RetryAfter > delay)
        {
            delay = outage.RetryAfter.Value;
        }

        return delay * (1 + (_random.NextDouble() / 2));
    }
}
