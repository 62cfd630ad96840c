using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Planning;
using Archiving.Queues;

namespace Operations.Runs;

/// <summary>Counts what became of the objects that a run queued, in the days that changed since it began.</summary>
public sealed class RunCounter(ObjectLedger ledger, ListingStore store) : DayWork
{
    private const string Archived = "archived";
    private const string Failed = "failed";
    private const string Waiting = "waiting";
    private const string Name = "run";
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(5);
    private static readonly string[] Columns = [nameof(LedgerEntry.RowKey), nameof(LedgerEntry.State)];

    /// <inheritdoc/>
    public override string Kind => Name;

    /// <summary>A count of a run's objects, to be started.</summary>
    public static PlanMessage Prepare(string runId, RunRow run)
    {
        // A listing goes by the time of change, so what it finds can have been made at any time.
        var isListing = run.Kind == nameof(WindowKind.Listing);
        return new PlanMessage
        {
            Region = run.Regions.Contains(',', StringComparison.Ordinal) ? "" : run.Regions,
            Kind = Name,
            Plan = runId,
            From = isListing ? null : run.From,
            To = isListing ? null : run.To,
            ChangedSince = run.StartedAt - ClockTolerance,
        };
    }

    /// <inheritdoc/>
    public override bool Includes(PlanMessage plan, LedgerDay day) => !(day.ChangedUntil < plan.ChangedSince);

    /// <inheritdoc/>
    public override async Task<DayPart> WorkAsync(PlanMessage plan, LedgerDay day, string? after, CancellationToken cancellationToken)
    {
        var rows = await ledger.ReadPartAsync(day.Partition, after, state: null, type: null, Columns, cancellationToken, plan.Plan);
        return DayPart.Of(
            rows,
            (Archived, rows.Count(entry => entry.IsSettled())),
            (Failed, rows.Count(entry => entry.Is(LedgerState.Failed) || entry.Is(LedgerState.Gone))),
            (Waiting, rows.Count(entry => entry.Is(LedgerState.Queued) || entry.Is(LedgerState.Restoring))));
    }

    /// <inheritdoc/>
    public override Task CompleteAsync(PlanMessage plan, CancellationToken cancellationToken) => store.WriteObjectCountsAsync(
        plan.Plan,
        new RunCountsRow
        {
            Archived = plan.Count(Archived),
            Failed = plan.Count(Failed),
            Waiting = plan.Count(Waiting),
            CountedAt = plan.StartedAt,
        },
        cancellationToken);
}
