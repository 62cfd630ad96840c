using Archiving.Model;
using Archiving.Outages;
using Archiving.Queues;
using Archiving.Settings;
using Archiving.Source;
using Archiving.Telemetry;
using EightByEight;
using Microsoft.Extensions.Logging;

namespace Archiving.Restoring;

/// <summary>Asks 8x8 to restore objects from its cold storage, within the day's quota.</summary>
public sealed partial class RestoreRequester(
    CloudStorageClient client,
    DailyQuota quota,
    SharedConditions conditions,
    HealthBoard health,
    ArchivingMetrics metrics,
    ArchiverOptions options,
    TimeProvider timeProvider,
    ILogger<RestoreRequester> logger)
{
    private const string Quota = "restores";

    private const string Forbidden =
        "8x8 does not let this API key restore objects from cold storage (403). Give the API app the right to edit, "
            + "then redrive the failures; or set EightByEight__IncludeArchived to false.";

    // Apart from those of the archiver: content can come while no restore begins, and the other way round.
    private readonly FailingObjects _failing = new(timeProvider);
    private DateTimeOffset? _forbiddenAt;

    /// <summary>Takes one of the day's requests.</summary>
    /// <param name="insertedOn">When the message about the object was put into its queue.</param>
    /// <param name="cancellationToken">Stops before it is taken.</param>
    /// <returns><see langword="false"/> when the day's requests are used up.</returns>
    /// <exception cref="PermanentFailureException">8x8 has forbidden a request since the message was sent.</exception>
    public Task<bool> TryTakeTurnAsync(DateTimeOffset? insertedOn, CancellationToken cancellationToken) => insertedOn <= _forbiddenAt
        ? throw new PermanentFailureException(Forbidden) { Reason = FailureReason.Forbidden }
        : quota.TryTakeAsync(Quota, options.Restore.MaxPerDay, cancellationToken);

    /// <summary>Gives back a turn that led to no request.</summary>
    /// <param name="takenAt">When it was taken.</param>
    /// <param name="cancellationToken">Stops before it is given back.</param>
    public Task GiveBackTurnAsync(DateTimeOffset takenAt, CancellationToken cancellationToken) =>
        quota.GiveBackAsync(Quota, options.Restore.MaxPerDay, takenAt, cancellationToken);

    /// <summary>Asks 8x8 to restore an object.</summary>
    /// <param name="work">The object.</param>
    /// <param name="takenAt">When the turn was taken; it is given back when 8x8 refuses.</param>
    /// <param name="cancellationToken">Stops the request.</param>
    /// <returns><see langword="null"/> when 8x8 restores it; otherwise why it does not for now.</returns>
    /// <exception cref="PermanentFailureException">The API key may not restore.</exception>
    internal async Task<RestoreRefusal?> RequestAsync(ObjectWork work, DateTimeOffset takenAt, CancellationToken cancellationToken)
    {
        try
        {
            using var phase = metrics.StartTimer(Phase.Restore, work.Region);
            await client.RestoreAsync(work.Region, work.Id, options.EightByEight.RestoreDays, cancellationToken);
        }
        catch (Exception exception) when (SourceFailure.Answer(exception) is { Status: 403 } forbidden)
        {
            _forbiddenAt = timeProvider.GetUtcNow();
            await conditions.ReportAsync(new OutageException(Condition.Restore, Forbidden, forbidden), cancellationToken);
            throw new PermanentFailureException(Forbidden, forbidden) { Reason = FailureReason.Forbidden };
        }
        catch (Exception exception) when (SourceFailure.Answer(exception) is { Status: 409 })
        {
            // It is being restored already.
        }
        catch (Exception exception) when (SourceFailure.AsOutage(exception) is not null || SourceFailure.Answer(exception) is not null)
        {
            // Also a 404: whether the object is gone, its record says, which the next message asks for.
            return await RefusedAsync(work, exception, takenAt, cancellationToken);
        }

        _failing.Clear(work.Region);
        await conditions.ClearAsync(Condition.Restore, cancellationToken);
        metrics.CountRestoreRequested(work.Region, work.Record.Type);
        Log.Requested(logger, work.Region, work.Id, options.EightByEight.RestoreDays);
        return null;
    }

    private async Task<RestoreRefusal> RefusedAsync(ObjectWork work, Exception exception, DateTimeOffset takenAt, CancellationToken cancellationToken)
    {
        // Without an answer it is unknown whether 8x8 restores it, and restores cost money: that counts.
        if (SourceFailure.Answer(exception) is not { Status: 0 })
        {
            await GiveBackTurnAsync(takenAt, cancellationToken);
        }

        if (FindOutage(work, exception) is not { } outage)
        {
            return new RestoreRefusal(exception, IsOfThisObject: true);
        }

        health.Report(outage);
        return new RestoreRefusal(exception, IsOfThisObject: false);
    }

    private OutageException? FindOutage(ObjectWork work, Exception exception) => SourceFailure.AsOutage(exception) switch
    {
        null when SourceFailure.AsFailing(exception) is { } outage => _failing.Add(work.Region, work.Id) ? outage : null,
        var outage => outage,
    };

    private static partial class Log
    {
        [LoggerMessage(EventId = 1500, Level = LogLevel.Information, Message = "8x8 is restoring {Region}/{ObjectId} from cold storage for {Days} days")]
        public static partial void Requested(ILogger logger, string region, string objectId, int days);
    }
}

/// <summary>Why 8x8 does not restore an object for now.</summary>
/// <param name="Exception">What it answered.</param>
/// <param name="IsOfThisObject">Whether that concerns the object; otherwise there is an outage.</param>
internal sealed record RestoreRefusal(Exception Exception, bool IsOfThisObject);
