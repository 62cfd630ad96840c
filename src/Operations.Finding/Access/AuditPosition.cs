using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Operations.Access;

/// <summary>A place in the audit log, newest first: what comes after it is still to be shown.</summary>
/// <param name="Time">Time of the line. Without a blob, everything of this time or later is left out.</param>
/// <param name="Blob">Its blob.</param>
/// <param name="Offset">Where in the blob it begins.</param>
public readonly record struct AuditPosition(DateTimeOffset Time, string? Blob = null, long Offset = 0)
{
    private const int MaxLength = 512;

    /// <summary>The place as opaque text. It needs no secret: who has it may read all of the log.</summary>
    public string ToCursor() =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Time.UtcTicks} {Offset} {Blob}")));

    /// <summary>Reads what <see cref="ToCursor"/> has written; <see langword="null"/> when it is anything else.</summary>
    public static AuditPosition? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > MaxLength || !Base64Url.IsValid(text))
        {
            return null;
        }

        return Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)).Split(' ', 3) is [var time, var offset, { Length: > 0 } blob]
            && long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) && ticks <= DateTimeOffset.MaxValue.UtcTicks
            && long.TryParse(offset, NumberStyles.None, CultureInfo.InvariantCulture, out var begin)
            ? new AuditPosition(new DateTimeOffset(ticks, TimeSpan.Zero), blob, begin)
            : null;
    }

    /// <summary>The order of two lines: newest first, then by blob and place in it, from the end.</summary>
    internal static int Compare(AuditPosition one, AuditPosition other) =>
        other.Time.CompareTo(one.Time) is not 0 and var byTime ? byTime
        : string.CompareOrdinal(other.Blob, one.Blob) is not 0 and var byBlob ? byBlob
        : other.Offset.CompareTo(one.Offset);

    /// <summary>Whether a line is still to be shown.</summary>
    internal bool IsBefore(AuditPosition line) => Blob is null ? line.Time < Time : Compare(this, line) < 0;
}
