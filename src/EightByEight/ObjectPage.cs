using System.Text.Json;

namespace EightByEight;

/// <summary>A page of a search.</summary>
/// <param name="Objects">The records that can be read.</param>
/// <param name="IsLastPage">Whether it is the last: the only mark of the end (8x8 developer site).</param>
/// <param name="PageKey">What the next request gives as its page key; an offset or a page number, taken as it is.</param>
/// <param name="PageSize">How many records 8x8 says this page holds.</param>
/// <param name="Total">A total that 8x8 may give, of records or of pages.</param>
public sealed record ObjectPage(IReadOnlyList<StorageObject> Objects, bool IsLastPage, string? PageKey, long? PageSize = null, long? Total = null)
{
    /// <summary>The records that cannot be read, in the order of the page. None of them hides what comes after it.</summary>
    public IReadOnlyList<UnreadableRecord> UnreadableRecords { get; init; } = [];

    /// <summary>How many of its records cannot be read.</summary>
    public int Unreadable => UnreadableRecords.Count;

    /// <summary>
    /// Whether 8x8 answered with nothing at all, no body, null or 204, which counts as an empty last page. The client
    /// asks a second time before it believes a 200 without a body.
    /// </summary>
    public bool IsBlank { get; init; }

    /// <summary>Reads a page.</summary>
    /// <exception cref="FormatException">It is not a page, or ends in the middle.</exception>
    public static ObjectPage Parse(BinaryData json)
    {
        ArgumentNullException.ThrowIfNull(json);
        var text = JsonText.Decode(json.ToMemory());
        if (JsonText.IsBlank(text.Span) || text.Span.Trim(" \t\r\n"u8).SequenceEqual("null"u8))
        {
            return new ObjectPage([], IsLastPage: true, PageKey: null) { IsBlank = true };
        }

        try
        {
            return new PageReader(text).ReadStrictly();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return new PageReader(text).ReadPieces();
        }
    }
}
