using Archiving.Model;
using Archiving.Storage;
using Azure.Data.Tables;

namespace Archiving.Purging;

/// <summary>
/// The table <c>purges</c>: a row for each object that was deleted at 8x8, written before the deletion and completed
/// after it. PartitionKey is the ledger's; RowKey the encoded id, so that a deleted object is found by id.
/// </summary>
public sealed class PurgeAudit(TableServiceClient tables) : IStorageResource
{
    /// <summary>Name of the table.</summary>
    public const string TableName = "purges";

    private readonly TableStore _table = new(tables, TableName);

    /// <summary>The row of an object; <see langword="null"/> when its deletion was never begun.</summary>
    public Task<PurgeRow?> FindAsync(LedgerKey key, CancellationToken cancellationToken) =>
        _table.FindAsync<PurgeRow>(key.PartitionKey, key.RowKey, cancellationToken);

    /// <summary>Records that a deletion begins.</summary>
    public Task BeginAsync(LedgerKey key, Receipt receipt, DateTimeOffset now, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        var row = new PurgeRow
        {
            PartitionKey = key.PartitionKey,
            RowKey = key.RowKey,
            Region = receipt.Region,
            Id = receipt.Record.Id,
            Type = receipt.Record.Type,
            Blob = receipt.Blob,
            Bytes = receipt.Bytes,
            Md5 = receipt.Md5,
            Sha256 = receipt.Sha256,
            Verification = receipt.Verification,
            ArchivedAt = receipt.ArchivedAt,
            BegunAt = now,
        };
        return _table.WriteAsync(row, TableUpdateMode.Replace, cancellationToken);
    }

    /// <summary>Records that 8x8 no longer has the object.</summary>
    public Task CompleteAsync(PurgeRow row, DateTimeOffset now, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        row.DeletedAt = now;
        return _table.WriteAsync(row, TableUpdateMode.Replace, cancellationToken);
    }

    /// <inheritdoc/>
    Task IStorageResource.CreateAsync(CancellationToken cancellationToken) => _table.CreateAsync(cancellationToken);
}

/// <summary>One deletion.</summary>
public sealed class PurgeRow : TableRow
{
    /// <summary>8x8's region.</summary>
    public string Region { get; set; } = "";

    /// <summary>8x8's id.</summary>
    public string Id { get; set; } = "";

    /// <summary>8x8's object type.</summary>
    public string Type { get; set; } = "";

    /// <summary>Name of the archived blob.</summary>
    public string Blob { get; set; } = "";

    /// <summary>Its size in bytes.</summary>
    public long Bytes { get; set; }

    /// <summary>Its MD5, hex.</summary>
    public string Md5 { get; set; } = "";

    /// <summary>Its SHA-256, hex.</summary>
    public string Sha256 { get; set; } = "";

    /// <summary>What of 8x8's claims was checked.</summary>
    public string Verification { get; set; } = "";

    /// <summary>When it was archived.</summary>
    public DateTimeOffset ArchivedAt { get; set; }

    /// <summary>When its deletion at 8x8 began.</summary>
    public DateTimeOffset BegunAt { get; set; }

    /// <summary>When 8x8 was seen not to have it any more; <see langword="null"/> before.</summary>
    public DateTimeOffset? DeletedAt { get; set; }
}
