using Archiving.Archive;
using Archiving.Model;
using Azure;

namespace Archiving.Cases;

/// <summary>Finds every content that the archive has of an object: the present one, and those that 8x8 had before.</summary>
public sealed class ObjectReceipts(ArchiveStore store)
{
    /// <summary>The receipts of an object, and those that cannot be read and may be its own.</summary>
    /// <param name="item">The object.</param>
    /// <param name="cancellationToken">Stops the reads.</param>
    public async IAsyncEnumerable<FoundReceipt> FindAsync(
        CaseObjectRow item,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(item);
        var stem = ArchiveLayout.Stem(item.Region, item.Type, item.CreatedTime, item.Id);
        await foreach (var name in store.ListReceiptsAsync(stem, cancellationToken))
        {
            if (await ReadAsync(name, item, cancellationToken) is { } found)
            {
                yield return found;
            }
        }
    }

    /// <returns><see langword="null"/> when it is gone, or of an object whose id begins with the same characters.</returns>
    private async Task<FoundReceipt?> ReadAsync(string name, CaseObjectRow item, CancellationToken cancellationToken)
    {
        try
        {
            return await store.ReadAsync(name, cancellationToken) is { } body
                && Receipt.Parse(body) is var receipt && receipt.Region == item.Region && receipt.Record.Id == item.Id
                ? new FoundReceipt(name, receipt)
                : null;
        }
        catch (FormatException)
        {
            return new FoundReceipt(name, Receipt: null);
        }
        catch (RequestFailedException exception) when (ArchiveStore.IsOfArchiveTier(exception.ErrorCode))
        {
            return new FoundReceipt(name, Receipt: null);
        }
    }
}

/// <summary>A receipt in the archive.</summary>
/// <param name="Name">Name of its blob.</param>
/// <param name="Receipt">What it says; <see langword="null"/> when it cannot be read.</param>
public sealed record FoundReceipt(string Name, Receipt? Receipt)
{
    /// <summary>The content's blob.</summary>
    public string Blob => Name[..^ArchiveLayout.ReceiptSuffix.Length];
}
