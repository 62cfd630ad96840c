using Microsoft.Extensions.Logging;

namespace Archiving.Listing;

/// <summary>Moves a region's watermark once every window of its run is done. Any number may run at once.</summary>
public sealed partial class RunCompletion(ListingStore store, TimeProvider timeProvider, ILogger<RunCompletion> logger)
{
    /// <summary>Moves the watermark when nothing of the run is left to do and the run is the region's present one.</summary>
    public async Task TryCompleteAsync(string region, string runId, CancellationToken cancellationToken)
    {
        var windows = (await store.ReadWindowsAsync(runId, cancellationToken)).Where(row => row.Region == region).ToList();
        if (windows.Count == 0 || windows.Exists(row => !row.Done))
        {
            return;
        }

        var reached = windows.Max(row => row.To);
        while (await store.FindWatermarkAsync(region, cancellationToken) is { } watermark && watermark.ActiveRun == runId)
        {
            // Never backwards: a run that was given up for lost may end after its successor.
            watermark.Watermark = watermark.Watermark > reached ? watermark.Watermark : reached;
            watermark.LastCompleted = timeProvider.GetUtcNow();
            watermark.ActiveRun = null;
            watermark.ActiveSince = null;
            if (await store.TryWriteWatermarkAsync(watermark, cancellationToken))
            {
                Log.Completed(logger, region, watermark.Watermark.Value);
                return;
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1211, Level = LogLevel.Information, Message = "Listing of {Region} complete; watermark {Watermark:O}")]
        public static partial void Completed(ILogger logger, string region, DateTimeOffset watermark);
    }
}
