using Archiving.Ledger;
using Archiving.Queues;

namespace Archiving.Planning;

/// <summary>
/// A kind of work that goes through the ledger day by day. To add one: derive from this class, register it as a
/// <see cref="DayWork"/>, and start its plans with <see cref="DayPlans.StartAsync"/>. Place, repeats, restarts and time are
/// the plan's concern; a part may be worked on twice.
/// </summary>
public abstract class DayWork
{
    /// <summary>Names the work in messages: never changes, because queues hold it.</summary>
    public abstract string Kind { get; }

    /// <summary>Whether a day can hold anything to do, by what was last counted of it.</summary>
    public abstract bool Includes(PlanMessage plan, LedgerDay day);

    /// <summary>Works on the next part of a day: at most <see cref="ObjectLedger.RowsPerPart"/> rows.</summary>
    /// <param name="plan">The plan, with what it has counted until here.</param>
    /// <param name="day">The day.</param>
    /// <param name="after">The row that was last worked on; <see langword="null"/> at the beginning of the day.</param>
    /// <param name="cancellationToken">Stops the work; the part is worked on again then.</param>
    public abstract Task<DayPart> WorkAsync(PlanMessage plan, LedgerDay day, string? after, CancellationToken cancellationToken);

    /// <summary>Ends a plan after its last day. May be called twice.</summary>
    public virtual Task CompleteAsync(PlanMessage plan, CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>A part of a day that was worked on.</summary>
/// <param name="Row">Key of its last row; <see langword="null"/> when it was the day's last part.</param>
/// <param name="Counts">What is to be added to the plan's counts.</param>
public sealed record DayPart(string? Row, IReadOnlyDictionary<string, long> Counts)
{
    /// <summary>A part that consists of rows as they were read.</summary>
    public static DayPart Of(IReadOnlyList<LedgerEntry> rows, params ReadOnlySpan<(string Name, long Count)> counts)
    {
        var all = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (name, count) in counts)
        {
            all[name] = count;
        }

        return new DayPart(rows.Count == ObjectLedger.RowsPerPart ? rows[^1].RowKey : null, all);
    }
}
