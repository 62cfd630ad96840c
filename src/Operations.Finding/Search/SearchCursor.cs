using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Archiving.Ledger;

namespace Operations.Search;

/// <summary>How far a search has come, newest first: what comes after it is still to be shown.</summary>
/// <param name="Time">Everything later has been shown.</param>
/// <param name="Partition">Of what was made at this very time, everything up to this partition and row has been shown; all
/// of it when <see langword="null"/>.</param>
/// <param name="Row">The row.</param>
/// <param name="IsAnywhere">Whether every row is read, because the index leads to none.</param>
/// <param name="FoundNone">Whether what the index leads to was nothing that is looked for, up to here.</param>
public readonly record struct SearchPosition(
    DateTimeOffset Time,
    string? Partition = null,
    string? Row = null,
    bool IsAnywhere = false,
    bool FoundNone = false)
{
    /// <summary>Where what is still to be shown ends.</summary>
    /// <remarks>A little late, because the emulator compares whole milliseconds; <see cref="IsBefore"/> drops what is too much.</remarks>
    internal DateTimeOffset End => Partition is null ? Time : Time.AddMilliseconds(1);

    /// <summary>The position of a row.</summary>
    internal static SearchPosition Of(LedgerEntry entry) => new(entry.CreatedTime, entry.PartitionKey, entry.RowKey);

    /// <summary>The order of two rows: newest first, then by key.</summary>
    internal static int Compare(LedgerEntry one, LedgerEntry other) =>
        other.CreatedTime.CompareTo(one.CreatedTime) is not 0 and var byTime ? byTime : CompareKeys(one, other.PartitionKey, other.RowKey);

    /// <summary>Whether a row is still to be shown.</summary>
    internal bool IsBefore(LedgerEntry entry) =>
        entry.CreatedTime < Time || (entry.CreatedTime == Time && Partition is not null && CompareKeys(entry, Partition, Row!) > 0);

    private static int CompareKeys(LedgerEntry entry, string partition, string row) =>
        string.CompareOrdinal(entry.PartitionKey, partition) is not 0 and var byPartition ? byPartition : string.CompareOrdinal(entry.RowKey, row);
}

/// <summary>
/// A position as opaque text. It works with the filter that it was given for and no other. It needs no secret: it holds
/// nothing but a position, and a forged one leads to another page of what the request's own filter finds.
/// </summary>
public static class SearchCursor
{
    private const byte Version = 1;
    private const byte AnywhereVersion = 2;
    private const byte FoundNoneVersion = 3;
    private const int CheckLength = 12;
    private const int HeadLength = 1 + CheckLength + sizeof(long);
    private const int MaxLength = 2048;

    /// <summary>Writes a position.</summary>
    public static string Write(SearchFilter filter, SearchPosition position)
    {
        var keys = position.Partition is null ? [] : Encoding.UTF8.GetBytes($"{position.Partition}\n{position.Row}");
        var cursor = new byte[HeadLength + keys.Length];
        cursor[0] = position.IsAnywhere ? AnywhereVersion : position.FoundNone ? FoundNoneVersion : Version;
        BinaryPrimitives.WriteInt64BigEndian(cursor.AsSpan(1 + CheckLength), position.Time.UtcTicks);
        keys.CopyTo(cursor, HeadLength);
        Check(filter, cursor[0], cursor.AsSpan(1 + CheckLength)).CopyTo(cursor, 1);
        return Base64Url.EncodeToString(cursor);
    }

    /// <summary>Reads a position.</summary>
    /// <returns><see langword="false"/> when it is none, or belongs to another filter.</returns>
    public static bool TryRead(SearchFilter filter, string text, out SearchPosition position)
    {
        position = default;
        if (text.Length > MaxLength || !Base64Url.IsValid(text))
        {
            return false;
        }

        var cursor = Base64Url.DecodeFromChars(text);
        if (cursor.Length < HeadLength || cursor[0] is not (Version or AnywhereVersion or FoundNoneVersion)
            || !cursor.AsSpan(1, CheckLength).SequenceEqual(Check(filter, cursor[0], cursor.AsSpan(1 + CheckLength))))
        {
            return false;
        }

        var ticks = BinaryPrimitives.ReadInt64BigEndian(cursor.AsSpan(1 + CheckLength));
        var keys = Encoding.UTF8.GetString(cursor.AsSpan(HeadLength)).Split('\n');
        if (ticks < DateTimeOffset.UnixEpoch.Ticks || ticks >= DateTimeOffset.MaxValue.Ticks - TimeSpan.TicksPerDay || !(keys.Length == 2 || keys is [""]))
        {
            return false;
        }

        var time = new DateTimeOffset(ticks, TimeSpan.Zero);
        position = keys.Length == 2 ? new SearchPosition(time, keys[0], keys[1]) : new SearchPosition(time);
        position = position with { IsAnywhere = cursor[0] == AnywhereVersion, FoundNone = cursor[0] == FoundNoneVersion };
        return true;
    }

    private static byte[] Check(SearchFilter filter, byte version, ReadOnlySpan<byte> position)
    {
        string?[] values =
        [
            filter.From?.UtcTicks.ToString(), filter.To?.UtcTicks.ToString(), filter.Region, filter.Type, filter.State?.ToString(), filter.Text, filter.Call,
            filter.Scope.ToString(), .. filter.IsExhaustive ? ["exhaustive"] : Array.Empty<string>(),
        ];
        var about = string.Join('\n', values.Select(value => value is null ? "" : $"{value.Length} {value}"));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(about));
        hash.AppendData([version]);
        hash.AppendData(position);
        return hash.GetHashAndReset()[..CheckLength];
    }
}
