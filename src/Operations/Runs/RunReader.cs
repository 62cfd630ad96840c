using Archiving.Listing;
using Archiving.Planning;

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
/// <param name="CountedAt">
/// As of when the last three were counted; <see langword="null"/> when nothing was put into a queue, or they were not counted yet:
/// then all of them wait.
/// </param>
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
    long Waiting,
    DateTimeOffset? CountedAt);

/// <summary>The windows of a run.</summary>
/// <param name="Planned">How many there are; busy ones are split, which makes more.</param>
/// <param name="Done">How many were listed.</param>
/// <param name="Failed">How many failed too often.</param>
public sealed record RunWindows(int Planned, int Done, int Failed);

/// <summary>
/// Tells how far runs are, from what they counted. What became of their objects is counted when it is asked for: a few objects at
/// once, and many in the queue, so that the next answer has it.
/// </summary>
public sealed class RunReader(ListingStore store, DayPlans plans)
{
    private const int MaxInlineDays = 8;

    // A day of more is not counted at once, and the answer would wait for nothing.
    private const int MaxInlineObjects = 1000;
    private static readonly TimeSpan InlineDuration = TimeSpan.FromMilliseconds(300);

    /// <summary>Reads a run; <see langword="null"/> when there is none of that id, or it was long ago.</summary>
    public async Task<RunProgress?> ReadAsync(string runId, CancellationToken cancellationToken)
    {
        if (await store.FindRunAsync(runId, cancellationToken) is not { } run)
        {
            return null;
        }

        var counts = await store.ReadCountsAsync(runId, cancellationToken);
        var days = counts.Enqueued > MaxInlineObjects ? 0 : MaxInlineDays;
        if (counts.Enqueued > 0 && !IsFinal(run, counts)
            && await plans.StartAsync(RunCounter.Prepare(runId, run), InlineDuration, cancellationToken, days) is { IsComplete: true })
        {
            counts = await store.ReadCountsAsync(runId, cancellationToken);
        }

        var waiting = counts.CountedAt is null ? counts.Enqueued : counts.Waiting;
        var isCounted = counts.Enqueued == 0 || counts.CountedAt >= run.CompletedAt;
        return new RunProgress(
            runId,
            run.Kind,
            run.CompletedAt is null ? "Listing" : waiting > 0 || !isCounted ? "Archiving" : "Done",
            run.From,
            run.To,
            run.StartedAt,
            run.CompletedAt,
            new RunWindows(run.CompletedAt is null ? Math.Max(run.Planned, counts.Planned) : counts.Planned, counts.Completed, counts.FailedWindows),
            counts.Listed,
            counts.Enqueued,
            counts.Archived,
            counts.Failed,
            waiting,
            counts.CountedAt);
    }

    /// <summary>Whether the objects were counted when nothing was left to do. What failed can be redriven.</summary>
    private static bool IsFinal(RunRow run, RunCountsRow counts) =>
        counts.CountedAt >= run.CompletedAt && counts.Waiting == 0 && counts.Failed == 0;
}
