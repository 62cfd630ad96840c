using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Source;

namespace Operations.Runs;

/// <summary>Plans the windows of runs: what they are is looked up, and nothing is written.</summary>
public sealed class RunPlanner(RegionCatalog regions, SourceListing source, ObjectLedger ledger, ArchiveStore archive, ReceiptDays receiptDays)
{
    /// <summary>The most windows of a run: more than 13 years in four regions.</summary>
    public const int MostWindows = 20_000;

    // 8x8's storage is newer: an object that claims to be older has a wrong time.
    private static readonly DateTimeOffset DaysBegin = new(2010, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The windows of a backfill: one for each day of each region. There may be more than a run holds.</summary>
    public async Task<IEnumerable<WindowMessage>> PlanBackfillAsync(
        DateTimeOffset from,
        DateTimeOffset to,
        IReadOnlyList<string> wantedRegions,
        IReadOnlyList<string> types,
        CancellationToken cancellationToken)
    {
        var all = wantedRegions.Count > 0 ? wantedRegions : await regions.GetAsync(cancellationToken);
        return all.SelectMany(region => Windows(WindowKind.Backfill, region, from, to, types));
    }

    /// <summary>
    /// The windows of a reconcile: one for each day, and in each region one for everything that is so old that its
    /// days cannot be trusted, or would be more than a run holds. Their number stays within the limit for any creation times.
    /// </summary>
    public async Task<IReadOnlyList<WindowMessage>> PlanReconcileAsync(DateTimeOffset to, CancellationToken cancellationToken)
    {
        var all = await regions.GetAsync(cancellationToken);
        var mostDays = (MostWindows / Math.Max(1, all.Count)) - 2;
        var daysBegin = Midnight(to.AddDays(-mostDays));
        daysBegin = daysBegin > DaysBegin ? daysBegin : DaysBegin;
        var windows = new List<WindowMessage>();
        foreach (var region in all)
        {
            var first = await FindFirstDayAsync(region, DateTimeOffset.UnixEpoch, to, cancellationToken);
            if (first < daysBegin)
            {
                // It reaches to the next day that holds anything: the empty days between would be listed for nothing every week.
                var next = await FindFirstDayAsync(region, daysBegin, to, cancellationToken);
                next = next < to ? next : to;
                windows.Add(Window(WindowKind.Reconcile, region, first.Value, next.Value, types: []));
                first = next;
            }

            if (first is { } day)
            {
                windows.AddRange(Windows(WindowKind.Reconcile, region, day, to, types: []));
            }
        }

        return windows;
    }

    /// <summary>The windows of a rebuild: one for each region and day that the container holds, in order of days.</summary>
    public async Task<IReadOnlyList<WindowMessage>> PlanRebuildAsync(CancellationToken cancellationToken)
    {
        var windows = new List<WindowMessage>();
        await foreach (var folder in archive.ListFoldersAsync("", cancellationToken))
        {
            var region = ObjectNames.Decode(folder.TrimEnd('/'));
            var days = await receiptDays.FindAsync(folder, DateTimeOffset.MinValue, DateTimeOffset.MaxValue, cancellationToken);
            windows.AddRange(days.Select(day => Window(WindowKind.Rebuild, region, day, day.AddDays(1), types: [])));
        }

        return [.. windows.OrderBy(window => window.From).ThenBy(window => window.Region, StringComparer.Ordinal)];
    }

    internal static WindowMessage Window(WindowKind kind, string region, DateTimeOffset from, DateTimeOffset to, IReadOnlyList<string> types) => new()
    {
        Kind = kind,
        Region = region,
        From = from,
        To = to,
        Field = TimeField.CreatedTime,
        Types = types.Count > 0 ? types : null,
    };

    private static IEnumerable<WindowMessage> Windows(WindowKind kind, string region, DateTimeOffset from, DateTimeOffset to, IReadOnlyList<string> types) =>
        ListingPlanner.Cut(from, to).Select(span => Window(kind, region, span.From, span.To, types));

    private static DateTimeOffset Midnight(DateTimeOffset time) => new(time.UtcDateTime.Date, TimeSpan.Zero);

    /// <summary>
    /// The first day, from a given one on, of which 8x8 or the ledger knows an object of a region; <see langword="null"/>
    /// when neither knows any.
    /// </summary>
    private async Task<DateTimeOffset?> FindFirstDayAsync(string region, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var atSource = await FindFirstAtSourceAsync(region, from, to, cancellationToken);
        var here = await ledger.FindFirstDayAsync(region, from, cancellationToken);
        var first = atSource is null || here < atSource ? here : atSource;
        return first is { } time ? Midnight(time) : null;
    }

    private async Task<DateTimeOffset?> FindFirstAtSourceAsync(string region, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        DateTimeOffset? first = null;
        await foreach (var page in source.ReadAsync(region, TimeField.CreatedTime, from, to, types: null, cancellationToken))
        {
            // Records without that time come along, and are filed elsewhere.
            first = page.Objects.Select(record => (DateTimeOffset?)LedgerKey.CreatedTime(record)).Where(time => time >= from).Append(first).Min();

            // Where pages do not come in order, an older one may follow until all is listed.
            if (first < page.ResumeFrom)
            {
                return first;
            }
        }

        return first;
    }
}
