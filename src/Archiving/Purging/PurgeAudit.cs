using Archiving.Model;
using Archiving.Storage;
using Azure.Data.Tables;

namespace Archiving.Purging;

/// <summary>
/// The table <c>purges</c>: a row for each object that was deleted at 8x8, written before the deletion and completed
/// after it. PartitionKey is the ledger's; RowKey the encoded id, so that a deleted object is found by id.
/// <para>
/// A row names the attempts that may have deleted the object. One that 8x8 refused is taken out again, and the row with the last
/// of them, so the row of an object that is gone says that this app asked for that and was not refused.
/// </para>
/// </summary>
public sealed class PurgeAudit(TableServiceClient tables) : IStorageResource
{
    /// <summary>Name of the table.</summary>
    public const string TableName = "purges";

    // A property holds 32 Ki characters (Azure Table Storage). Of so many attempts, those that matter are among the last.
    private const int MaxAttempts = 100;

    private readonly TableStore _table = new(tables, TableName);

    /// <summary>The row of an object; <see langword="null"/> when its deletion was never begun.</summary>
    public Task<PurgeRow?> FindAsync(LedgerKey key, CancellationToken cancellationToken) =>
        _table.FindAsync<PurgeRow>(key.PartitionKey, key.RowKey, cancellationToken);

    /// <summary>Records that a deletion begins.</summary>
    /// <returns>The attempt, for <see cref="WithdrawAsync"/>.</returns>
    public async Task<string> AddAttemptAsync(LedgerKey key, Receipt receipt, DateTimeOffset now, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        var attempt = Guid.NewGuid().ToString("N")[..8];
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
            Attempts = attempt,
        };
        while (!await _table.TryWriteAsync(row, cancellationToken))
        {
            var present = await FindAsync(key, cancellationToken);
            var others = present?.ReadAttempts() ?? [];
            if (others.Contains(attempt))
            {
                // Written, and the answer was lost.
                break;
            }

            row.ETag = present?.ETag ?? default;
            row.Attempts = string.Join(',', others.TakeLast(MaxAttempts - 1).Append(attempt));
        }

        return attempt;
    }

    /// <summary>Records that an attempt was refused. What other attempts did stays open.</summary>
    public async Task WithdrawAsync(LedgerKey key, string attempt, CancellationToken cancellationToken)
    {
        while (await FindAsync(key, cancellationToken) is { } row && row.ReadAttempts() is var attempts && attempts.Contains(attempt))
        {
            row.Attempts = string.Join(',', attempts.Where(other => other != attempt));
            if (row.Attempts.Length > 0 ? await _table.TryWriteAsync(row, cancellationToken) : await _table.TryDeleteAsync(row, cancellationToken))
            {
                return;
            }
        }
    }

    /// <summary>Records that 8x8 no longer has the object.</summary>
    /// <returns>The object's row; <see langword="null"/> when this app did not delete it.</returns>
    public async Task<PurgeRow?> CompleteAsync(LedgerKey key, DateTimeOffset now, CancellationToken cancellationToken)
    {
        while (await FindAsync(key, cancellationToken) is { } row)
        {
            if (row.DeletedAt is not null)
            {
                return row;
            }

            row.DeletedAt = now;
            if (await _table.TryWriteAsync(row, cancellationToken))
            {
                return row;
            }
        }

        return null;
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

    /// <summary>
    /// The attempts of the deletion that 8x8 did not refuse, separated by commas; <see langword="null"/> in rows of an earlier version.
    /// </summary>
    public string? Attempts { get; set; }

    /// <summary>When its deletion at 8x8 began.</summary>
    public DateTimeOffset BegunAt { get; set; }

    /// <summary>When 8x8 was seen not to have it any more; <see langword="null"/> before.</summary>
    public DateTimeOffset? DeletedAt { get; set; }

    /// <summary>The attempts that are open: none of a deletion that was completed, and one without a name in a row of an earlier version.</summary>
    internal IReadOnlyList<string> ReadAttempts() => DeletedAt is null ? (Attempts ?? "-").Split(',') : [];
}
