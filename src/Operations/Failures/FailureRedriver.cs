using Archiving.Ledger;
using Archiving.Model;
using Archiving.Planning;
using Archiving.Queues;

namespace Operations.Failures;

/// <summary>What was put back.</summary>
/// <param name="Requeued">How many objects until now.</param>
/// <param name="Continues">Whether there are more days to look at, which the queue does.</param>
public sealed record Redriven(long Requeued, bool Continues);

/// <summary>
/// Puts failed objects back into their queue, the oldest days first. Objects in any other state are left alone. Reads only days
/// that can hold any.
/// </summary>
public sealed class FailureRedriver(ObjectLedger ledger, ObjectRequeuer requeuer, TimeProvider timeProvider) : DayWork
{
    /// <summary>
    /// Maximum number of bytes of a redrive's message, of which ids can make many. It is kept in a row as text, of at most 32,768
    /// characters (Azure Table Storage), with what the redrive has counted.
    /// </summary>
    public const int MaxBytes = 28_000;

    private const int BatchSize = 100;
    private const string Requeued = "requeued";

    /// <inheritdoc/>
    public override string Kind => "redrive";

    /// <summary>A redrive, to be started.</summary>
    /// <param name="region">Only those of a region.</param>
    /// <param name="type">Only those of a type.</param>
    /// <param name="ids">Only those of these ids; all when there are none.</param>
    public PlanMessage Prepare(string? region, string? type, IReadOnlyList<string> ids) => new()
    {
        Region = region ?? "",
        Kind = Kind,
        Plan = FormattableString.Invariant($"{timeProvider.GetUtcNow().UtcDateTime:yyyyMMddHHmmss}-{Guid.NewGuid():N}"),
        Type = type,
        Ids = ids.Count > 0 ? ids : null,
    };

    /// <summary>What a redrive has put back.</summary>
    public static Redriven ToResult(PlanProgress progress) => new(progress.Plan.Count(Requeued), Continues: !progress.IsComplete);

    /// <inheritdoc/>
    public override bool Includes(PlanMessage plan, LedgerDay day) => day.MayHold(LedgerState.Failed);

    /// <inheritdoc/>
    public override async Task<DayPart> WorkAsync(PlanMessage plan, LedgerDay day, string? after, CancellationToken cancellationToken)
    {
        var rows = await ledger.ReadPartAsync(day.Partition, after, LedgerState.Failed, plan.Type, columns: null, cancellationToken);
        var wanted = plan.Ids is null ? rows : rows.Where(entry => plan.Ids.Contains(entry.Id, StringComparer.Ordinal)).ToList();
        foreach (var chunk in wanted.Chunk(BatchSize))
        {
            await Task.WhenAll(chunk.Select(entry => requeuer.RequeueAsync(entry, cancellationToken)));
        }

        return DayPart.Of(rows, (Requeued, wanted.Count));
    }
}
