namespace Archiving.Ledger;

/// <summary>Which objects are searched by their text: archived transcripts and summaries.</summary>
public static class SpokenText
{
    private const int LengthOfVersion = 12;

    /// <summary>Whether a row's object is one whose archived text can be read.</summary>
    public static bool IsIn(LedgerEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return IsType(entry.Type)
            && entry.IsInArchive()
            && entry is { Blob.Length: > 0, Sha256.Length: > LengthOfVersion }
            && entry.Blob != entry.Damaged;
    }

    /// <summary>Tells the archived text of an object from another one that 8x8 gives later.</summary>
    public static string VersionOf(LedgerEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return entry.Sha256![..LengthOfVersion];
    }

    // 8x8 has transcripts of calls, meetings and chats, and the list of types is open.
    private static bool IsType(string type) =>
        type.Contains("transcription", StringComparison.OrdinalIgnoreCase) || type.Equals("summary", StringComparison.OrdinalIgnoreCase);
}
