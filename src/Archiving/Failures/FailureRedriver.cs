using Archiving.Ledger;
using Archiving.Objects;

namespace Archiving.Failures;

/// <summary>What was put back.</summary>
/// <param name="Requeued">How many objects.</param>
public sealed record Redriven(long Requeued);

/// <summary>Puts failed objects back into their queue, to be tried anew.</summary>
public sealed class FailureRedriver(ObjectLedger ledger, ObjectRequeuer requeuer)
{
    private const int AtOnce = 100;

    /// <summary>Puts failed objects back. Objects in any other state are left alone.</summary>
    /// <param name="region">Only those of a region.</param>
    /// <param name="type">Only those of a type.</param>
    /// <param name="ids">Only those of these ids; all when there are none.</param>
    /// <param name="cancellationToken">Stops between two objects.</param>
    public async Task<Redriven> RedriveAsync(string? region, string? type, IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var wanted = ids.ToHashSet(StringComparer.Ordinal);
        var requeued = 0L;
        var chunk = new List<LedgerEntry>(AtOnce);
        await foreach (var entry in ledger.ReadStateAsync(LedgerState.Failed, region, type, cancellationToken))
        {
            if (wanted.Count > 0 && !wanted.Contains(entry.Id))
            {
                continue;
            }

            chunk.Add(entry);
            if (chunk.Count == AtOnce)
            {
                requeued += await FlushAsync();
            }
        }

        return new Redriven(requeued + await FlushAsync());

        async Task<int> FlushAsync()
        {
            var queues = await Task.WhenAll(chunk.Select(entry => requeuer.RequeueAsync(entry, cancellationToken)));
            chunk.Clear();
            return queues.Length;
        }
    }
}
