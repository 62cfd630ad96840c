using Archiving.Model;
using Archiving.Queues;
using Archiving.Source;
using Azure;
using EightByEight;
using Microsoft.Extensions.Logging;

namespace Archiving.Listing;

/// <summary>
/// Handles one window. Any number may run at once.
/// <list type="number">
/// <item>Lists its objects (<see cref="KeysetPager"/> decides in which order), rebuilds rows from its receipts, or cuts it into
/// smaller windows.</item>
/// <item>Records the window as done, and ends its run when it was the last.</item>
/// </list>
/// After a crash at any point the message comes again; everything done so far is then found done.
/// </summary>
public sealed partial class WindowLister(
    ObjectLister objects,
    LedgerRebuilder rebuilder,
    WindowCutter cutter,
    ListingStore store,
    RunCompletion completion,
    TimeProvider timeProvider,
    ILogger<WindowLister> logger)
{
    /// <summary>Lists a window, or a bounded part of it. What keeps it from being listed is on record until it was.</summary>
    /// <param name="window">The window.</param>
    /// <param name="attempt">How often the message has been delivered, this time included.</param>
    /// <param name="cancellationToken">Stops the work; the message comes again then.</param>
    /// <exception cref="OutageException">8x8 or the storage does not work.</exception>
    public async Task ListAsync(WindowMessage window, long attempt, CancellationToken cancellationToken)
    {
        try
        {
            await ListAsync(window, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            await TryNoteAsync(window, exception, cancellationToken);
            throw;
        }

        // The first delivery of other windows has nothing to forget, and each would cost a request.
        if (attempt > 1 || window.Deferrals > 0 || window.IsSentAgain)
        {
            await store.ForgetFailureAsync(window, cancellationToken);
        }
    }

    private async Task TryNoteAsync(WindowMessage window, Exception exception, CancellationToken cancellationToken)
    {
        try
        {
            await store.NoteFailureAsync(window, Describe(window, exception), timeProvider.GetUtcNow(), cancellationToken);
        }
        catch (OutageException)
        {
            // The storage does not work: health says so, and the age of the last complete listing tells of the region.
        }
    }

    /// <summary>What health may say without a key: the app's own words, and none of what 8x8 sent.</summary>
    private static string Describe(WindowMessage window, Exception exception) => exception switch
    {
        OutageException => exception.Message,
        InvalidDataException when window.Kind != WindowKind.Rebuild =>
            "8x8's list does not come to an end: a page that is not the last names no other. Report it to 8x8.",
        UnsettledListException =>
            "8x8's list was another at every read, so it is not known to be whole. It is listed again; report it to 8x8 if that lasts.",
        RequestFailedException and not CloudStorageException and { Status: var status, ErrorCode: var code } =>
            $"Azure Storage refuses a request ({$"{status} {code}".TrimEnd()}). Check the account in the Azure portal.",
        _ => SourceFailure.OfSearch(exception, window.Region)
            ?? $"The app met an error that it does not know ({exception.GetType().Name}). Report it with what the log says under the function ListWindow.",
    };

    private async Task ListAsync(WindowMessage window, CancellationToken cancellationToken)
    {
        if (window is { Kind: WindowKind.Listing, Deferrals: > 0, RunId: { } run } && await store.IsReplacedAsync(window.Region, run, cancellationToken))
        {
            // During an outage of 8x8, runs are given up and planned again. When it recovers, one of them is enough.
            Log.Replaced(logger, window.Region, window.From, window.To);
            return;
        }

        var counts = await WorkAsync(window, cancellationToken);
        if (window.RunId is { } runId)
        {
            if (!window.IsResumed)
            {
                await store.CompleteWindowAsync(window, counts, cancellationToken);
            }

            await completion.TryCompleteAsync(window.Region, runId, window.Kind, cancellationToken);
        }
    }

    private Task<WindowRow> WorkAsync(WindowMessage window, CancellationToken cancellationToken) => window switch
    {
        { IsResumed: true } => cutter.ResumeAsync(window, cancellationToken),
        { IsCut: true } => cutter.CutAsync(window, cancellationToken),
        { Kind: WindowKind.Rebuild } => rebuilder.RebuildAsync(window, cancellationToken),
        _ => objects.ListAsync(window, cancellationToken),
    };

    private static partial class Log
    {
        [LoggerMessage(EventId = 1212, Level = LogLevel.Information, Message = "Listing of {Region} from {From:O} to {To:O} was replaced by a later run")]
        public static partial void Replaced(ILogger logger, string region, DateTimeOffset from, DateTimeOffset to);
    }
}
