using Archiving.Ledger;
using Archiving.Model;
using Archiving.Settings;
using Archiving.Source;
using EightByEight;

namespace Operations.Plan;

/// <summary>How far a count is.</summary>
/// <param name="Region">The region that is counted.</param>
/// <param name="Objects">How many records have been listed, all regions together.</param>
/// <param name="Until">When the last of them was made.</param>
public sealed record CountProgress(string Region, long Objects, DateTimeOffset Until);

/// <summary>
/// Counts what 8x8 has by paging through it. Holds a page and the sums, however large the account is.
/// <para>
/// With a limit, half of it counts from the start. When that is not enough, the rest of the time range is cut into slices of
/// equal length, and a sample of each is counted and extrapolated. How long a sample is follows from what was counted
/// before and not from what is in it, or a burst of objects would seem to be everywhere. Samples begin at another share
/// of each slice, so that they do not all fall into the same hour of the day.
/// </para>
/// </summary>
internal sealed class ObjectCounter(KeysetPager pager, ResponseWatch watch, ObjectLedger? ledger, ArchiverOptions options, TimeProvider timeProvider)
{
    private const int MaxSlices = 48;
    private const int RecordsPerPage = 100;
    private const double GoldenRatio = 0.6180339887498949;

    // Some slices hold more than those before them.
    private const double Caution = 0.7;
    private long _listed;
    private DateTimeOffset _now;

    /// <summary>The ledger, as long as it can be read.</summary>
    public ObjectLedger? Ledger { get; private set; } = ledger;

    /// <summary>Counts regions, one after the other.</summary>
    public async Task<CountedObjects> CountAsync(
        IReadOnlyList<string> regions,
        IReadOnlySet<string> listedWhole,
        PlanRequest request,
        DateTimeOffset from,
        DateTimeOffset to,
        IProgress<CountProgress>? progress,
        CancellationToken cancellationToken)
    {
        _now = timeProvider.GetUtcNow();
        var started = timeProvider.GetTimestamp();
        var pagesLeft = request.MaxPages;
        var counted = new CountedObjects();
        for (var index = 0; index < regions.Count; index++)
        {
            // What a region leaves over, the next ones have.
            var timeLeft = request.MaxDuration - timeProvider.GetElapsedTime(started);
            var budget = new Budget(
                request.MaxPages == 0 ? int.MaxValue : Math.Max(2, pagesLeft / (regions.Count - index)),
                timeLeft is { } left ? left / (regions.Count - index) : null,
                watch,
                timeProvider);
            var scan = new KeysetScan(regions[index], TimeField.CreatedTime, from, to, new WantedObjects(options.EightByEight).ToFiql(request.Types));
            await CountRegionAsync(scan, listedWhole.Contains(regions[index]), budget, counted, progress, cancellationToken);
            pagesLeft -= budget.Pages;
        }

        counted.Listed = _listed;
        return counted;
    }

    /// <summary>
    /// Cuts a time range into slices of equal length and gives where the sample of each begins. The first ones, however
    /// many are used, are spread over the whole range.
    /// </summary>
    internal static IEnumerable<(DateTimeOffset From, DateTimeOffset Begin, DateTimeOffset To)> Slices(DateTimeOffset from, DateTimeOffset to, int count)
    {
        foreach (var number in Enumerable.Range(0, count).OrderBy(Share))
        {
            var start = Between(from, to, (double)number / count);
            var end = number == count - 1 ? to : Between(from, to, (double)(number + 1) / count);
            yield return (start, Between(start, end, Share(number)), end);
        }

        static double Share(int number) => (number + 1) * GoldenRatio % 1;
    }

    private async Task CountRegionAsync(
        KeysetScan scan,
        bool isListedWhole,
        Budget budget,
        CountedObjects counted,
        IProgress<CountProgress>? progress,
        CancellationToken cancellationToken)
    {
        var first = new CountedObjects();
        var until = await CountPartAsync(scan, isListedWhole, budget.Half, first, progress, cancellationToken);
        counted.Add(first, factor: 1);
        if (until >= scan.To)
        {
            return;
        }

        counted.IsEstimate = true;
        var rest = scan with { From = until };

        // Where a region is listed whole, each sample would cost a listing of the whole region.
        var (sample, share) = isListedWhole
            ? (first, 0)
            : await SampleAsync(rest, first.Total.Objects / Seconds(first.Oldest ?? scan.From, until), budget, progress, cancellationToken);
        counted.Add(share > 0 ? sample : first, share > 0 ? 1 / share : Seconds(until, scan.To) / Seconds(scan.From, until));
    }

