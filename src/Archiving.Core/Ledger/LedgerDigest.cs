using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Archiving.Ledger;

/// <summary>
/// A digest of what a day's archived objects are: equal as long as none was added, archived again, changed in 8x8's record, or
/// changed its state. Verification leaves it as it is. Rows are added in the order of their keys.
/// </summary>
internal sealed class LedgerDigest : IDisposable
{
    /// <summary>The digest of a day without archived objects.</summary>
    public const string Empty = "";

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private bool _isEmpty = true;

    /// <summary>Adds a row.</summary>
    public void Add(LedgerEntry entry)
    {
        if (entry.ArchivedAt is not { } archivedAt)
        {
            return;
        }

        _isEmpty = false;
        var text = string.Create(CultureInfo.InvariantCulture, $"{entry.Id}\n{entry.State}\n{archivedAt.UtcTicks}\n{entry.UpdatedTime?.UtcTicks}\n");
        _hash.AppendData(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>The digest of the rows that were added.</summary>
    public string Finish() => _isEmpty ? Empty : Convert.ToHexStringLower(_hash.GetHashAndReset().AsSpan(0, 16));

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
