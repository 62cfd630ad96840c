using Archiving.Ledger;
using Archiving.Model;
using Archiving.Outages;
using Archiving.Queues;
using Archiving.Settings;
using Archiving.Source;
using Archiving.Telemetry;
using EightByEight;
using Microsoft.Extensions.Logging;

namespace Archiving.Listing;

/// <summary>
/// Lists one window. Any number may run at once.
/// <list type="number">
/// <item>Pages through the window by time and hands the records to the intake, ten pages at a time: as many as one answer of the ledger holds.</item>
/// <item>After a bounded amount of work sends the rest as windows of their own, halved when the rest is long, so that a busy period spreads over instances and no run nears a timeout.</item>
/// <item>Records the window as done, and ends its run when it was the last.</item>
/// </list>
/// After a crash at any point the message comes again; everything done so far is then found done.
/// </summary>
public sealed partial class WindowLister(
    KeysetPager pager,
    ObjectIntake intake,
    ReconcileAudit audit,
    LedgerRebuilder rebuilder,
    ListingStore store,
    RunCompletion completion,
    WorkQueues queues,
    HealthBoard health,
    ArchivingMetrics metrics,
    ArchiverOptions options,
    TimeProvider timeProvider,
    ILogger<WindowLister> logger)
{
    // A query of Azure Table Storage answers with 1,000 rows at most.
    private const int RecordsTogether = 1000;
    private static readonly TimeSpan MostTime = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan ShortRest = TimeSpan.FromMinutes(10);

    /// <summary>The most pages that one run lists.</summary>
    internal int MostPages { get; set; } = 50;

    /// <summary>Lists a window, or a bounded part of it.</summary>
    /// <exception cref="OutageException">8x8 or the storage does not work.</exception>
    public async Task ListAsync(WindowMessage window, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(window);
        if (window is { Kind: WindowKind.Listing, Deferrals: > 0, RunId: { } run } && await store.IsReplacedAsync(window.Region, run, cancellationToken))
        {
            // During an outage of 8x8, runs are given up and planned again. When it recovers, one of them is enough.
            Log.Replaced(logger, window.Region, window.From, window.To);
            return;
        }

        var counts = window.Kind switch
        {
            WindowKind.Rebuild => await rebuilder.RebuildAsync(window, cancellationToken),
            _ => await ListObjectsAsync(window, cancellationToken),
        };
        if (window.RunId is { } runId)
        {
            await store.CompleteWindowAsync(window, counts, cancellationToken);
            await completion.TryCompleteAsync(window.Region, runId, window.Kind, cancellationToken);
        }
    }

    /// <summary>FIQL for what is wanted of a region, time aside.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="types">The types to list; those of the settings when there are none.</param>
    public static string? Wanted(EightByEightOptions options, IReadOnlyList<string>? types = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Fiql.And(
            Fiql.Or([.. (types is { Count: > 0 } ? types : options.Types).Select(type => Fiql.Equal("type", type))]),
            options.IncludeArchived
                ? Fiql.Or(Fiql.Equal("objectState", "AVAILABLE"), Fiql.Equal("objectState", "ARCHIVED"))
                : Fiql.Equal("objectState", "AVAILABLE"),
            options.Filter is { } extra ? $"({extra})" : null);
    }

    private async Task<WindowRow> ListObjectsAsync(WindowMessage window, CancellationToken cancellationToken)
    {
        var started = timeProvider.GetTimestamp();
        var scan = new KeysetScan(window.Region, window.Field, window.From, window.To, Wanted(options.EightByEight, window.Types));
        var comparison = window.Kind == WindowKind.Reconcile ? await audit.StartAsync(window, cancellationToken) : null;
        var part = new Part(window, scan, comparison);
        try
        {
            await using var listing = pager.ReadAsync(scan, cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (!part.IsComplete && await NextAsync(listing, part, cancellationToken) is { } page)
            {
                health.Clear(Condition.Source);
                part.Add(page);
                if (page.ResumeFrom > window.From && (part.Pages >= MostPages || timeProvider.GetElapsedTime(started) > MostTime))
                {
                    part.Rest = page.ResumeFrom;
                }

                if (part.Records.Count >= RecordsTogether)
                {
                    await TakeInAsync(part, cancellationToken);
                }
            }
        }
        catch (Exception exception) when (SourceFailure.OfAccount(exception) is { } outage)
        {
            throw outage;
        }

        await TakeInAsync(part, cancellationToken);
        if (comparison is not null)
        {
            await audit.FinishAsync(window, part.Rest ?? window.To, comparison, part.Counts, cancellationToken);
        }

        if (part.Rest is { } from)
        {
            await SendRestAsync(window, from, cancellationToken);
        }

        Log.Listed(logger, window.Region, window.From, part.Rest ?? window.To, part.Counts.Listed, part.Counts.Enqueued);
        return part.Counts;
    }

    private async Task<KeysetPage?> NextAsync(IAsyncEnumerator<KeysetPage> listing, Part part, CancellationToken cancellationToken)
    {
        try
        {
            using var phase = metrics.Begin(Phase.List, part.Window.Region);
            return await listing.MoveNextAsync() ? listing.Current : null;
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // What was listed until then is taken in: the page that fails may fail every time.
            await TakeInAsync(part, cancellationToken);
            throw;
        }
    }

    private async Task TakeInAsync(Part part, CancellationToken cancellationToken)
    {
        var others = part.Comparison is null ? null : new List<LedgerEntry>();
        var step = await intake.TakeAsync(part.Window, part.Records, part.Comparison, others, cancellationToken);
        part.Comparison?.TakePage(step, others!, part.ListedTo ?? part.Comparison.Since);

        // The part that follows lists its first second again.
        var counted = step.Where(item => !(part.Scan.TimeOf(item.Record) >= part.Rest)).ToList();
        part.Counts.Listed += counted.Count;
        part.Counts.Enqueued += counted.Count(item => item.IsQueued);
        part.Records.Clear();
    }

    private async Task SendRestAsync(WindowMessage window, DateTimeOffset from, CancellationToken cancellationToken)
    {
        var halfway = from + TimeSpan.FromSeconds(Math.Floor((window.To - from).TotalSeconds / 2));
        List<WindowMessage> parts = window.To - from > ShortRest
            ? [window with { From = from, To = halfway, Deferrals = 0 }, window with { From = halfway, Deferrals = 0 }]
            : [window with { From = from, Deferrals = 0 }];

        // Recorded before this window is done: the run must never look complete while a part is missing.
        if (window.RunId is not null)
        {
            await store.AddWindowsAsync(parts, cancellationToken);
        }

        foreach (var part in parts)
        {
            await queues.SendAsync(part, TimeSpan.Zero, cancellationToken);
        }
    }

    /// <summary>How far the listing of a window has come.</summary>
    private sealed class Part(WindowMessage window, KeysetScan scan, WindowAudit? comparison)
    {
        public WindowMessage Window { get; } = window;

        public KeysetScan Scan { get; } = scan;

        public WindowAudit? Comparison { get; } = comparison;

        public WindowRow Counts { get; } = new();

        /// <summary>Listed and not taken in yet.</summary>
        public List<StorageObject> Records { get; } = [];

        public int Pages { get; private set; }

        /// <summary>Whether nothing more of it is to be listed now.</summary>
        public bool IsComplete => Rest is not null || (Pages > 0 && ListedTo is null);

        /// <summary>Everything before this time has been listed; <see langword="null"/> at the window's end.</summary>
        public DateTimeOffset? ListedTo { get; private set; }

        /// <summary>Where the part that follows begins; <see langword="null"/> when none does.</summary>
        public DateTimeOffset? Rest { get; set; }

        public void Add(KeysetPage page)
        {
            Records.AddRange(page.Objects);
            ListedTo = page.ResumeFrom;
            Pages++;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1210, Level = LogLevel.Information, Message = "Listed {Region} from {From:O} to {To:O}: {Listed} records, {Enqueued} to archive")]
        public static partial void Listed(ILogger logger, string region, DateTimeOffset from, DateTimeOffset to, long listed, long enqueued);

        [LoggerMessage(EventId = 1212, Level = LogLevel.Information, Message = "Listing of {Region} from {From:O} to {To:O} was deferred to a later run")]
        public static partial void Replaced(ILogger logger, string region, DateTimeOffset from, DateTimeOffset to);
    }
}
