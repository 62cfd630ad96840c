using Archiving.Ledger;
using Archiving.Model;
using Archiving.Outages;
using Archiving.Queues;
using Archiving.Settings;
using Microsoft.Extensions.Logging;

namespace Archiving.Verifying;

/// <summary>A night's share.</summary>
/// <param name="Archived">How many objects the archive holds.</param>
/// <param name="Queued">How many of them are verified tonight.</param>
public sealed record VerificationPlan(long Archived, long Queued);

/// <summary>
/// Picks the objects to verify: each night the share that covers everything within <c>Verify__Days</c>, those first
/// that were not read for the longest time, and all that are overdue. Reads the ledger twice and keeps nothing of it
/// in memory.
/// </summary>
public sealed partial class VerificationPlanner(
    ObjectLedger ledger,
    WorkQueues queues,
    SharedConditions conditions,
    VerifyOptions options,
    RetentionOptions retention,
    TimeProvider timeProvider,
    ILogger<VerificationPlanner> logger)
{
    private const int SendsAtOnce = 16;

    private static readonly string[] Columns =
    [
        nameof(LedgerEntry.State), nameof(LedgerEntry.Region), nameof(LedgerEntry.Id), nameof(LedgerEntry.Type), nameof(LedgerEntry.CreatedTime),
        nameof(LedgerEntry.ArchivedAt), nameof(LedgerEntry.VerifiedAt), nameof(LedgerEntry.Damaged),
        nameof(LedgerEntry.Verification), nameof(LedgerEntry.RetentionDays),
    ];

    /// <summary>Queues the night's share.</summary>
    public async Task<VerificationPlan> PlanAsync(CancellationToken cancellationToken)
    {
        var perHour = new SortedDictionary<long, long>();
        var archived = 0L;
        var damaged = 0L;
        await foreach (var entry in ledger.ReadAllAsync(Columns, cancellationToken))
        {
            damaged += entry.Damaged is null ? 0 : 1;
            if (entry.IsHeld())
            {
                archived++;
                var hour = Hour(LastRead(entry));
                perHour[hour] = perHour.GetValueOrDefault(hour) + 1;
            }

            if (IsReadAgain(entry))
            {
                var message = ObjectMessage.About(entry) with { RunId = entry.Run };
                await queues.SendAsync(QueueNames.ArchiveObjects, message, TimeSpan.Zero, cancellationToken);
            }
        }

        if (damaged == 0)
        {
            await conditions.ClearAsync(Condition.Integrity, cancellationToken);
        }

        var share = (archived + options.Days - 1) / options.Days;
        var overdue = Hour(timeProvider.GetUtcNow() - TimeSpan.FromDays(options.Days));
        var (lastHour, ofLastHour) = Cut(perHour, share, overdue);
        var queued = 0L;
        await Parallel.ForEachAsync(
            ledger.ReadAllAsync(Columns, cancellationToken).Where(IsDue),
            new ParallelOptions { MaxDegreeOfParallelism = SendsAtOnce, CancellationToken = cancellationToken },
            async (entry, stop) =>
            {
                var message = ObjectMessage.About(entry);
                await queues.SendAsync(QueueNames.VerifyObjects, message, TimeSpan.Zero, stop);
                Interlocked.Increment(ref queued);
            });
        Log.Planned(logger, queued, archived);
        return new VerificationPlan(archived, queued);

        // Rows are read one after the other.
        bool IsDue(LedgerEntry entry) => entry.IsHeld() && Hour(LastRead(entry)) is var hour && (hour < lastHour || (hour == lastHour && ofLastHour-- > 0));
    }

    /// <summary>
    /// Whether 8x8 is asked tonight for content that nothing proves: what comes then and is not what is archived goes
    /// beside it. Each object comes up once, in the last night but one before 8x8 deletes it.
    /// </summary>
    private bool IsReadAgain(LedgerEntry entry)
    {
        var left = retention.DeletedOn(entry.Type, entry.CreatedTime, entry.RetentionDays) - timeProvider.GetUtcNow();
        return entry.Is(LedgerState.Archived) && entry.Verification == Verification.None.ToName() && left >= TimeSpan.FromDays(1)
            && left < TimeSpan.FromDays(2);
    }

    /// <summary>The last hour of reading that comes up tonight, and how many of it.</summary>
    private static (long Hour, long Count) Cut(SortedDictionary<long, long> perHour, long share, long overdue)
    {
        var (hour, count) = (long.MinValue, 0L);
        foreach (var (next, number) in perHour)
        {
            if (next < overdue)
            {
                (hour, count) = (next, number);
            }
            else if (share > 0)
            {
                (hour, count) = (next, Math.Min(number, share));
            }
            else
            {
                break;
            }

            share -= number;
        }

        return (hour, count);
    }

    private static DateTimeOffset LastRead(LedgerEntry entry) => entry.VerifiedAt ?? entry.ArchivedAt ?? DateTimeOffset.MinValue;

    private static long Hour(DateTimeOffset time) => time.UtcTicks / TimeSpan.TicksPerHour;

    private static partial class Log
    {
        [LoggerMessage(EventId = 1710, Level = LogLevel.Information, Message = "Queued {Queued} of {Archived} archived objects for verification")]
        public static partial void Planned(ILogger logger, long queued, long archived);
    }
}
