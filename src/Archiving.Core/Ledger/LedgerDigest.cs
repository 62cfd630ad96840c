using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Archiving.Ledger;

/// <summary>
/// A digest of what archived objects are: equal as long as none was added, archived again, changed in 8x8's record, or changed
/// its state. Verification leaves it as it is. It does not depend on the order of the rows, so those of a month can be counted
/// day by day and read by time: it is how many there are, and the sum of their hashes.
/// </summary>
internal sealed class LedgerDigest
{
    /// <summary>The digest of no archived objects.</summary>
    public const string Empty = "";

    private const char Separator = ':';
    private long _count;
    private UInt128 _sum;

    /// <summary>Reads what <see cref="ToString"/> wrote; <see langword="null"/> for what an earlier version did, or did not count.</summary>
    public static LedgerDigest? TryParse(string? text)
    {
        var digest = new LedgerDigest();
        return text switch
        {
            null => null,
            Empty => digest,
            _ when text.Split(Separator) is [var count, var sum]
                && long.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out digest._count)
                && UInt128.TryParse(sum, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out digest._sum) => digest,
            _ => null,
        };
    }

    /// <summary>Adds a row.</summary>
    public void Add(LedgerEntry entry)
    {
        if (entry.ArchivedAt is not { } archivedAt)
        {
            return;
        }

        var text = string.Create(CultureInfo.InvariantCulture, $"{entry.Id}\n{entry.State}\n{archivedAt.UtcTicks}\n{entry.UpdatedTime?.UtcTicks}\n");
        _count++;
        unchecked
        {
            _sum += BinaryPrimitives.ReadUInt128BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        }
    }

    /// <summary>Adds the rows of another digest.</summary>
    public void Add(LedgerDigest other)
    {
        _count += other._count;
        unchecked
        {
            _sum += other._sum;
        }
    }

    /// <inheritdoc/>
    public override string ToString() => _count == 0 ? Empty : string.Create(CultureInfo.InvariantCulture, $"{_count}{Separator}{_sum:x32}");
}
