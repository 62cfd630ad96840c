using System.Text;

namespace Operations.Drill;

/// <summary>Tells by its first bytes whether content can be of a MIME type.</summary>
internal static class MediaHeader
{
    /// <summary>How many bytes tell it.</summary>
    public const int Length = 64;

    /// <summary>Whether content can be of a type. Of types without a header, and of content that is too short for one, anything can.</summary>
    /// <param name="mimeType">The type by 8x8.</param>
    /// <param name="beginning">The first bytes.</param>
    public static bool Fits(string? mimeType, ReadOnlySpan<byte> beginning) => beginning.Length < 12
        || (mimeType ?? "").Split(';', 2)[0].Trim().ToLowerInvariant() switch
        {
            // A tag, or the eleven bits that begin each frame.
            "audio/mpeg" or "audio/mp3" => beginning.StartsWith("ID3"u8) || (beginning[0] == 0xFF && beginning[1] >= 0xE0),
            "audio/wav" or "audio/x-wav" or "audio/wave" or "audio/vnd.wave" =>
                (beginning.StartsWith("RIFF"u8) || beginning.StartsWith("RF64"u8)) && beginning[8..].StartsWith("WAVE"u8),
            "audio/mp4" or "video/mp4" => beginning[4..].StartsWith("ftyp"u8),
            "audio/ogg" or "video/ogg" => beginning.StartsWith("OggS"u8),
            "audio/webm" or "video/webm" => beginning.StartsWith((ReadOnlySpan<byte>)[0x1A, 0x45, 0xDF, 0xA3]),
            "application/pdf" => beginning.StartsWith("%PDF"u8),
            "application/zip" => beginning.StartsWith("PK"u8),
            "image/png" => beginning.StartsWith((ReadOnlySpan<byte>)[0x89, 0x50, 0x4E, 0x47]),
            "image/jpeg" => beginning.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]),
            "application/json" => IsJson(Encoding.UTF8.GetString(beginning).TrimStart('\uFEFF', ' ', '\t', '\r', '\n')),
            _ => true,
        };

    private static bool IsJson(string text) => text is ['{' or '[' or '"' or '-' or 't' or 'f' or 'n' or (>= '0' and <= '9'), ..];
}
