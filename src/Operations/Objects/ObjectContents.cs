using System.Text;
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
public sealed class ObjectContents(ArchiveStore store, ContentLinks links)
{
    /// <summary>The most bytes of text that are read.</summary>
    public const int MostText = 256 * 1024;

    /// <summary>Makes a link to the content, which a browser shows when it can and it is harmless, or saves.</summary>
    /// <exception cref="ObjectUnavailableException">It is not archived.</exception>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public Task<ContentLink> LinkAsync(LedgerEntry entry, bool save, CancellationToken cancellationToken) =>
        links.CreateAsync(BlobOf(entry), entry, save, cancellationToken);

    /// <summary>Reads the content as text.</summary>
    /// <exception cref="ObjectUnavailableException">It is not archived, or is no text.</exception>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<ObjectText> ReadTextAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        var blob = BlobOf(entry);
        if (!MediaKind.Of(entry.MimeType).IsText)
        {
            throw new ObjectUnavailableException("The object is no text; ask for its content.");
        }

        try
        {
            var beginning = await store.ReadBeginningAsync(blob, MostText, cancellationToken)
                ?? throw new ObjectUnavailableException(
                    "The archived bytes are missing. The nightly verification finds this, too, and archives the object again while 8x8 has it.");
            return Decode(beginning);
        }
        catch (RequestFailedException exception) when (exception.ErrorCode == "BlobArchived")
        {
            throw new ObjectUnavailableException("The blob is in the storage account's archive tier. Move it to a tier that can be read.", exception);
        }
    }

    private static string BlobOf(LedgerEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (entry.Blob is not { Length: > 0 } blob)
        {
            throw new ObjectUnavailableException($"The object is not archived; its state is {entry.State}.");
        }

        return blob != entry.Damaged
            ? blob
            : throw new ObjectUnavailableException("The archived bytes were found damaged, and the object is being archived again.");
    }

    private static ObjectText Decode(BlobBeginning beginning)
    {
        // By the byte order mark, else as UTF-8; bytes that are none become replacement characters, and may then take more room.
        using var reader = new StreamReader(beginning.Content.ToStream(), Encoding.UTF8, detectEncodingFromByteOrderMarks: true);
        var text = reader.ReadToEnd();
        var bytes = new byte[MostText];
        Encoding.UTF8.GetEncoder().Convert(text, bytes, flush: true, out var charsUsed, out _, out var completed);
        return completed && beginning.IsWhole
            ? new ObjectText(text, IsWhole: true)
            : new ObjectText(text[..charsUsed].TrimEnd('\uFFFD'), IsWhole: false);
    }
}
