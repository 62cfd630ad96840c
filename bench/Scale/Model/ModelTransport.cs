using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json.Nodes;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Scale.Model;

/// <summary>An answer of the model.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Body">Its body.</param>
/// <param name="Partition">What serves it one after the other; <see langword="null"/> for nothing.</param>
/// <param name="Service">How long that is busy with it.</param>
internal sealed record ModelAnswer(int Status, byte[] Body, string? Partition = null, TimeSpan Service = default)
{
    /// <summary>How many rows that reads or writes for it, those included that it compares and does not give.</summary>
    public long Rows { get; init; } = 1;

    public Dictionary<string, string> Headers { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>An error of Azure Storage.</summary>
    public static ModelAnswer Error(int status, string code)
    {
        var error = new JsonObject { ["odata.error"] = new JsonObject { ["code"] = code, ["message"] = new JsonObject { ["value"] = code } } };
        var answer = new ModelAnswer(status, Encoding.UTF8.GetBytes(error.ToJsonString()));
        answer.Headers["Content-Type"] = "application/json";
        answer.Headers["x-ms-error-code"] = code;
        return answer;
    }
}

/// <summary>Answers the requests of Azure's own clients from the model, and counts them and their time.</summary>
internal sealed class ModelTransport(VirtualTime time, Func<Request, byte[], ModelAnswer> answer) : HttpPipelineTransport
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _busyUntil = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _rows = new(StringComparer.Ordinal);

    /// <summary>Requests since <see cref="StartCount"/>.</summary>
    public int Requests { get; private set; }

    /// <summary>Rows of the partition that read and wrote most of them since <see cref="StartCount"/>.</summary>
    public long MaxRows => _rows.Values.DefaultIfEmpty().Max();

    /// <summary>From when on its process has crashed: nothing that it sends arrives, and no answer reaches it.</summary>
    public long KilledAt { get; set; } = long.MaxValue;

    public bool IsKilled { get; private set; }

    /// <summary>Counts from zero.</summary>
    public void StartCount()
    {
        Requests = 0;
        _rows.Clear();
    }

    /// <summary>Counts a request that does not pass here.</summary>
    public void CountRequest() => Requests++;

    public override Request CreateRequest() => HttpClientTransport.Shared.CreateRequest();

    public override void Process(HttpMessage message) => throw new NotSupportedException("The archiver does not wait for requests.");

    public override async ValueTask ProcessAsync(HttpMessage message)
    {
        using var body = new MemoryStream();
        if (message.Request.Content is { } content)
        {
            await content.WriteToAsync(body, message.CancellationToken);
        }

        ModelAnswer given;
        long due;
        lock (_lock)
        {
            IsKilled |= time.Now >= KilledAt;
            given = IsKilled ? new ModelAnswer(0, []) : answer(message.Request, body.ToArray());
            due = time.Now;
            if (given.Partition is { } partition)
            {
                due = Math.Max(due, _busyUntil.GetValueOrDefault(partition)) + given.Service.Ticks;
                _busyUntil[partition] = due;
                _rows[partition] = _rows.GetValueOrDefault(partition) + given.Rows;
            }
        }

        if (IsKilled)
        {
            await new TaskCompletionSource().Task;
        }

        Requests++;
        await time.WaitAsync(due + ModelLimits.Latency.Ticks);
        message.Response = new ModelResponse(given) { ClientRequestId = message.Request.ClientRequestId };
    }

    private sealed class ModelResponse(ModelAnswer answer) : Response
    {
        public override int Status => answer.Status;

        public override string ReasonPhrase => "";

        public override Stream? ContentStream { get; set; } = new MemoryStream(answer.Body, 0, answer.Body.Length, writable: false, publiclyVisible: true);

        public override string ClientRequestId { get; set; } = "";

        public override void Dispose()
        {
        }

        protected override bool ContainsHeader(string name) => answer.Headers.ContainsKey(name);

        protected override IEnumerable<HttpHeader> EnumerateHeaders() => answer.Headers.Select(header => new HttpHeader(header.Key, header.Value));

        protected override bool TryGetHeader(string name, [NotNullWhen(true)] out string? value) => answer.Headers.TryGetValue(name, out value);

        protected override bool TryGetHeaderValues(string name, [NotNullWhen(true)] out IEnumerable<string>? values)
        {
            values = answer.Headers.TryGetValue(name, out var value) ? [value] : null;
            return values is not null;
        }
    }
}
