using System.IO.Compression;

namespace EightByEight;

/// <summary>
/// Undoes the codings of Content-Encoding: gzip, deflate (with zlib's header or without) and br. Content is given as it
/// was sent, so it is for the caller to decide whether 8x8's claims are about the coded bytes or the decoded ones.
/// </summary>
public static class ContentCoding
{
    private static readonly string[] Known = ["gzip", "deflate", "br"];

    /// <summary>The codings that a header names, in the order in which they were applied, without <c>identity</c>.</summary>
    public static IReadOnlyList<string> Parse(string? contentEncoding) =>
    [
        .. (contentEncoding ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(coding => coding.ToLowerInvariant())
            .Select(coding => coding.StartsWith("x-", StringComparison.Ordinal) ? coding[2..] : coding)
            .Where(coding => coding is not ("identity" or "none")),
    ];

    /// <summary>Whether all of the codings can be undone.</summary>
    public static bool CanDecode(IReadOnlyList<string> codings)
    {
        ArgumentNullException.ThrowIfNull(codings);
        return codings.All(Known.Contains);
    }

    /// <summary>The decoded bytes of a stream. Reading them throws <see cref="InvalidDataException"/> where it is not coded as is said.</summary>
    /// <param name="coded">The bytes as they were sent; disposed of with the stream that is returned.</param>
    /// <param name="codings">What <see cref="Parse"/> gives.</param>
    /// <exception cref="NotSupportedException">One of the codings is unknown.</exception>
    public static Stream Decode(Stream coded, IReadOnlyList<string> codings)
    {
        ArgumentNullException.ThrowIfNull(coded);
        ArgumentNullException.ThrowIfNull(codings);
        return codings.Reverse().Aggregate(coded, static (stream, coding) => coding switch
        {
            "gzip" => new GZipStream(stream, CompressionMode.Decompress),
            "deflate" => new InflateStream(stream),
            "br" => new BrotliStream(stream, CompressionMode.Decompress),
            _ => throw new NotSupportedException($"The coding \"{coding}\" is unknown."),
        });
    }
}
