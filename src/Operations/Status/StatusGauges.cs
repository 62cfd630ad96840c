using System.Diagnostics.Metrics;
using Archiving.Telemetry;

namespace Operations.Status;

/// <summary>
/// The status as gauges. A timer takes the sample; the gauges show the last one for 15 minutes.
/// In Azure the timer that samples moves from instance to instance, and the one that it left must not
/// keep showing old values.
/// </summary>
public sealed class StatusGauges
{
    private static readonly TimeSpan ShownFor = TimeSpan.FromMinutes(15);
    private readonly TimeProvider _timeProvider;
    private volatile Sample? _sample;
    private volatile OverdueSample? _overdue;

    /// <summary>Creates the instruments. They show nothing before the first sample.</summary>
    public StatusGauges(IMeterFactory meters, TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
        var meter = meters.Create(Spans.SourceName);
        meter.CreateObservableGauge(
            "archiving.status.backlog",
            () => Show<long>(sample => new(sample.Backlog)),
            "{object}",
            "Objects that are queued or being restored.");
        meter.CreateObservableGauge(
            "archiving.status.at_risk",
            () => Show<long>(sample => new(sample.AtRisk)),
            "{object}",
            "Objects that are not archived and that 8x8 deletes within seven days.");
        meter.CreateObservableGauge(
            "archiving.status.failed",
            () => Show<long>(sample => new(sample.Failed)),
            "{object}",
            "Objects that failed for good and were not redriven.");
        meter.CreateObservableGauge(
            "archiving.status.oldest_unarchived.age",
            () => Show<double>(sample => new(sample.OldestAge.TotalSeconds)),
            "s",
            "Age of the oldest object that is not archived; 0 when there is none.");
        meter.CreateObservableGauge(
            "archiving.status.oldest_unarchived.retention_share",
            () => Show<double>(sample => new(sample.OldestShare)),
            "1",
            "How much of its retention at 8x8 the oldest object that is not archived has used up; 0 when there is none.");
        meter.CreateObservableGauge(
            "archiving.status.token.remaining",
            () => Show<double>(sample => new(sample.TokenRemaining.TotalSeconds)),
            "s",
            "How long the access token is good for; 0 when there is none.");
        meter.CreateObservableGauge(
            "archiving.status.oldest_verified.age",
            () => Show<double>(sample => new(sample.OldestReadAge.TotalSeconds)),
            "s",
            "Time since the archived object that was not read for the longest time was verified, or else archived; 0 when nothing is archived.");
        meter.CreateObservableGauge(
            "archiving.status.listing.age",
            ShowListings,
            "s",
            "Time since a listing was last completed; since the first began, when none was.");
        meter.CreateObservableGauge(
            "archiving.status.timer.overdue",
            ShowOverdue,
            "s",
            "How long ago the work of a timer function was due that it has not finished since; 0 when it has.");
    }

    /// <summary>Takes in a sample, from which on the gauges show it.</summary>
    /// <param name="backlog">How many objects are queued or being restored.</param>
    /// <param name="atRisk">How many are not archived and are deleted by 8x8 within seven days.</param>
    /// <param name="failed">How many have failed.</param>
    /// <param name="oldestAge">Age of the oldest object that is not archived, failed ones included; <see langword="null"/> when there is none.</param>
    /// <param name="oldestShare">Its age over the retention of its type: 1 is when 8x8 deletes it; <see langword="null"/> when there is none.</param>
    /// <param name="oldestReadAge">Time since the archived object that was not read for the longest time was; <see langword="null"/> when there is none.</param>
    /// <param name="tokenRemaining">How long the access token is good for, negative when it has expired; <see langword="null"/> when there is none.</param>
    /// <param name="sinceListed">By region, the time since a listing was last completed; since the first began, when none was.</param>
    public void Record(
        long backlog,
        long atRisk,
        long failed,
        TimeSpan? oldestAge,
        double? oldestShare,
        TimeSpan? oldestReadAge,
        TimeSpan? tokenRemaining,
        IReadOnlyDictionary<string, TimeSpan> sinceListed)
    {
        _sample = new Sample(
            _timeProvider.GetUtcNow(),
            backlog,
            atRisk,
            failed,
            oldestAge ?? TimeSpan.Zero,
            oldestShare ?? 0,
            oldestReadAge ?? TimeSpan.Zero,
            tokenRemaining ?? TimeSpan.Zero,
            [.. sinceListed]);
    }

    /// <summary>Takes in which timer functions are overdue, from which on the gauge shows it.</summary>
    /// <param name="byFunction">By function, how long ago its work was due; zero when it is not overdue.</param>
    public void RecordOverdue(IReadOnlyDictionary<string, TimeSpan> byFunction) => _overdue = new OverdueSample(_timeProvider.GetUtcNow(), [.. byFunction]);

    private Measurement<T>[] Show<T>(Func<Sample, Measurement<T>> read)
        where T : struct =>
        Present() is { } sample ? [read(sample)] : [];

    private IEnumerable<Measurement<double>> ShowListings() =>
        from region in Present()?.SinceListed ?? []
        select new Measurement<double>(region.Value.TotalSeconds, new KeyValuePair<string, object?>(Tags.Region, region.Key));

    private IEnumerable<Measurement<double>> ShowOverdue() =>
        from timer in _overdue is { } sample && IsFresh(sample.At) ? sample.ByFunction : []
        select new Measurement<double>(timer.Value.TotalSeconds, new KeyValuePair<string, object?>(Tags.Function, timer.Key));

    private Sample? Present() => _sample is { } sample && IsFresh(sample.At) ? sample : null;

    private bool IsFresh(DateTimeOffset at) => (_timeProvider.GetUtcNow() - at).Duration() < ShownFor;

    private sealed record OverdueSample(DateTimeOffset At, IReadOnlyList<KeyValuePair<string, TimeSpan>> ByFunction);

    private sealed record Sample(
        DateTimeOffset At,
        long Backlog,
        long AtRisk,
        long Failed,
        TimeSpan OldestAge,
        double OldestShare,
        TimeSpan OldestReadAge,
        TimeSpan TokenRemaining,
        IReadOnlyList<KeyValuePair<string, TimeSpan>> SinceListed);
}
