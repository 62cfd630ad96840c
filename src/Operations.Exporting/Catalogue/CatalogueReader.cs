using System.Runtime.CompilerServices;
using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;

namespace Operations.Catalogue;

/// <summary>Objects made in a range of time.</summary>
/// <param name="Rows">The objects, by the time they were made.</param>
/// <param name="Digest">What the ledger said of them.</param>
/// <param name="End">The end of that time.</param>
internal sealed record CatalogueSlice(List<CatalogueRow> Rows, LedgerDigest Digest, DateTimeOffset End);

/// <summary>
/// Reads what is archived from the ledger, in the order of time: a thousand objects cost one request, where their receipts would cost one
/// each. A receipt is read where the ledger does not hold the tags, because they are long or the row is of an earlier version.
/// </summary>
public sealed partial class CatalogueReader(ObjectLedger ledger, LedgerDays days, ArchiveStore archive, ILogger<CatalogueReader> logger)
{
    private const int ReceiptsAtOnce = 16;
    private const int MaxShared = 10_000;
    private static readonly TimeSpan MinSlice = TimeSpan.FromSeconds(1);

    private static readonly string[] Columns =
    [
        nameof(LedgerEntry.Region), nameof(LedgerEntry.Id), nameof(LedgerEntry.Type), nameof(LedgerEntry.State), nameof(LedgerEntry.ObjectName),
        nameof(LedgerEntry.CreatedTime), nameof(LedgerEntry.UpdatedTime), nameof(LedgerEntry.ArchivedAt), nameof(LedgerEntry.Bytes),
        nameof(LedgerEntry.Blob), nameof(LedgerEntry.Md5), nameof(LedgerEntry.Sha256), nameof(LedgerEntry.Verification), nameof(LedgerEntry.CallId),
        nameof(LedgerEntry.UserId), nameof(LedgerEntry.QueueName), nameof(LedgerEntry.AgentName), nameof(LedgerEntry.Tags),
    ];

    /// <summary>Reads the archived objects of a region that were made in <c>[from, to)</c>, slice by slice.</summary>
    /// <param name="region">8x8's region.</param>
    /// <param name="from">Start.</param>
    /// <param name="to">End.</param>
    /// <param name="rowsPerSlice">About how many rows a slice has.</param>
    /// <param name="cancellationToken">Stops the queries.</param>
    /// <exception cref="OutageException">The storage does not work.</exception>
    internal async IAsyncEnumerable<CatalogueSlice> ReadAsync(
        string region,
        DateTimeOffset from,
        DateTimeOffset to,
        int rowsPerSlice,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var shared = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var day in await days.ReadAsync(region, from, to, cancellationToken))
        {
            var end = day.Day.AddDays(1);
            var width = TimeSpan.FromDays(1) / Math.Max(1, Math.Ceiling((double)day.Types.Values.Sum(type => type.States.Values.Sum()) / rowsPerSlice));
            for (var begin = day.Day > from ? day.Day : from; begin < end;)
            {
                var sliceEnd = begin + width < end ? begin + width : end;
                var digest = new LedgerDigest();
                var rows = await ReadSliceAsync(
                    TableClient.CreateQueryFilter($"PartitionKey eq {day.Partition} and CreatedTime ge {begin} and CreatedTime lt {sliceEnd}"),
                    width > MinSlice ? 2 * rowsPerSlice : int.MaxValue,
                    shared,
                    digest,
                    cancellationToken);
                if (rows is null)
                {
                    // The day is busier at this time than on average.
                    width /= 2;
                    continue;
                }

                rows.Sort(Compare);
                yield return new CatalogueSlice(rows, digest, sliceEnd);
                begin = sliceEnd;
            }
        }
    }

    private static int Compare(CatalogueRow one, CatalogueRow other)
    {
        var byTime = one.CreatedTime.CompareTo(other.CreatedTime);
        return byTime != 0 ? byTime : string.CompareOrdinal(one.Id, other.Id);
    }

    /// <summary>The objects of a slice; <see langword="null"/> when there are too many.</summary>
    private async Task<List<CatalogueRow>?> ReadSliceAsync(
        string filter,
        int maxRows,
        Dictionary<string, string> shared,
        LedgerDigest digest,
        CancellationToken cancellationToken)
    {
        var rows = new List<CatalogueRow>();
        var withoutTags = new List<LedgerEntry>();
        await foreach (var entry in ledger.SearchAsync(filter, Columns, cancellationToken))
        {
            digest.Add(entry);
            if (!CatalogueRow.IsIn(entry))
            {
                continue;
            }

            if (rows.Count + withoutTags.Count == maxRows)
            {
                return null;
            }

            if (string.IsNullOrEmpty(entry.Tags))
            {
                withoutTags.Add(entry);
            }
            else
            {
                rows.Add(CatalogueRow.Of(entry, entry.Tags, Share));
            }
        }

        foreach (var chunk in withoutTags.Chunk(ReceiptsAtOnce))
        {
            var records = await Task.WhenAll(chunk.Select(entry => ReadTagsAsync(entry, cancellationToken)));
            rows.AddRange(chunk.Zip(records, (entry, tags) => CatalogueRow.Of(entry, tags, Share)));
        }

        return rows;

        string Share(string text)
        {
            if (shared.TryGetValue(text, out var same))
            {
                return same;
            }

            if (shared.Count < MaxShared)
            {
                shared[text] = text;
            }

            return text;
        }
    }

    /// <summary>The tags by an object's receipt; <see langword="null"/> when it cannot be read. The user's id goes into the row.</summary>
    private async Task<string?> ReadTagsAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            if (await archive.ReadAsync(ArchiveLayout.ReceiptName(entry.Blob!), cancellationToken) is { } body)
            {
                var record = Receipt.Parse(body).Record;
                entry.UserId ??= record.UserId;
                return RecordTags.ToJson(record);
            }

            Log.WithoutTags(logger, entry.Region, entry.Id, "its receipt is missing");
        }
        catch (FormatException exception)
        {
            Log.WithoutTags(logger, entry.Region, entry.Id, exception.Message);
        }
        catch (Azure.RequestFailedException exception) when (ArchiveStore.IsOfArchiveTier(exception.ErrorCode))
        {
            Log.WithoutTags(logger, entry.Region, entry.Id, "its receipt is in the archive tier");
        }

        return null;
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 2110, Level = LogLevel.Warning, Message = "The catalogue has no tags of {Region}/{ObjectId}: {Problem}")]
        public static partial void WithoutTags(ILogger logger, string region, string objectId, string problem);
    }
}
