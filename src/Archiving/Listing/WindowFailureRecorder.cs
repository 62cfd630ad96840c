using Archiving.Model;
using Archiving.Queues;
using Archiving.Telemetry;
using Microsoft.Extensions.Logging;

namespace Archiving.Listing;

/// <summary>Keeps which windows failed too often, so that they are listed again.</summary>
public sealed partial class WindowFailureRecorder(ListingStore listings, ArchivingMetrics metrics, ILogger<WindowFailureRecorder> logger)
{
    /// <summary>
    /// Records a window as failed. The next listing of its region begins there, whether or not the window's run is the one
    /// that counts: the window may have written rows whose messages it never sent.
    /// </summary>
    /// <param name="window">The message from the poison queue.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    public async Task RecordAsync(WindowMessage window, CancellationToken cancellationToken)
    {
        metrics.CountFailedWindow(window.Region, window.Kind);
        Log.WindowFailed(logger, window.Region, window.From, window.To);
        if (window.Kind == WindowKind.Listing)
        {
            await listings.ListAgainAsync(window.Region, window.From, window.To, cancellationToken);
        }

        if (window.RunId is not null)
        {
            await listings.RecordWindowErrorAsync(window, "It failed again and again; the log says why.", cancellationToken);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 1401,
            Level = LogLevel.Error,
            Message = "The window of {Region} from {From:O} to {To:O} could not be listed; the next listing begins there")]
        public static partial void WindowFailed(ILogger logger, string region, DateTimeOffset from, DateTimeOffset to);
    }
}
