using Archiving.Ledger;
using Archiving.Queues;

namespace Archiving.Failures;

/// <summary>What was put back.</summary>
/// <param name="Requeued">How many objects.</param>
public sealed record Redriven(long Requeued);

/// <summary>Puts failed objects back into their queue, to be tried anew.</summary>
public sealed class FailureRedriver(ObjectLedger ledger, WorkQueues queues, TimeProvider timeProvider)
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
            var count = await Task.WhenAll(chunk.Select(entry => RedriveAsync(entry, cancellationToken)));
            chunk.Clear();
            return count.Count(isRequeued => isRequeued);
        }
    }

    private async Task<bool> RedriveAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        // Sent before it is written: a row that says Queued has a message, whenever the process dies. Work that is
        // faster than the write changes the row, and the write is refused.
        var message = new ObjectMessage { Region = entry.Region, Id = entry.Id, Type = entry.Type, CreatedTime = entry.CreatedTime, RunId = entry.Run };
        await queues.SendAsync(entry.SourceState == "ARCHIVED" ? QueueNames.RestoreObjects : QueueNames.ArchiveObjects, message, TimeSpan.Zero, cancellationToken);
        entry.State = nameof(LedgerState.Queued);
        entry.QueuedAt = timeProvider.GetUtcNow();
        entry.Attempts = 0;
        await ledger.TryReplaceAsync(entry, cancellationToken);
        return true;
    }
}
