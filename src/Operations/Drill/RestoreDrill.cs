using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using EightByEight;
using Microsoft.Extensions.Logging;
using Operations.Objects;

namespace Operations.Drill;

/// <summary>
/// Proves that what is archived can be restored: picks objects at random, downloads them by the links that people use,
/// and compares what arrives with the receipts. Verification reads the archive from inside; this goes the way of a person.
/// </summary>
public sealed partial class RestoreDrill(
    DaySummaries summaries,
    ObjectLedger ledger,
    ArchiveStore store,
    ObjectContents contents,
    DrillRecord record,
    TimeProvider timeProvider,
    ILogger<RestoreDrill> logger)
{
    /// <summary>How many objects are downloaded unless another number is given.</summary>
    public const int DefaultObjects = 20;

    /// <summary>The most objects of a drill.</summary>
    public const int MaxObjects = 10_000;

    private const int DownloadsAtOnce = 4;

    private static readonly string[] Columns = [nameof(LedgerEntry.State), nameof(LedgerEntry.Id)];

    // As a browser does, but for redirects: a link leads to the blob itself. A span would hold the link, which is a secret.
    private static readonly HttpClient Client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = System.Net.DecompressionMethods.None,
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        ActivityHeadersPropagator = null,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Runs a drill, logs what it found, and keeps the result for status and summary.</summary>
    /// <param name="objects">How many objects to download.</param>
    /// <param name="seed">Picks them.</param>
    /// <param name="progress">Told of each object that was downloaded, and of its problem if it has one.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<DrillReport> RunAsync(int objects, int seed, IProgress<DrillProblem?>? progress, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(objects, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(objects, MaxObjects);
        var started = timeProvider.GetTimestamp();
        var (archived, picks) = await PickAsync(objects, seed, cancellationToken);
        var problems = new List<DrillProblem>();
        var (count, bytes, failed) = (0L, 0L, 0L);
        await Parallel.ForEachAsync(
            FindAsync(picks, cancellationToken),
            new ParallelOptions { MaxDegreeOfParallelism = DownloadsAtOnce, CancellationToken = cancellationToken },
            async (entry, stop) =>
            {
                var (size, text) = await DownloadAsync(entry, stop);
                var problem = text is null ? null : new DrillProblem(entry.Region, entry.Id, entry.Blob ?? "", text);
                lock (problems)
                {
                    count++;
                    bytes += size;
                    if (problem is not null)
                    {
                        failed++;
                        Log.NotRestored(logger, problem.Region, problem.Id, problem.Problem);
                        if (problems.Count < DrillReport.MaxProblems)
                        {
                            problems.Add(problem);
                        }
                    }

                    progress?.Report(problem);
                }
            });
        var report = new DrillReport(timeProvider.GetUtcNow(), seed, archived, count, bytes, failed, problems);
        await record.WriteAsync(report, cancellationToken);
        var milliseconds = (long)timeProvider.GetElapsedTime(started).TotalMilliseconds;
        Log.Done(logger, count, archived, seed, failed, bytes, milliseconds);
        return report;
    }

    /// <summary>Picks objects, each with the same chance: which ones of each day, by their order in the ledger.</summary>
    private async Task<(long Archived, List<(string Partition, HashSet<long> Ordinals)> Picks)> PickAsync(
        int objects,
        int seed,
        CancellationToken cancellationToken)
    {
        var days = (await summaries.ReadAsync(region: null, from: null, to: null, cancellationToken))
            .Select(day => (
                Partition: LedgerKey.Partition(day.Region, day.Day),
                Count: day.Types.Values.Sum(type => type.Count(LedgerState.Archived) + type.Count(LedgerState.Purged))))
            .ToList();
        var archived = days.Sum(day => day.Count);
        var chosen = Sample(archived, objects, seed);
        var picks = new List<(string, HashSet<long>)>();
        var first = 0L;
        foreach (var (partition, count) in days)
        {
            var (start, end) = (first, first += count);
            var ordinals = chosen.Where(number => number >= start && number < end).Select(number => number - start).ToHashSet();
            if (ordinals.Count > 0)
            {
                picks.Add((partition, ordinals));
            }
        }

        return (archived, picks);
    }

    /// <summary>So many different numbers below a total, or all of them (R. Floyd, Communications of the ACM 30, 1987).</summary>
    private static HashSet<long> Sample(long total, int count, int seed)
    {
#pragma warning disable CA5394 // The seed makes a drill that found something repeatable; nothing depends on it being hard to guess.
        var random = new Random(seed);
        var chosen = new HashSet<long>();
        for (var number = Math.Max(0, total - count); number < total; number++)
        {
            var candidate = random.NextInt64(number + 1);
            chosen.Add(chosen.Contains(candidate) ? number : candidate);
        }
#pragma warning restore CA5394

        return chosen;
    }

    private async IAsyncEnumerable<LedgerEntry> FindAsync(
        List<(string Partition, HashSet<long> Ordinals)> picks,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var (partition, ordinals) in picks)
        {
            var ordinal = 0L;
            var ids = new List<string>();
            await foreach (var entry in ledger.ReadPartitionAsync(partition, Columns, cancellationToken))
            {
                if (entry.IsInArchive() && ordinals.Contains(ordinal++))
                {
                    ids.Add(entry.Id);
                }
            }

            foreach (var id in ids)
            {
                if (await ledger.FindAsync(new LedgerKey(partition, ObjectNames.Encode(id)), cancellationToken) is { } row && row.IsInArchive())
                {
                    yield return row;
                }
            }
        }
    }

    private async Task<(long Bytes, string? Problem)> DownloadAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            var link = await contents.LinkAsync(entry, save: true, cancellationToken);
            using var response = await Client.GetAsync(link.Url, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                return (0, response.StatusCode == System.Net.HttpStatusCode.NotFound
                    ? "Its content is missing: the link to it answers 404."
                    : $"The link to its content answers {(int)response.StatusCode}.");
            }

            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            var beginning = new byte[MediaHeader.Length];
            var digest = await ContentDigest.MeasureAsync(stream, beginning, cancellationToken);
            var received = beginning.AsMemory(0, (int)Math.Min(beginning.Length, digest.Bytes));
            return (digest.Bytes, await CompareAsync(entry, response, digest, received, cancellationToken));
        }
        catch (RefusedException exception)
        {
            return (0, exception.Message);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException && !cancellationToken.IsCancellationRequested)
        {
            return (0, $"The link to its content cannot be read ({exception.GetType().Name}).");
        }
    }

    private async Task<string?> CompareAsync(
        LedgerEntry entry,
        HttpResponseMessage response,
        ContentDigest digest,
        ReadOnlyMemory<byte> beginning,
        CancellationToken cancellationToken)
    {
        Receipt receipt;
        try
        {
            if (await store.ReadAsync(ArchiveLayout.ReceiptName(entry.Blob!), cancellationToken) is not { } body)
            {
                return "Its receipt is missing.";
            }

            receipt = Receipt.Parse(body);
        }
        catch (FormatException)
        {
            return "Its receipt cannot be read.";
        }

        if ((receipt.Region, receipt.Record.Id, receipt.Blob) != (entry.Region, entry.Id, entry.Blob))
        {
            return "Its receipt is of another object.";
        }

        if ((digest.Bytes, digest.Md5Hex, digest.Sha256) != (receipt.Bytes, receipt.Md5, receipt.Sha256))
        {
            return $"Its content differs from its receipt: {digest.Bytes} bytes and SHA-256 {digest.Sha256}, not {receipt.Bytes} bytes and {receipt.Sha256}.";
        }

        var stored = (await store.FindAsync(entry.Blob!, cancellationToken))?.Headers;
        var (type, expected) = (stored?.ContentType ?? "none", ArchiveLayout.ContentType(receipt.Record));
        if (!string.Equals(type, expected, StringComparison.OrdinalIgnoreCase))
        {
            return $"Its Content-Type is \"{type}\", not \"{expected}\".";
        }

        if (response.Content.Headers.ContentDisposition is not { FileNameStar.Length: > 0 })
        {
            return "The link to its content gives the file no name.";
        }

        // Bytes that match 8x8's own checksum are what 8x8 has, whatever they are.
        return ContentCoding.Parse(stored?.ContentEncoding).Count == 0
            && receipt.Verification is not ("md5" or "multipart-md5")
            && !MediaHeader.Fits(receipt.Record.MimeType, beginning.Span)
                ? $"It does not begin as {receipt.Record.MimeType} does, and 8x8 gave no checksum that proves it."
                : null;
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 2210, Level = LogLevel.Error, Message = "{Region}/{ObjectId} cannot be restored as it was archived: {Problem}")]
        public static partial void NotRestored(ILogger logger, string region, string objectId, string problem);

        [LoggerMessage(
            EventId = 2211,
            Level = LogLevel.Information,
            Message = "Restore drill of {Objects} of {Archived} archived objects with seed {Seed}: {Failed} failed, {Bytes} bytes, {Milliseconds} ms")]
        public static partial void Done(ILogger logger, long objects, long archived, int seed, long failed, long bytes, long milliseconds);
    }
}
