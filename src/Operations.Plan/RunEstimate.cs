using System.Globalization;
using Archiving.Copying;
using Archiving.Settings;

namespace Operations.Plan;

/// <summary>What a run that copies everything not archived yet takes and costs. An estimate throughout.</summary>
/// <param name="SourceRequests">Requests to 8x8: listing, downloads, restores and looks at whether they are done.</param>
/// <param name="Hours">How long copying takes on one instance, restores aside; Azure adds instances automatically.</param>
/// <param name="HoursBasis">What that is estimated from.</param>
/// <param name="RestoreDays">How many days the restores take; 0 when there are none.</param>
/// <param name="BlobWrites">Writes to Blob Storage.</param>
/// <param name="QueueOperations">Requests to queues.</param>
/// <param name="TableOperations">Requests to tables.</param>
/// <param name="Cost">What Azure costs.</param>
public sealed record RunEstimate(
    long SourceRequests,
    double Hours,
    string HoursBasis,
    long RestoreDays,
    long BlobWrites,
    long QueueOperations,
    long TableOperations,
    CostEstimate Cost)
{
    /// <summary>Bytes that one instance copies in a second.</summary>
    public const double BytesPerSecond = 20_000_000;

    /// <summary>Objects that one instance copies at once: <c>batchSize</c> of host.json, and half of it taken ahead.</summary>
    public const int ObjectsAtOnce = 48;

    // Put, a thirty-second of a get, delete.
    private const double QueueOperationsPerMessage = 2.1;

    // The row when it is archived, and a share of a page's query and transaction.
    private const double TableOperationsPerObject = 1.04;

    // Planned, listed, done, notes for summaries and index that its day changes, a look at what cases hold, and one write again
    // because windows that end at once count in the same row.
    private const double TableOperationsPerWindow = 8;

    // The row is read and written.
    private const double TableOperationsPerLook = 2;
    private const double ObjectsPerPage = 100;
    private const double GigabytesPerInstance = 2;
    private const double BytesPerGibibyte = 1024.0 * 1024 * 1024;

    // 8x8 takes hours, up to a day; each object is checked repeatedly until it is there.
    private static readonly TimeSpan RestoreDuration = TimeSpan.FromHours(12);

    /// <summary>Estimates what archiving takes.</summary>
    /// <param name="counted">What there is.</param>
    /// <param name="windows">How many windows of a day are listed.</param>
    /// <param name="request">How long a request to 8x8 takes.</param>
    /// <param name="options">The settings.</param>
    internal static RunEstimate Of(CountedObjects counted, int windows, TimeSpan request, ArchiverOptions options)
    {
        var objects = counted.ToCopy.Objects;
        var restores = counted.ToRestore.Objects;
        var pages = windows + Math.Floor(counted.Total.Objects / ObjectsPerPage);
        var looks = Math.Max(1, RestoreDuration / options.Restore.PollInterval);
        var downloads = objects + counted.WithoutChecksum.Objects;
        var requests = pages + downloads + (restores * (1 + looks));

        // The longest of three decides: bytes, the many small objects' own time, and the ceiling that was set.
        var byBytes = (counted.ToCopy.Bytes + counted.WithoutChecksum.Bytes) / BytesPerSecond;
        var byObjects = downloads * request.TotalSeconds / ObjectsAtOnce;
        var byCeiling = options.EightByEight.MaxRequestsPerSecond is > 0 and var ceiling ? requests / ceiling : 0;
        var seconds = Math.Max(Math.Max(byBytes, byObjects), byCeiling);
        var basis = string.Create(
            CultureInfo.InvariantCulture,
            $"one instance, {BytesPerSecond / 1_000_000:0} MB/s and {ObjectsAtOnce} objects at once assumed, {request.TotalMilliseconds:0} ms for a "
            + $"request measured");
        if (byCeiling > 0 && byCeiling >= seconds)
        {
            basis = FormattableString.Invariant($"EightByEight__MaxRequestsPerSecond is {options.EightByEight.MaxRequestsPerSecond:0.##}");
        }

        // Each window, object and check of a restore is a message and a run of a function.
        var messages = windows + objects + (restores * (1 + looks));
        var queueOperations = messages * QueueOperationsPerMessage;
        var tableOperations = (windows * TableOperationsPerWindow) + (objects * TableOperationsPerObject) + (restores * (1 + looks) * TableOperationsPerLook);
        var once = (counted.BlobWrites * AzurePrices.BlobWritesPer10000 / 10_000)
            + (queueOperations * AzurePrices.QueueOperationsPer10000 / 10_000)
            + (tableOperations * AzurePrices.TableOperationsPer10000 / 10_000)
            + (messages * AzurePrices.ExecutionsPerMillion / 1_000_000)
            + (seconds * GigabytesPerInstance * AzurePrices.GigabyteSecond);
        return new RunEstimate(
            Whole(requests),
            Math.Round(seconds / 3600, 3),
            basis,
            RestoreDaysFor(restores, options.Restore.MaxPerDay),
            Whole(counted.BlobWrites),
            Whole(queueOperations),
            Whole(tableOperations),
            new CostEstimate(
                Math.Round(once, 4),
                Math.Round(counted.ToCopy.Bytes / BytesPerGibibyte * AzurePrices.StoragePerGibibyteMonth, 4),
                "USD",
                AzurePrices.Basis,
                AzurePrices.AsOf));
    }

    /// <summary>Writes to Blob Storage for an object: its content, in blocks when it is large, and its receipt.</summary>
    internal static double WritesFor(long bytes) =>
        bytes <= ContentTransfer.BufferSize ? 2 : Math.Ceiling((double)bytes / ContentTransfer.BufferSize) + 2;

    private static long RestoreDaysFor(double restores, int perDay) => restores switch
    {
        0 => 0,
        _ when perDay == 0 => 1,
        _ => Whole(Math.Ceiling(restores / perDay)),
    };

    private static long Whole(double number) => (long)Math.Round(number);
}

/// <summary>What Azure costs by list price.</summary>
/// <param name="Once">Operations and computing of the run.</param>
/// <param name="PerMonth">Keeping what was copied, by the month.</param>
/// <param name="Currency">Currency of both.</param>
/// <param name="Basis">Region and kind of storage of the prices.</param>
/// <param name="AsOf">When these were the prices.</param>
public sealed record CostEstimate(double Once, double PerMonth, string Currency, string Basis, string AsOf);
