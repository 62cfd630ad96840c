using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Archiving.Model;

/// <summary>
/// Turns what 8x8 gives as names into names that are safe in a blob path and as a table key. Two different
/// names never become the same.
/// </summary>
public static class ObjectNames
{
    // Blob names end at 1,024 characters and table keys at 512 (Azure Storage limits). An encoded name keeps well below both.
    private const int MaxNameLength = 300;
    private const int KeptOfLongName = 200;

    private static readonly SearchValues<char> Plain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    /// <summary>The name that was encoded. Not of use for a name that was cut.</summary>
    public static string Decode(string encoded) => Uri.UnescapeDataString(encoded);

    /// <summary>
    /// Percent-encodes every character outside <c>[A-Za-z0-9._-]</c> (as UTF-8), and <c>.</c> and <c>..</c> as whole names.
    /// A name longer than 300 characters when encoded is cut and ends in <c>~</c> and its SHA-256, which no other encoded name can.
    /// </summary>
    public static string Encode(string name)
    {
        if (name is "." or "..")
        {
            return name.Replace(".", "%2E", StringComparison.Ordinal);
        }

        if (!name.AsSpan().ContainsAnyExcept(Plain) && name.Length <= MaxNameLength)
        {
            return name;
        }

        var encoded = new StringBuilder(name.Length + 16);
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var rune in name.EnumerateRunes())
        {
            if (rune.IsBmp && Plain.Contains((char)rune.Value))
            {
                encoded.Append((char)rune.Value);
                continue;
            }

            foreach (var octet in utf8[..rune.EncodeToUtf8(utf8)])
            {
                encoded.Append('%').Append(octet.ToString("X2", CultureInfo.InvariantCulture));
            }
        }

        return encoded.Length <= MaxNameLength
            ? encoded.ToString()
            : $"{encoded.ToString(0, KeptOfLongName)}~{Convert.ToHexStringLower(SHA256.HashData(Encoding.Unicode.GetBytes(name)))}";
    }
}
