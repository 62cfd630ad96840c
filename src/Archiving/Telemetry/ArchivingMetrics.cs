using System.Diagnostics;
using System.Diagnostics.Metrics;
using Archiving.Model;

namespace Archiving.Telemetry;

/// <summary>
/// What the archiver counts and measures; docs/telemetry.md is the reference. Names, units and tags are part of the
/// public contract: alerts and dashboards are built on them. No tag identifies an object or a person.
/// </summary>
public sealed class ArchivingMetrics
{
    // Seconds: from a table row to gigabytes over a slow line. The standard boundaries are made for milliseconds.
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600],
    };

    private readonly TimeProvider _timeProvider;
    private readonly Counter<long> _archived;
    private readonly Counter<long> _archivedBytes;
    private readonly Counter<long> _failed;
    private readonly Counter<long> _gone;
    private readonly Counter<long> _restoresRequested;
    private readonly Counter<long> _restored;
    private readonly Counter<long> _purged;
    private readonly Counter<long> _verified;
    private readonly Counter<long> _damages;
    private readonly Counter<long> _mismatches;
    private readonly Counter<long> _retries;
    private readonly Counter<long> _deferred;
    private readonly Counter<long> _failedWindows;
    private readonly Histogram<double> _phases;
    private readonly Histogram<double> _throttled;

    /// <summary>Creates the instruments.</summary>
    public ArchivingMetrics(IMeterFactory meters, TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
        var meter = meters.Create(Spans.SourceName);
        _archived = meter.CreateCounter<long>("archiving.objects.archived", "{object}", "Objects whose receipt was written.");
        _archivedBytes = meter.CreateCounter<long>("archiving.bytes.archived", "By", "Bytes of the objects whose receipt was written.");
        _failed = meter.CreateCounter<long>("archiving.objects.failed", "{object}", "Objects that failed for good.");
        _gone = meter.CreateCounter<long>("archiving.objects.gone", "{object}", "Objects that 8x8 no longer had when they were to be archived.");
        _restoresRequested = meter.CreateCounter<long>("archiving.restores.requested", "{request}", "Restores from cold storage that 8x8 agreed to.");
        _restored = meter.CreateCounter<long>("archiving.objects.restored", "{object}", "Objects that 8x8 brought back from cold storage.");
        _purged = meter.CreateCounter<long>("archiving.objects.purged", "{object}", "Archived objects that were deleted at 8x8.");
        _verified = meter.CreateCounter<long>("archiving.objects.scrubbed", "{object}", "Archived objects that were verified.");
        _damages = meter.CreateCounter<long>("archiving.scrub.mismatches", "{object}", "Archived objects that were found damaged or missing.");
        _mismatches = meter.CreateCounter<long>("archiving.content.mismatches", "{read}", "Reads of content that contradicted 8x8's record.");
        _retries = meter.CreateCounter<long>("archiving.retries", "{retry}", "What was tried again.");
        _deferred = meter.CreateCounter<long>("archiving.messages.deferred", "{message}", "Messages that were deferred because of an outage.");
        _failedWindows = meter.CreateCounter<long>("archiving.windows.failed", "{window}", "Windows that could not be listed.");
        _phases = meter.CreateHistogram("archiving.phase.duration", "s", "Time that a step of the work took.", tags: null, Seconds);
        _throttled = meter.CreateHistogram(
            "archiving.throttle.wait",
            "s",
            "Time that a request waited because 8x8 had asked to slow down.",
            tags: null,
            Seconds);
    }

    /// <summary>Begins a step of the work: a span, and a measurement when it is disposed of.</summary>
    public PhaseTimer StartTimer(Phase phase, string region) => new(this, phase, region);

    internal void CountArchived(string region, string type, Verification verification, long bytes)
    {
        _archived.Add(1, new(Tags.Region, region), new(Tags.Type, type), new(Tags.Verification, verification.ToName()));
        _archivedBytes.Add(bytes, new(Tags.Region, region), new(Tags.Type, type));
    }

    internal void CountFailed(string region, string type, FailureReason reason) =>
        _failed.Add(1, new(Tags.Region, region), new(Tags.Type, type), new(Tags.Reason, reason.ToTag()));

    internal void CountGone(string region, string type) => _gone.Add(1, new(Tags.Region, region), new(Tags.Type, type));

    internal void CountRestoreRequested(string region, string type) => _restoresRequested.Add(1, new(Tags.Region, region), new(Tags.Type, type));

    internal void CountRestored(string region, string type) => _restored.Add(1, new(Tags.Region, region), new(Tags.Type, type));

    internal void CountPurged(string region, string type) => _purged.Add(1, new(Tags.Region, region), new(Tags.Type, type));

    internal void CountVerified(string region, string type) => _verified.Add(1, new(Tags.Region, region), new(Tags.Type, type));

    internal void CountDamage(string region, string type, DamageCause cause) =>
        _damages.Add(1, new(Tags.Region, region), new(Tags.Type, type), new(Tags.Cause, cause.ToTag()));

    internal void CountMismatch(string region, string type, MismatchCause cause) =>
        _mismatches.Add(1, new(Tags.Region, region), new(Tags.Type, type), new(Tags.Cause, cause.ToTag()));

    internal void CountRetry(RetryScope scope, RetryCause cause) => _retries.Add(1, new(Tags.Scope, scope.ToTag()), new(Tags.Cause, cause.ToTag()));

    internal void CountDeferred(string queue, Condition condition) => _deferred.Add(1, new(Tags.Queue, queue), new(Tags.Condition, condition.ToTag()));

    internal void CountFailedWindow(string region, WindowKind kind) => _failedWindows.Add(1, new(Tags.Region, region), new(Tags.Kind, kind.ToTag()));

    internal void RecordThrottled(TimeSpan waited) => _throttled.Record(waited.TotalSeconds);

    /// <summary>A step of the work, under way.</summary>
    public sealed class PhaseTimer : IDisposable
    {
        private readonly ArchivingMetrics _metrics;
        private readonly string _phase;
        private readonly string _region;
        private readonly Activity? _span;
        private readonly long _started;

        internal PhaseTimer(ArchivingMetrics metrics, Phase phase, string region)
        {
            _metrics = metrics;
            _phase = phase.ToTag();
            _region = region;
            _span = Spans.Source.StartActivity(_phase);
            _started = metrics._timeProvider.GetTimestamp();
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            _span?.Dispose();
            _metrics._phases.Record(
                _metrics._timeProvider.GetElapsedTime(_started).TotalSeconds,
                new(Tags.Phase, _phase),
                new KeyValuePair<string, object?>(Tags.Region, _region));
        }
    }
}
