using Archiving.Ledger;
using Archiving.Model;
using Archiving.Outages;
using Archiving.Planning;
using Archiving.Queues;
using Archiving.Settings;
using Microsoft.Extensions.Logging;

namespace Archiving.Verifying;

/// <summary>A night's share.</summary>
/// <param name="Archived">How many archived objects the night's days hold.</param>
/// <param name="Queued">How many of them are verified.</param>
public sealed record VerificationPlan(long Archived, long Queued);

/// <summary>
/// Picks the objects to verify. Each day of the ledger has one night in <c>Verify__Days</c>, in which all its archived objects
/// are read. On every other night only those that are overdue are, because their night was missed.
/// </summary>
public sealed partial class VerificationPlanner(
    ObjectLedger ledger,
    LedgerDays ledgerDays,
    WorkQueues queues,
    SharedConditions conditions,
    ArchiverOptions options,
    ILogger<VerificationPlanner> logger) : DayWork
{
    private const int SendsAtOnce = 16;
    private const string Archived = "archived";
    private const string Queued = "queued";

    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    // Two nights, so that one can be missed.
    private static readonly TimeSpan LastDays = TimeSpan.FromDays(2);

    private static readonly string[] Columns =
    [
        nameof(LedgerEntry.RowKey), nameof(LedgerEntry.State), nameof(LedgerEntry.Region), nameof(LedgerEntry.Id), nameof(LedgerEntry.Type),
        nameof(LedgerEntry.CreatedTime), nameof(LedgerEntry.ArchivedAt), nameof(LedgerEntry.VerifiedAt), nameof(LedgerEntry.Run),
        nameof(LedgerEntry.Verification), nameof(LedgerEntry.RetentionDays), nameof(LedgerEntry.SourceReadAt),
    ];

    /// <summary>The plan of a night, to be started.</summary>
    public static PlanMessage Night { get; } = new() { Region = "", Kind = "verify" };

    /// <inheritdoc/>
    public override string Kind => Night.Kind;

    /// <summary>What a plan has picked until now.</summary>
    public static VerificationPlan ToResult(PlanMessage plan) => new(plan.Count(Archived), plan.Count(Queued));

    /// <inheritdoc/>
    public override bool Includes(PlanMessage plan, LedgerDay day) =>
        IsNightOf(plan, day) || IsOverdue(plan, day) || MayBeReadAgain(plan, day);

    /// <inheritdoc/>
    public override async Task<DayPart> WorkAsync(PlanMessage plan, LedgerDay day, string? after, CancellationToken cancellationToken)
    {
        var rows = await ledger.ReadPartAsync(day.Partition, after, state: null, type: null, Columns, cancellationToken);
        var before = IsNightOf(plan, day) ? plan.StartedAt : Overdue(plan);
        var due = rows.Where(entry => entry.IsInArchive() && entry.LastRead < before).ToList();
        await queues.SendAllAsync(QueueNames.VerifyObjects, due.Select(ObjectMessage.About), cancellationToken);
        var again = rows.Where(entry => IsReadAgain(plan, entry)).Select(entry => ObjectMessage.About(entry) with { RunId = entry.Run });
        await queues.SendAllAsync(QueueNames.ArchiveObjects, again, cancellationToken);
        return DayPart.Of(rows, (Archived, rows.Count(entry => entry.IsInArchive())), (Queued, due.Count));
    }

    /// <inheritdoc/>
    public override async Task CompleteAsync(PlanMessage plan, CancellationToken cancellationToken)
    {
        var (archived, queued) = ToResult(plan);
        Log.Planned(logger, queued, archived);
        if ((await conditions.ReadAsync(cancellationToken)).ContainsKey(Condition.Integrity) && !await IsAnyDamagedAsync(cancellationToken))
        {
            await conditions.ClearAsync(Condition.Integrity, cancellationToken);
        }
    }

    private bool IsNightOf(PlanMessage plan, LedgerDay day) =>
        MayHoldAny(day) && Number(day.Day) % options.Verify.Days == Number(plan.StartedAt) % options.Verify.Days;

    private bool IsOverdue(PlanMessage plan, LedgerDay day) => MayHoldAny(day) && !(day.OldestRead >= Overdue(plan));

    private DateTimeOffset Overdue(PlanMessage plan) => plan.StartedAt - TimeSpan.FromDays(options.Verify.Days);

    private static bool MayHoldAny(LedgerDay day) => day.MayHold(LedgerState.Archived) || day.MayHold(LedgerState.Purged);

    private static long Number(DateTimeOffset time) => time.UtcTicks / TimeSpan.TicksPerDay;

    /// <summary>Whether a day can hold objects that <see cref="IsReadAgain"/>, by every number of days after which 8x8 may delete one.</summary>
    private bool MayBeReadAgain(PlanMessage plan, LedgerDay day) => MayHoldAny(day)
        && options.Retention.AllDays.Any(days => day.Day.AddDays(days) - plan.StartedAt is var left
            && left > -Day && left < LastDays);

    /// <summary>
    /// Whether 8x8 is asked tonight for content that nothing proves: what comes then and is not what is archived goes
    /// beside it. Each object comes up in the last night but one before 8x8 deletes it, and in the last night only if it was not read
    /// then: nights do not begin at the same second, and one may be missed.
    /// </summary>
    private bool IsReadAgain(PlanMessage plan, LedgerEntry entry)
    {
        if (!entry.Is(LedgerState.Archived) || entry.Verification != Verification.None.ToName())
        {
            return false;
        }

        var deletedOn = options.Retention.DeletedOn(entry.Type, entry.CreatedTime, entry.RetentionDays);
        var dueFrom = deletedOn - LastDays;
        return plan.StartedAt > dueFrom && plan.StartedAt < deletedOn && !((entry.SourceReadAt ?? entry.ArchivedAt) >= dueFrom);
    }

    /// <summary>Whether any day holds damage. Only days that changed since they were counted are read for it.</summary>
    private async Task<bool> IsAnyDamagedAsync(CancellationToken cancellationToken)
    {
        var days = await ledgerDays.ReadAsync(region: null, from: null, to: null, cancellationToken);
        if (days.Any(day => day.IsFresh && day.Types.Values.Any(type => type.Damaged > 0)))
        {
            return true;
        }

        foreach (var chunk in days.Where(day => !day.IsFresh).Chunk(SendsAtOnce))
        {
            if ((await Task.WhenAll(chunk.Select(day => ledger.IsAnyDamagedAsync(day.Partition, cancellationToken).AsTask()))).Contains(true))
            {
                return true;
            }
        }

        return false;
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1710, Level = LogLevel.Information, Message = "Queued {Queued} of {Archived} archived objects for verification")]
        public static partial void Planned(ILogger logger, long queued, long archived);
    }
}
