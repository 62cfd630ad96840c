using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Operations.Search;

namespace Operations.Failures;

/// <summary>What was put back.</summary>
/// <param name="Requeued">How many objects.</param>
public sealed record Redriven(long Requeued);

/// <summary>
/// Puts failed objects back into their queue. Reads only days that can hold any, and puts back those of a day before
/// it reads the next: a redrive that was interrupted has done part of the work, and the next one does the rest.
/// </summary>
public sealed class FailureRedriver(ObjectLedger ledger, LedgerDays ledgerDays, ObjectRequeuer requeuer)
{
    private const int AtOnce = 100;

    /// <summary>Puts failed objects back, the oldest days first. Objects in any other state are left alone.</summary>
    /// <param name="region">Only those of a region.</param>
    /// <param name="type">Only those of a type.</param>
    /// <param name="ids">Only those of these ids; all when there are none.</param>
    /// <param name="cancellationToken">Stops between two objects.</param>
    public async Task<Redriven> RedriveAsync(string? region, string? type, IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        var wanted = ids.ToHashSet(StringComparer.Ordinal);
        var failed = new SearchFilter { Region = region, Type = type, State = LedgerState.Failed };
        var days = await ledgerDays.ReadAsync(region, from: null, to: null, cancellationToken);
        var requeued = 0L;
        foreach (var day in days.Where(day => failed.CountIn(day) > 0).OrderBy(day => day.Day))
        {
            var chunk = new List<LedgerEntry>(AtOnce);
            await foreach (var entry in ledger.ReadStateAsync(day.Partition, LedgerState.Failed, type, cancellationToken))
            {
                if (wanted.Count > 0 && !wanted.Contains(entry.Id))
                {
                    continue;
                }

                chunk.Add(entry);
                if (chunk.Count == AtOnce)
                {
                    requeued += await RequeueAsync(chunk, cancellationToken);
                    chunk.Clear();
                }
            }

            requeued += await RequeueAsync(chunk, cancellationToken);
        }

        return new Redriven(requeued);
    }

    private async Task<int> RequeueAsync(List<LedgerEntry> entries, CancellationToken cancellationToken)
    {
        await Task.WhenAll(entries.Select(entry => requeuer.RequeueAsync(entry, cancellationToken)));
        return entries.Count;
    }
}