    /// <summary>Estimates a time range from samples.</summary>
    /// <returns>The sums of the slices that were reached, and what share of all these are.</returns>
    private async Task<(CountedObjects Sums, double Share)> SampleAsync(
        KeysetScan scan,
        double objectsPerSecond,
        Budget budget,
        IProgress<CountProgress>? progress,
        CancellationToken cancellationToken)
    {
        var sums = new CountedObjects();
        var slices = (int)Math.Clamp(Math.Min(budget.PagesLeft / 2.0, (scan.To - scan.From).TotalHours), 1, MaxSlices);
        var taken = 0;
        var objects = objectsPerSecond;
        var seconds = 1.0;
        foreach (var (start, begin, end) in Slices(scan.From, scan.To, slices))
        {
            var pages = Math.Max(1, Caution * budget.PagesLeft / (slices - taken));
            var length = TimeSpan.FromSeconds(
                Math.Clamp(Math.Floor(pages * RecordsPerPage * seconds / Math.Max(objects, double.Epsilon)), 1, Seconds(start, end)));

            // What does not fit before the end of the slice is taken from its start.
            var last = begin + length < end ? begin + length : end;
            var sample = new CountedObjects();
            var stopped = await CountPartAsync(scan with { From = begin, To = last }, isListedWhole: false, budget, sample, progress, cancellationToken);
            var covered = stopped - begin;
            if (stopped == last && covered < length)
            {
                var rest = start + (length - covered);
                stopped = await CountPartAsync(scan with { From = start, To = rest }, isListedWhole: false, budget, sample, progress, cancellationToken);
                covered += stopped - start;
            }

            // One that the limit cut short is used only where there is no other.
            if (covered < length && (taken > 0 || covered <= TimeSpan.Zero))
            {
                break;
            }

            sums.Add(sample, Seconds(start, end) / covered.TotalSeconds);
            objects += sample.Total.Objects;
            seconds += covered.TotalSeconds;
            taken++;
            if (budget.IsSpent)
            {
                break;
            }
        }

        return (sums, (double)taken / slices);
    }

    /// <summary>Counts until the part or the limit ends.</summary>
    /// <returns>Up to when everything was counted.</returns>
    private async Task<DateTimeOffset> CountPartAsync(
        KeysetScan scan,
        bool isListedWhole,
        Budget limit,
        CountedObjects counted,
        IProgress<CountProgress>? progress,
        CancellationToken cancellationToken)
    {
        if (scan.From >= scan.To)
        {
            return scan.To;
        }

        await foreach (var page in pager.ReadAsync(scan, cancellationToken))
        {
            var last = page.Objects.Count == 0 ? null : page.Objects.Max(record => record.CreatedTime);
            var until = isListedWhole ? last : page.ResumeFrom;
            var stops = page.ResumeFrom is not null && limit.IsSpent && until > scan.From;

            // The second that a part ends in is listed again by what follows.
            var records = stops ? page.Objects.Where(record => LedgerKey.CreatedTime(record) < until).ToList() : page.Objects;
            await AddAsync(scan.Region, records, counted, cancellationToken);
            foreach (var record in page.Unreadable)
            {
                counted.Add(scan.Region, record);
            }

            _listed += records.Count;
            progress?.Report(new CountProgress(scan.Region, _listed, last ?? until ?? scan.To));
            if (stops)
            {
                return until!.Value;
            }
        }

        return scan.To;
    }

    private async Task AddAsync(string region, IReadOnlyList<StorageObject> records, CountedObjects counted, CancellationToken cancellationToken)
    {
        var archived = await FindArchivedAsync(region, records, cancellationToken);
        foreach (var record in records)
        {
            counted.Add(region, record, archived.Contains(record.Id), options.Retention.DeletedOn(region, record) - _now);
        }
    }

    private async Task<HashSet<string>> FindArchivedAsync(string region, IReadOnlyList<StorageObject> records, CancellationToken cancellationToken)
    {
        var archived = new HashSet<string>(StringComparer.Ordinal);
        if (Ledger is null || records.Count == 0)
        {
            return archived;
        }

        try
        {
            var rows = (await Ledger.FindAsync(region, records, TimeField.CreatedTime, since: null, cancellationToken)).Known;
            foreach (var record in records)
            {
                if (rows.TryGetValue(LedgerKey.Of(region, record), out var row)
                    && row.IsSettled()
                    && !row.MayDifferFrom(record))
                {
                    archived.Add(record.Id);
                }
            }
        }
        catch (OutageException)
        {
            Ledger = null;
        }

        return archived;
    }

    private static DateTimeOffset Between(DateTimeOffset from, DateTimeOffset to, double share) =>
        from + TimeSpan.FromSeconds(Math.Floor((to - from).TotalSeconds * share));

    private static double Seconds(DateTimeOffset from, DateTimeOffset to) => Math.Max(1, (to - from).TotalSeconds);

    /// <summary>How much may be asked of 8x8.</summary>
    private sealed class Budget(int pages, TimeSpan? time, ResponseWatch watch, TimeProvider timeProvider)
    {
        private readonly long _startedAt = watch.Answers;
        private readonly long _started = timeProvider.GetTimestamp();

        public int Pages => (int)(watch.Answers - _startedAt);

        public int PagesLeft => pages - Pages;

        public bool IsSpent => Pages >= pages || timeProvider.GetElapsedTime(_started) >= time;

        public Budget Half => new(pages == int.MaxValue ? pages : Math.Max(1, pages / 2), time / 2, watch, timeProvider);
    }
}
