using System.Collections.Concurrent;
using Archiving.Model;
using Microsoft.Extensions.Logging;

namespace Archiving.Outages;

/// <summary>
/// What this instance knows of its dependencies. An outage is logged once when it begins, once when its cause
/// changes, and every 15 minutes while it lasts, regardless of how many objects it affects.
/// </summary>
public sealed partial class HealthBoard(TimeProvider timeProvider, ILogger<HealthBoard> logger)
{
    private static readonly TimeSpan Reminder = TimeSpan.FromMinutes(15);
    private readonly ConcurrentDictionary<Condition, LoggedOutage> _outages = new();
    private readonly ConcurrentDictionary<Condition, DateTimeOffset> _worked = new();

    /// <summary>The present outages, by what does not work.</summary>
    public IReadOnlyDictionary<Condition, string> Outages =>
        _outages.ToDictionary(pair => pair.Key, pair => OutageException.Describe(pair.Value.Message, pair.Value.Until));

    /// <summary>Whether something worked within a minute.</summary>
    public bool WorkedLately(Condition condition) =>
        _worked.TryGetValue(condition, out var at) && (timeProvider.GetUtcNow() - at).Duration() < TimeSpan.FromMinutes(1);

    /// <summary>Records an outage.</summary>
    public void Report(OutageException outage)
    {
        var now = timeProvider.GetUtcNow();
        var until = now + outage.RetryAfter;
        lock (_outages)
        {
            if (_outages.TryGetValue(outage.Condition, out var known) && known.Message == outage.Message && now - known.LoggedAt < Reminder)
            {
                // The time is no new cause.
                _outages[outage.Condition] = known with { Until = until > known.Until ? until : known.Until ?? until };
                return;
            }

            _outages[outage.Condition] = new LoggedOutage(outage.Message, now, until);
        }

        Log.Outage(logger, outage.Condition, outage.Message, Details(outage));
    }

    /// <summary>Records that something works.</summary>
    public void Clear(Condition condition)
    {
        _worked[condition] = timeProvider.GetUtcNow();
        if (_outages.TryRemove(condition, out _))
        {
            Log.Recovered(logger, condition);
        }
    }

    private static string? Details(OutageException outage) => outage.InnerException switch
    {
        null => null,
        Azure.RequestFailedException failed => $"{failed.Status} {failed.ErrorCode}".Trim(),
        var inner => inner.GetType().Name,
    };

    private readonly record struct LoggedOutage(string Message, DateTimeOffset LoggedAt, DateTimeOffset? Until);

    private static partial class Log
    {
        [LoggerMessage(EventId = 1000, Level = LogLevel.Error, Message = "{Condition}: {Problem} [{Details}]")]
        public static partial void Outage(ILogger logger, Condition condition, string problem, string? details);

        [LoggerMessage(EventId = 1001, Level = LogLevel.Information, Message = "{Condition} recovered")]
        public static partial void Recovered(ILogger logger, Condition condition);
    }
}
