using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Model;

namespace Operations.Runs;

/// <summary>How far a run is.</summary>
/// <param name="RunId">Its id.</param>
/// <param name="Kind">Listing, Backfill, Reconcile or Rebuild.</param>
/// <param name="State"><c>Listing</c> while windows are left, <c>Archiving</c> while objects are, then <c>Done</c>.</param>
/// <param name="From">Start of its time range.</param>
/// <param name="To">End of its time range.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="CompletedAt">When its last window was done.</param>
/// <param name="Windows">Its windows.</param>
/// <param name="Listed">How many records were listed.</param>
/// <param name="Enqueued">How many were put into a queue.</param>
/// <param name="Archived">How many of these are archived.</param>
/// <param name="Failed">How many of these failed, or were gone before they could be archived.</param>
/// <param name="Waiting">How many of these still wait.</param>
public sealed record RunProgress(
    string RunId,
    string Kind,
    string State,
    DateTimeOffset From,
    DateTimeOffset To,
    DateTimeOffset StartedAt,
    DateTimeOffset? CompletedAt,
    RunWindows Windows,
    long Listed,
    long Enqueued,
    long Archived,
    long Failed,
    long Waiting);

/// <summary>The windows of a run.</summary>
/// <param name="Planned">How many there are; busy ones are split, which makes more.</param>
/// <param name="Done">How many were listed.</param>
/// <param name="Failed">How many failed too often.</param>
public sealed record RunWindows(int Planned, int Done, int Failed);

/// <summary>Tells how far runs are.</summary>
public sealed class RunReader(ListingStore store, ObjectLedger ledger)
{
    private static readonly string[] Columns = [nameof(LedgerEntry.State)];

    /// <summary>Reads a run; <see langword="null"/> when there is none of that id, or it was long ago.</summary>
    public async Task<RunProgress?> ReadAsync(string runId, CancellationToken cancellationToken)
    {
        if (await store.FindRunAsync(runId, cancellationToken) is not { } run)
        {
            return null;
        }

        var windows = await store.ReadWindowsAsync(runId, cancellationToken);
        var states = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var region in run.Regions.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            // A listing goes by the time of change, so what it finds can have been made at any time.
            var from = run.Kind == nameof(WindowKind.Listing) ? DateTimeOffset.UnixEpoch : run.From;
            await foreach (var entry in ledger.ReadRunAsync(runId, region, from, run.To, Columns, cancellationToken))
            {
                states[entry.State] = states.GetValueOrDefault(entry.State) + 1;
            }
        }

        var waiting = Count(states, LedgerState.Queued) + Count(states, LedgerState.Restoring);
        var failed = windows.Count(window => window is { LastError: not null, Done: false });
        return new RunProgress(
            runId,
            run.Kind,
            run.CompletedAt is null ? "Listing" : waiting > 0 ? "Archiving" : "Done",
            run.From,
            run.To,
            run.StartedAt,
            run.CompletedAt,
            new RunWindows(windows.Count, windows.Count(window => window.Done), failed),
            windows.Sum(window => window.Listed),
            windows.Sum(window => window.Enqueued),
            Count(states, LedgerState.Archived) + Count(states, LedgerState.Purged),
            Count(states, LedgerState.Failed) + Count(states, LedgerState.Gone),
            waiting);
    }

    private static long Count(Dictionary<string, long> states, LedgerState state) => states.GetValueOrDefault(state.ToString());
}
