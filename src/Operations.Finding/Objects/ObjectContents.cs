using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using Azure;

namespace Operations.Objects;

/// <summary>Text of an object.</summary>
/// <param name="Text">The text, or its beginning.</param>
/// <param name="IsWhole">Whether that is all of it.</param>
public sealed record ObjectText(string Text, bool IsWhole);

/// <summary>The archived content of an object. Only its row names the blob.</summary>
public sealed class ObjectContents(ArchiveStore store, ContentLinks links, DownloadName names)
{
    /// <summary>Maximum number of bytes of text that are shown.</summary>
    public const int MaxTextBytes = 256 * 1024;

    /// <summary>Makes a link to the content, which a browser shows when it can and it is harmless, or saves.</summary>
    /// <param name="entry">The object's row.</param>
    /// <param name="save">Whether a browser saves it in any case.</param>
    /// <param name="isNamed">Whether the link gives the file a name. What plays in a page needs none.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="RefusedException">It is not archived.</exception>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<ContentLink> LinkAsync(LedgerEntry entry, bool save, bool isNamed, CancellationToken cancellationToken)
    {
        var blob = BlobOf(entry);
        var name = isNamed ? await FindNameAsync(entry, blob, cancellationToken) : null;
        return await links.CreateAsync(blob, entry.MimeType, name, save, cancellationToken);
    }

    /// <summary>Reads the content as text, as much of it as is shown.</summary>
    /// <exception cref="RefusedException">It is not archived, or is no text.</exception>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public Task<ObjectText> ReadTextAsync(LedgerEntry entry, CancellationToken cancellationToken) => ReadTextAsync(entry, MaxTextBytes, cancellationToken);

    /// <summary>Reads the content as text, as much of it as is searched.</summary>
    /// <exception cref="RefusedException">It is not archived, or is no text.</exception>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public Task<ObjectText> ReadSearchedTextAsync(LedgerEntry entry, CancellationToken cancellationToken) =>
        ReadTextAsync(entry, ArchivedText.MaxSearchedBytes, cancellationToken);

    private async Task<ObjectText> ReadTextAsync(LedgerEntry entry, int maxBytes, CancellationToken cancellationToken)
    {
        var blob = BlobOf(entry);
        if (!MediaKind.Of(entry.MimeType).IsText)
        {
            throw new RefusedException("The object is no text; ask for its content.");
        }

        try
        {
            var beginning = await store.ReadBeginningAsync(blob, maxBytes, cancellationToken)
                ?? throw new RefusedException("The archived bytes are missing. The nightly verification finds this, too, and archives the "
                    + "object again while 8x8 has it.");
            var (text, isWhole) = ArchivedText.Decode(beginning, maxBytes);
            return new ObjectText(text, isWhole);
        }
        catch (RequestFailedException exception) when (ArchiveStore.IsOfArchiveTier(exception.ErrorCode))
        {
            throw new RefusedException("The blob is in the storage account's archive tier. Move it to a tier that can be read.", exception);
        }
    }

    /// <summary>The name of the file by the receipt, which holds the whole record.</summary>
    private async Task<string> FindNameAsync(LedgerEntry entry, string blob, CancellationToken cancellationToken)
    {
        try
        {
            if (await store.ReadAsync(ArchiveLayout.ReceiptName(blob), cancellationToken) is { } body)
            {
                return names.Of(Receipt.Parse(body));
            }
        }
        catch (Exception exception) when (exception is FormatException
            || (exception is RequestFailedException failed && ArchiveStore.IsOfArchiveTier(failed.ErrorCode)))
        {
            // The content matters more than its name, and verification reports a receipt that is damaged.
        }

        return names.Of(entry, blob);
    }

    private static string BlobOf(LedgerEntry entry)
    {
        if (entry.Blob is not { Length: > 0 } blob)
        {
            throw new RefusedException($"The object is not archived; its state is {entry.State}.");
        }

        if (entry.Is(LedgerState.Expired))
        {
            throw new RefusedException("The archive's retention policy removed the object; its row keeps what was known of it.");
        }

        return blob != entry.Damaged ? blob : throw new RefusedException("The archived bytes were found damaged, and the object is being archived again.");
    }
}
