using System.Diagnostics.Metrics;

namespace Functions;

/// <summary>
/// Passes .NET's <c>http.client.request.duration</c> on, by method, status and host, without the names of storage
/// accounts and vaults. A view can leave a tag out, but cannot change its value.
/// </summary>
internal sealed class HttpClientMeter : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Archiving.Http";

    private const string Source = "System.Net.Http";
    private const string InstrumentName = "http.client.request.duration";
    private const string Host = "server.address";

    private static readonly string[] Tags = ["http.request.method", "http.response.status_code", "error.type", Host];

    private readonly Meter _meter = new(MeterName);
    private readonly MeterListener _listener = new();
    private readonly Histogram<double> _duration;

    /// <summary>Begins to listen.</summary>
    public HttpClientMeter()
    {
        // The boundaries that .NET advises for the instrument.
        _duration = _meter.CreateHistogram(InstrumentName, "s", "Duration of HTTP client requests.", tags: null, new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
        });
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument is { Meter.Name: Source, Name: InstrumentName })
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((_, seconds, tags, _) => _duration.Record(seconds, Redact(tags)));
        _listener.Start();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _listener.Dispose();
        _meter.Dispose();
    }

    private static KeyValuePair<string, object?>[] Redact(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var kept = new List<KeyValuePair<string, object?>>(Tags.Length);
        foreach (var tag in tags)
        {
            if (Array.IndexOf(Tags, tag.Key) >= 0)
            {
                kept.Add(tag is { Key: Host, Value: string host } ? KeyValuePair.Create(tag.Key, (object?)TelemetryRedaction.RedactHost(host)) : tag);
            }
        }

        return [.. kept];
    }
}
