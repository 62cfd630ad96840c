using Archiving.Model;
using Archiving.Queues;
using Archiving.Source;
using Archiving.Telemetry;
using EightByEight;
using Microsoft.Extensions.Logging;

namespace Archiving.Listing;

/// <summary>
/// Lists the objects of one window.
/// <list type="number">
/// <item>Pages through the window by time and hands the records to the intake, ten pages at a time: as many as one answer of the ledger holds.</item>
/// <item>After a bounded amount of work sends the rest as windows of their own, halved when the rest is long, so that a busy
/// period spreads over instances and no run nears a timeout.</item>
/// </list>
/// </summary>
/// <param name="source">8x8.</param>
/// <param name="intake">Takes in what is listed.</param>
/// <param name="audit">Compares what a reconcile lists.</param>
/// <param name="sender">Sends the rest.</param>
/// <param name="metrics">Measures.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">The log.</param>
/// <param name="maxPages">Maximum number of pages that are listed at once.</param>
public sealed partial class ObjectLister(
    SourceListing source,
    ObjectIntake intake,
    ReconcileAudit audit,
    WindowSender sender,
    ArchivingMetrics metrics,
    TimeProvider timeProvider,
    ILogger<ObjectLister> logger,
    int maxPages = 50)
{
    // A query of Azure Table Storage answers with 1,000 rows at most.
    private const int RecordsTogether = 1000;
    private static readonly TimeSpan MaxTime = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan MinSplitDuration = TimeSpan.FromMinutes(10);

    /// <summary>Lists a window, or a bounded part of it.</summary>
    /// <returns>What was counted.</returns>
    /// <exception cref="OutageException">8x8 or the storage does not work.</exception>
    public async Task<WindowRow> ListAsync(WindowMessage window, CancellationToken cancellationToken)
    {
        var started = timeProvider.GetTimestamp();
        var part = new Part(window, window.Kind == WindowKind.Reconcile ? await audit.StartAsync(window, cancellationToken) : null);
        await using var listing = source
            .ReadAsync(window.Region, window.Field, window.From, window.To, window.Types, cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        while (!part.IsComplete && await NextAsync(listing, part, cancellationToken) is { } page)
        {
            part.Add(page);
            if (page.ResumeFrom > window.From && (part.Pages >= maxPages || timeProvider.GetElapsedTime(started) > MaxTime))
            {
                part.Rest = page.ResumeFrom;
            }

            if (part.Records.Count >= RecordsTogether)
            {
                await TakeInAsync(part, cancellationToken);
            }
        }

        await TakeInAsync(part, cancellationToken);
        var counts = part.Comparison is { } comparison
            ? await audit.FinishAsync(window, part.Rest ?? window.To, comparison, cancellationToken)
            : new WindowRow { Listed = part.Listed };
        counts.Enqueued = part.Enqueued;
        if (part.Rest is { } from)
        {
            await SendRestAsync(window, from, cancellationToken);
        }

        Log.Listed(logger, window.Region, window.From, part.Rest ?? window.To, counts.Listed, counts.Enqueued);
        return counts;
    }

    private async Task<KeysetPage?> NextAsync(IAsyncEnumerator<KeysetPage> listing, Part part, CancellationToken cancellationToken)
    {
        try
        {
            using var phase = metrics.StartTimer(Phase.List, part.Window.Region);
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
        var page = await intake.TakeAsync(part.Window, part.Records, part.Unreadable, part.Comparison, cancellationToken);
        part.Comparison?.TakePage(page, part.ListedTo ?? part.Comparison.Since);

        foreach (var item in page.Records.Where(item => item.IsQueued))
        {
            foreach (var field in item.Record.UnreadableFields)
            {
                Log.UnreadableField(logger, part.Window.Region, item.Record.Id, field.Name);
            }
        }

        // The part that follows lists its first second again. A record without the time counts here.
        var counted = page.Records.Where(item => !(part.Window.Field.Of(item.Record) >= part.Rest)).ToList();
        part.Listed += counted.Count;
        part.Enqueued += counted.Count(item => item.IsQueued);
        part.Records.Clear();
        part.Unreadable.Clear();
    }

    private Task SendRestAsync(WindowMessage window, DateTimeOffset from, CancellationToken cancellationToken)
    {
        var halfway = from + TimeSpan.FromSeconds(Math.Floor((window.To - from).TotalSeconds / 2));
        List<WindowMessage> parts = window.To - from > MinSplitDuration
            ? [window with { From = from, To = halfway, Deferrals = 0 }, window with { From = halfway, Deferrals = 0 }]
            : [window with { From = from, Deferrals = 0 }];
        return sender.SendPartsAsync(parts, cancellationToken);
    }

    /// <summary>How far the listing of a window has come.</summary>
    private sealed class Part(WindowMessage window, WindowAudit? comparison)
    {
        public WindowMessage Window { get; } = window;

        public WindowAudit? Comparison { get; } = comparison;

        public long Listed { get; set; }

        public long Enqueued { get; set; }

        /// <summary>Listed and not taken in yet.</summary>
        public List<StorageObject> Records { get; } = [];

        /// <summary>Listed, and cannot be read.</summary>
        public List<UnreadableRecord> Unreadable { get; } = [];

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
            Unreadable.AddRange(page.Unreadable);
            ListedTo = page.ResumeFrom;
            Pages++;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 1233,
            Level = LogLevel.Warning,
            Message = "{Field} of {Region}/{ObjectId} cannot be read; the app takes it for missing. Report it to 8x8")]
        public static partial void UnreadableField(ILogger logger, string region, string objectId, string field);

        [LoggerMessage(
            EventId = 1210,
            Level = LogLevel.Information,
            Message = "Listed {Region} from {From:O} to {To:O}: {Listed} records, {Enqueued} to archive")]
        public static partial void Listed(ILogger logger, string region, DateTimeOffset from, DateTimeOffset to, long listed, long enqueued);
    }
}
