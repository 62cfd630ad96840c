using System.Text.Json.Serialization;

namespace Simulator.Faults;

/// <summary>What goes wrong.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FaultKind>))]
public enum FaultKind
{
    /// <summary>The answer comes <see cref="FaultRule.Milliseconds"/> later; then all is well.</summary>
    Latency,

    /// <summary>The answer is <see cref="FaultRule.Status"/>, with <see cref="FaultRule.RetryAfter"/> and <see cref="FaultRule.Body"/>.</summary>
    Status,

    /// <summary>The connection is reset before there is an answer.</summary>
    Reset,

    /// <summary>Content and JSON: the connection is cut half-way.</summary>
    Cut,

    /// <summary>Content: half of the bytes, with a Content-Length to match.</summary>
    Early,

    /// <summary>Content: more bytes than there are.</summary>
    Extra,

    /// <summary>Content: one bit is another.</summary>
    Flip,

    /// <summary>Content and JSON: 200 with an error in JSON, or with <see cref="FaultRule.Body"/> and <see cref="FaultRule.ContentType"/>.</summary>
    ErrorJson,

    /// <summary>
    /// Content and JSON: 200 with a page in HTML, or with <see cref="FaultRule.Body"/> and <see cref="FaultRule.ContentType"/>,
    /// such as a page to sign in.
    /// </summary>
    ErrorHtml,

    /// <summary>Content: half of the bytes, then silence.</summary>
    Stall,

    /// <summary>Content: no Content-Length.</summary>
    NoLength,

    /// <summary>Content: 64 KiB every <see cref="FaultRule.Milliseconds"/>.</summary>
    Slow,

    /// <summary>
    /// A redirect to <see cref="FaultRule.Location"/>, with <see cref="FaultRule.Status"/> when that is 3xx and 302
    /// otherwise. Without a location, content is redirected to a pre-signed address.
    /// </summary>
    Redirect,

    /// <summary>Presign: the address is <see cref="FaultRule.Location"/>.</summary>
    Address,

    /// <summary>Content: coded as <see cref="FaultRule.ContentEncoding"/> says.</summary>
    Encode,

    /// <summary>Content and JSON: no body. The status is 200, or 204 when <see cref="FaultRule.Status"/> says so.</summary>
    Blank,

    /// <summary>JSON: in <see cref="FaultRule.Charset"/>, behind a byte order mark.</summary>
    ByteOrderMark,

    /// <summary>JSON: a comma after the last element of everything.</summary>
    TrailingCommas,

    /// <summary>JSON: the first half, with a Content-Length to match.</summary>
    Truncated,

    /// <summary>Search: the page's <c>content</c> is null.</summary>
    NullContent,

    /// <summary>Search: the page has no <c>content</c>.</summary>
    MissingContent,

    /// <summary>The answer carries <see cref="FaultRule.Headers"/>; all else is well.</summary>
    Headers,

    /// <summary>
    /// At most <see cref="FaultRule.Limit"/> calls in <see cref="FaultRule.Milliseconds"/>, then 429. Each answer carries
    /// <c>x-ratelimit-limit</c>, <c>-remaining</c> and <c>-reset</c>, the last as <see cref="FaultRule.Reset"/> says.
    /// </summary>
    RateLimit,
}

/// <summary>Something that goes wrong, for some calls, for some time.</summary>
public sealed class FaultRule
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (int Hits, DateTimeOffset Since)> _hits = new(StringComparer.Ordinal);
    private int _all;
    private DateTimeOffset _windowEnd;
    private int _left;

    /// <summary>What goes wrong.</summary>
    public FaultKind Kind { get; init; }

    /// <summary>
    /// The calls: <c>token</c>, <c>regions</c>, <c>search</c>, <c>record</c>, <c>content</c>, <c>presign</c>,
    /// <c>presigned</c>, <c>restore</c>, <c>delete</c>, <c>vault</c>; all when not given.
    /// </summary>
    public string? Call { get; init; }

    /// <summary>The region; all when not given.</summary>
    public string? Region { get; init; }

    /// <summary>The object, or the secret of the vault; all when not given.</summary>
    public string? Id { get; init; }

    /// <summary>How often: the first so many matching calls.</summary>
    public int? First { get; init; }

    /// <summary>How long, in seconds by the simulator's clock, from the first matching call on.</summary>
    public double? Seconds { get; init; }

    /// <summary>Counts <see cref="First"/> and <see cref="Seconds"/> for each object by itself.</summary>
    public bool PerObject { get; init; }

    /// <summary>One in so many matching calls; every one when not given.</summary>
    public int? Every { get; init; }

    /// <summary>Status of <see cref="FaultKind.Status"/>.</summary>
    public int Status { get; init; } = 500;

    /// <summary>Header <c>Retry-After</c>.</summary>
    public string? RetryAfter { get; init; }

    /// <summary>
    /// Where a redirect leads, as it is: absolute, relative, or nonsense. <c>{presigned}</c> stands for a pre-signed address
    /// of the object, <c>{odd}</c> for one with dot segments and an encoded slash, <c>{expired}</c> for one that is no
    /// longer good, <c>{path}</c> for the path and query of the call, and <c>{n}</c> for a number that grows.
    /// </summary>
    public string? Location { get; init; }

    /// <summary>More headers of the answer.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Calls that <see cref="FaultKind.RateLimit"/> allows.</summary>
    public int Limit { get; init; } = 10;

    /// <summary>Form of <c>x-ratelimit-reset</c>: <c>seconds</c> from now, or <c>epoch</c> for seconds since 1970.</summary>
    public string Reset { get; init; } = "seconds";

    /// <summary>Body of <see cref="FaultKind.Status"/> and of errors that come as a 200.</summary>
    public string? Body { get; init; }

    /// <summary>Content-Type of <see cref="Body"/>.</summary>
    public string? ContentType { get; init; }

    /// <summary>Content-Encoding of <see cref="FaultKind.Encode"/>, such as <c>gzip</c> or <c>gzip, br</c>.</summary>
    public string ContentEncoding { get; init; } = "gzip";

    /// <summary>Encoding of <see cref="FaultKind.ByteOrderMark"/>: <c>utf-8</c>, <c>utf-16</c>, <c>utf-16BE</c>, <c>utf-32</c>.</summary>
    public string Charset { get; init; } = "utf-8";

    /// <summary>A time in milliseconds.</summary>
    public int Milliseconds { get; init; } = 100;

    internal int RedirectStatus => Status is >= 300 and < 400 ? Status : StatusCodes.Status302Found;

    /// <summary>Takes one of the calls that the window allows.</summary>
    internal (bool Allowed, int Remaining, DateTimeOffset WindowEnd) TakeCall(DateTimeOffset now)
    {
        lock (_lock)
        {
            if (now >= _windowEnd)
            {
                (_windowEnd, _left) = (now.AddMilliseconds(Milliseconds), Limit);
            }

            return (_left-- > 0, Math.Max(0, _left), _windowEnd);
        }
    }

    internal bool Applies(string call, string? region, string? id, DateTimeOffset now)
    {
        if ((Call is not null && Call != call) || (Region is not null && Region != region) || (Id is not null && Id != id))
        {
            return false;
        }

        lock (_lock)
        {
            if (Every is { } every && _all++ % every != 0)
            {
                return false;
            }

            var key = PerObject ? $"{region}/{id}" : "";
            var (hits, since) = _hits.GetValueOrDefault(key, (0, now));
            _hits[key] = (hits + 1, since);
            return !(hits >= First) && !((now - since).TotalSeconds >= Seconds);
        }
    }
}
