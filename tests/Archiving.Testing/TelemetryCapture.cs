using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Archiving.Telemetry;

namespace Archiving.Testing;

/// <summary>A measurement: the instrument's name, its tags as <c>key=value</c> in order, and the value.</summary>
internal sealed record Measured(string Name, string Tags, double Value);

/// <summary>
/// Takes in what the instruments of one factory measure, and no other's, so that tests run side by side. All of them, in
/// order, also those that a test does not name: a <c>MetricCollector</c> is for one instrument.
/// </summary>
internal sealed class MetricCapture : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<Measured> _measured = new();
    private readonly ConcurrentDictionary<string, Instrument> _instruments = new(StringComparer.Ordinal);

    public MetricCapture(IMeterFactory factory)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == Spans.SourceName && ReferenceEquals(instrument.Meter.Scope, factory))
            {
                _instruments[instrument.Name] = instrument;
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.Start();
    }

    public IReadOnlyCollection<Measured> All => [.. _measured];

    public IReadOnlyDictionary<string, Instrument> Instruments => _instruments;

    /// <summary>What an instrument counted, by tags.</summary>
    public SortedDictionary<string, double> Sum(string name)
    {
        var sums = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var measured in All.Where(measured => measured.Name == name))
        {
            sums[measured.Tags] = sums.GetValueOrDefault(measured.Tags) + measured.Value;
        }

        return sums;
    }

    /// <summary>Asks the gauges.</summary>
    public IReadOnlyCollection<Measured> Observe()
    {
        _measured.Clear();
        _listener.RecordObservableInstruments();
        return All;
    }

    public void Dispose() => _listener.Dispose();

    private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        _measured.Enqueue(new Measured(instrument.Name, string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}")), value));
}

/// <summary>Takes in the archiver's spans, those of other tests included: sources of spans are the process's.</summary>
internal sealed class SpanCapture : IDisposable
{
    private readonly ActivityListener _listener;
    private readonly ConcurrentQueue<Activity> _ended = new();

    public SpanCapture()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Spans.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public IReadOnlyCollection<Activity> All => [.. _ended];

    /// <summary>The spans of a trace, in the order in which they began.</summary>
    public List<Activity> Trace(ActivityTraceId id) => [.. All.Where(span => span.TraceId == id).OrderBy(span => span.StartTimeUtc)];

    /// <summary>The traces in which an object was worked on.</summary>
    public List<ActivityTraceId> TracesOf(string objectId) =>
        [.. All.Where(span => span.GetTagItem(Tags.ObjectId) as string == objectId).Select(span => span.TraceId).Distinct()];

    public void Dispose() => _listener.Dispose();
}
