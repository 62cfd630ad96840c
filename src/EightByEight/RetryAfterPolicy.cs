using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace EightByEight;

/// <summary>
/// Shows the retry policy a <c>Retry-After</c> that it understands. Azure.Core reads whole seconds and takes anything
/// else for a date: <c>12.5</c> is the twelfth month's fifth day to it.
/// </summary>
internal sealed class RetryAfterPolicy(TimeProvider timeProvider) : AsyncPolicy
{
    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        await ProcessNextAsync(message, pipeline);
        if (message.HasResponse && message.Response.Headers.Contains(ClearResponse.RetryAfterName))
        {
            message.Response = new ClearResponse(message.Response, RetryAfter.Read(message.Response, timeProvider.GetUtcNow()));
        }
    }

    /// <summary>A response whose <c>Retry-After</c> is whole seconds, or is not there.</summary>
    private sealed class ClearResponse(Response inner, TimeSpan? retryAfter) : Response
    {
        public const string RetryAfterName = "Retry-After";

        private readonly string? _seconds = retryAfter?.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);

        public override int Status => inner.Status;

        public override string ReasonPhrase => inner.ReasonPhrase;

        public override bool IsError => inner.IsError;

        public override Stream? ContentStream
        {
            get => inner.ContentStream;
            set => inner.ContentStream = value;
        }

        public override string ClientRequestId
        {
            get => inner.ClientRequestId;
            set => inner.ClientRequestId = value;
        }

        public override void Dispose() => inner.Dispose();

        protected override bool TryGetHeader(string name, [NotNullWhen(true)] out string? value)
        {
            value = _seconds;
            return IsRetryAfter(name) ? _seconds is not null : inner.Headers.TryGetValue(name, out value);
        }

        protected override bool TryGetHeaderValues(string name, [NotNullWhen(true)] out IEnumerable<string>? values)
        {
            values = _seconds is null ? null : [_seconds];
            return IsRetryAfter(name) ? values is not null : inner.Headers.TryGetValues(name, out values);
        }

        protected override bool ContainsHeader(string name) => IsRetryAfter(name) ? _seconds is not null : inner.Headers.Contains(name);

        protected override IEnumerable<HttpHeader> EnumerateHeaders()
        {
            var others = inner.Headers.Where(header => !IsRetryAfter(header.Name));
            return _seconds is null ? others : others.Append(new HttpHeader(RetryAfterName, _seconds));
        }


        private static bool IsRetryAfter(string name) => name.Equals(RetryAfterName, StringComparison.OrdinalIgnoreCase);
    }
}
