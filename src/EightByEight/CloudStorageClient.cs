using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace EightByEight;

/// <summary>
/// 8x8's Cloud Storage Service, version 3 (8x8 developer site). Immutable and safe for many callers at once. A failed
/// call throws <see cref="CloudStorageException"/>, whose <c>Status</c> is 0 when there was no answer at all.
/// <para>
/// Redirects are followed within 8x8's own origin with the token; those of content also to another host, without it.
/// </para>
/// </summary>
public class CloudStorageClient
{
    private const string AcceptEncoding = "Accept-Encoding";
    private const int MaxRedirects = 5;

    // An answer that cannot be read was most likely cut on its way.
    private const int MaxReads = 3;
    private readonly HttpPipeline _pipeline;
    private readonly HttpPipeline _anonymous;
    private readonly Uri _endpoint;
    private readonly TimeSpan _readDelay;
    private readonly TimeProvider _timeProvider;

    /// <summary>Initializes the client.</summary>
    /// <param name="endpoint">8x8's address, https, or http to this machine.</param>
    /// <param name="tokens">Gives the access token.</param>
    /// <param name="options">Options.</param>
    /// <exception cref="ArgumentException">The address is not secure.</exception>
    public CloudStorageClient(Uri endpoint, AccessTokenSource tokens, CloudStorageClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        options ??= new CloudStorageClientOptions();
        _endpoint = ClientPipeline.RequireSecure(endpoint);
        _readDelay = options.Retry.Delay;
        _timeProvider = options.TimeProvider;
        ClientPipeline.UseSharedTransport(options);
        HttpPipelinePolicy[] gate = options.Gate is { } requestGate ? [new GatePolicy(requestGate, options.FailsWhenRefused, options.TimeProvider)] : [];
        HttpPipelinePolicy[] everywhere = [new RetryAfterPolicy(options.TimeProvider), .. gate, UntracedPolicy.Instance, EffectPolicy.Instance];
        var classifier = new ShortWaits(options.TimeProvider);
        _pipeline = HttpPipelineBuilder.Build(options, [], [new TokenPolicy(tokens), .. everywhere], classifier);
        _anonymous = HttpPipelineBuilder.Build(options, [], everywhere, classifier);
    }

    /// <summary>For mocking.</summary>
    protected CloudStorageClient()
    {
        _pipeline = null!;
        _anonymous = null!;
        _endpoint = null!;
        _timeProvider = TimeProvider.System;
    }

    /// <summary>Until it is disposed, calls of this flow of control are tried once: for a caller that asks whether 8x8 answers, and how.</summary>
    public static IDisposable TryOnce() =>
        HttpPipeline.CreateHttpMessagePropertiesScope(new Dictionary<string, object?>(StringComparer.Ordinal) { [nameof(TryOnce)] = true });

    /// <summary>The regions that hold objects of the account.</summary>
    /// <param name="discoveryRegion">Any valid region.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public virtual async Task<IReadOnlyList<string>> GetRegionsAsync(string discoveryRegion, CancellationToken cancellationToken = default)
    {
        return await ReadAsync(() => CreateMessage(RequestMethod.Get, discoveryRegion, "/regions"), (_, body) => ReadRegions(body), cancellationToken);
    }

    /// <summary>One page of a search. 8x8 returns AVAILABLE objects only, unless the filter names states.</summary>
    /// <param name="region">Region; a search never returns objects of another.</param>
    /// <param name="query">The search.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public virtual async Task<ObjectPage> GetObjectsAsync(string region, ObjectQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        var wasBlank = false;
        return await ReadAsync(() => CreateSearch(region, query), ReadPage, cancellationToken);

        ObjectPage ReadPage(Response response, BinaryData body)
        {
            var page = ObjectPage.Parse(body);
            if (page.IsBlank && response.Status != 204 && !wasBlank)
            {
                // Nothing is also what remains of an answer that was cut before its first byte.
                wasBlank = true;
                throw new FormatException("The page has no body.");
            }

            return page;
        }
    }

    /// <summary>One object's record.</summary>
    public virtual async Task<StorageObject> GetObjectAsync(string region, string id, CancellationToken cancellationToken = default)
    {
        return await ReadAsync(
            () => CreateMessage(RequestMethod.Get, region, ObjectPath(id)),
            (_, body) => StorageObject.Parse(body) is var record && string.Equals(record.Id, id, StringComparison.OrdinalIgnoreCase)
                ? record
                : throw new FormatException("The record is that of another object."),
            cancellationToken);
    }

    /// <summary>Opens an object's content. The bytes arrive while they are read; a read that stalls ends in an exception.</summary>
    public virtual async Task<ObjectContent> OpenContentAsync(string region, string id, CancellationToken cancellationToken = default)
    {
        using var served = await SendFollowingAsync(Create, mayLeave: true, cancellationToken);
        if (served.Status != 200)
        {
            throw await ClientErrors.CreateAsync(served, cancellationToken);
        }

        var headers = served.Response.Headers;
        var (length, contentType) = (headers.ContentLengthLong, headers.ContentType);
        var encoding = headers.TryGetValue("Content-Encoding", out var value) ? value : null;
        return new ObjectContent(served.Message.ExtractResponseContent() ?? Stream.Null, length, contentType) { ContentEncoding = encoding };

        HttpMessage Create()
        {
            var message = CreateMessage(RequestMethod.Get, region, ObjectPath(id) + "/content");
            message.BufferResponse = false;
            return message;
        }
    }

    /// <summary>An address at which the content can be read for about thirty minutes without a token. It is a secret.</summary>
    public virtual async Task<Uri> GetPresignedUrlAsync(string region, string id, CancellationToken cancellationToken = default)
    {
        using var served = await SendAsync(Create, cancellationToken);
        try
        {
            return PresignedUrl.Parse(JsonBody.Read(served.Response), _endpoint);
        }
        catch (FormatException exception)
        {
            // Not quoted: the body can hold an address that opens the content.
            throw served.ToException($"{served.Call} answered with no address that can be used.", exception);
        }

        HttpMessage Create()
        {
            var message = CreateMessage(RequestMethod.Get, region, ObjectPath(id) + "/content");
            message.Request.Uri.AppendQuery("presignUrl", "true");
            return message;
        }
    }

    /// <summary>Asks 8x8 to bring an ARCHIVED object back from cold storage: hours, up to a day. The copy disappears again.</summary>
    /// <param name="region">Region.</param>
    /// <param name="id">Id.</param>
    /// <param name="expirationDays">How many days the copy lasts, 1–10.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public virtual async Task RestoreAsync(string region, string id, int expirationDays, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(expirationDays, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(expirationDays, 10);
        var body = JsonSerializer.SerializeToUtf8Bytes(new { expirationDays });
        using var served = await SendAsync(() => CreateMessage(RequestMethod.Post, region, ObjectPath(id) + "/restore", body), cancellationToken);
    }

    /// <summary>Deletes objects at 8x8, records and content, for good.</summary>
    public virtual async Task DeleteAsync(string region, IReadOnlyCollection<string> ids, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (ids.Count == 0)
        {
            return;
        }

        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartArray();
            foreach (var id in ids)
            {
                json.WriteStringValue(id);
            }

            json.WriteEndArray();
        }

        using var served = await SendAsync(() => CreateMessage(RequestMethod.Delete, region, "/bulk", body.WrittenMemory), cancellationToken);
    }

    private static string ObjectPath(string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        if (id is "." or "..")
        {
            // Even escaped, these would be taken as relative path segments.
            throw new ArgumentException($"The id \"{id}\" cannot be part of an address.", nameof(id));
        }

        return $"/objects/{Uri.EscapeDataString(id)}";
    }

    private static List<string> ReadRegions(BinaryData body)
    {
        try
        {
            return ReadRegions(body.ToMemory().Span);
        }
        catch (JsonException)
        {
            try
            {
                return ReadRegions(JsonText.Repair(body.ToMemory().Span));
            }
            catch (JsonException exception)
            {
                throw new FormatException("The regions are not JSON.", exception);
            }
        }
    }

    private static List<string> ReadRegions(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            throw new FormatException("The regions are not a JSON array.");
        }

        var regions = new List<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            // What is no name is not left out: a region that nothing lists would be missed silently.
            regions.Add(reader.TokenType == JsonTokenType.String && LenientJson.Text(ref reader)?.Trim() is { Length: > 0 } region
                ? region
                : throw new FormatException("A region is not a string."));
        }

        return [.. regions.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Sends a GET and reads its JSON; asks again when that cannot be read.</summary>
    private async Task<T> ReadAsync<T>(Func<HttpMessage> create, Func<Response, BinaryData, T> parse, CancellationToken cancellationToken)
    {
        for (var read = 1; ; read++)
        {
            using var served = await SendAsync(create, cancellationToken);
            try
            {
                return parse(served.Response, BinaryData.FromBytes(JsonBody.Read(served.Response)));
            }
            catch (FormatException) when (read < MaxReads)
            {
                await Task.Delay(_readDelay, cancellationToken);
            }
            catch (FormatException exception)
            {
                throw ClientErrors.Malformed(served, exception);
            }
        }
    }

    private static string Describe(HttpMessage message) => $"{message.Request.Method} {message.Request.Uri.Path}";

    private HttpMessage CreateSearch(string region, ObjectQuery query)
    {
        var message = CreateMessage(RequestMethod.Get, region, "/objects");

        // The reference requires the header of a search. The transport sends it only with a body, so there is an empty one.
        message.Request.Headers.SetValue(HttpHeader.Names.ContentType, "application/json");
        message.Request.Content = RequestContent.Create(ReadOnlyMemory<byte>.Empty);
        var uri = message.Request.Uri;
        if (!string.IsNullOrEmpty(query.Filter))
        {
            uri.AppendQuery("filter", query.Filter, escapeValue: true);
        }

        if (query.PageKey is { } pageKey)
        {
            uri.AppendQuery("pageKey", pageKey, escapeValue: true);
        }

        uri.AppendQuery("limit", query.Limit.ToString(CultureInfo.InvariantCulture));
        if (query.SortField is { } sortField)
        {
            uri.AppendQuery("sortField", sortField, escapeValue: true);
            uri.AppendQuery("sortDirection", query.SortDirection == SortDirection.Ascending ? "ASC" : "DESC");
        }

        return message;
    }

    private HttpMessage CreateMessage(RequestMethod method, string region, string path, ReadOnlyMemory<byte> json = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(region);
        if (region is "." or "..")
        {
            throw new ArgumentException($"The region \"{region}\" cannot be part of an address.", nameof(region));
        }

        var message = _pipeline.CreateMessage();
        message.Request.Method = method;
        message.Request.Uri.Reset(_endpoint);
        message.Request.Uri.AppendPath($"/storage/{Uri.EscapeDataString(region)}/v3{path}", escape: false);
        message.Request.Headers.SetValue(HttpHeader.Names.Accept, path.EndsWith("/content", StringComparison.Ordinal) ? "*/*" : "application/json");

        // What is stored as it is must come as it is: without this header a server may choose a coding.
        message.Request.Headers.SetValue(AcceptEncoding, "identity");
        if (!json.IsEmpty)
        {
            message.Request.Headers.SetValue(HttpHeader.Names.ContentType, "application/json");
            message.Request.Content = RequestContent.Create(json);
        }

        return message;
    }

    /// <summary>Sends a request and throws unless it succeeds.</summary>
    private async Task<ServedResponse> SendAsync(Func<HttpMessage> create, CancellationToken cancellationToken)
    {
        var served = await SendFollowingAsync(create, mayLeave: false, cancellationToken);
        if (served.Status is >= 200 and < 300)
        {
            return served;
        }

        using (served)
        {
            throw await ClientErrors.CreateAsync(served, cancellationToken);
        }
    }

    /// <summary>Sends a request and follows redirects.</summary>
    /// <param name="create">Makes the request, again for each redirect.</param>
    /// <param name="mayLeave">Whether another host than 8x8's may answer.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    private async Task<ServedResponse> SendFollowingAsync(Func<HttpMessage> create, bool mayLeave, CancellationToken cancellationToken)
    {
        var message = create();
        var call = Describe(message);
        var hasLeft = false;
        var visited = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            while (true)
            {
                visited.Add(message.Request.Uri.ToUri().AbsoluteUri);
                var served = await SendOnceAsync(message, call, hasLeft, cancellationToken);
                if (served.Status is not (301 or 302 or 303 or 307 or 308))
                {
                    return served;
                }

                var target = FindTarget(served, visited, mayLeave);
                hasLeft = hasLeft || !ClientPipeline.AreOfOneOrigin(_endpoint, target);

                // The address of another host carries its own authorization, and the token must not be sent there.
                var next = hasLeft ? _anonymous.CreateMessage() : create();
                if (hasLeft)
                {
                    next.Request.Method = RequestMethod.Get;
                    next.BufferResponse = message.BufferResponse;
                    next.Request.Headers.SetValue(AcceptEncoding, "identity");
                }

                next.Request.Uri.Reset(target);
                message.Dispose();
                message = next;
            }
        }
        catch
        {
            message.Dispose();
            throw;
        }
    }

    /// <summary>Where a redirect leads.</summary>
    /// <exception cref="CloudStorageException">It is not followed.</exception>
    private Uri FindTarget(ServedResponse served, HashSet<string> visited, bool mayLeave)
    {
        var request = served.Message.Request;
        var target = served.Response.Headers.TryGetValue("Location", out var location) ? RawAddress.Resolve(request.Uri.ToUri(), location) : null;
        var problem = target is null ? "it names no address"
            : !ClientPipeline.MayFetch(_endpoint, target) ? "its address is not https"
            : !mayLeave && !ClientPipeline.AreOfOneOrigin(_endpoint, target) ? "it leads to another host"
            : request.Method != RequestMethod.Get && served.Status is not (307 or 308) ? "it would change the request"
            : visited.Contains(target.AbsoluteUri) ? "it leads in a circle"
            : visited.Count > MaxRedirects ? $"it is one of more than {MaxRedirects}"
            : null;
        return problem is null
            ? target!
            : throw ErrorQuote.Attach(
                served.ToException(
                    $"{served.Call} answered {served.Status}, a redirect that is not followed because {problem}. Check any proxy between the app "
                        + "and 8x8, or report it to 8x8."),
                target is null ? "" : $"a redirect to the host {target.Host}");
    }

    private async Task<ServedResponse> SendOnceAsync(HttpMessage message, string call, bool hasLeft, CancellationToken cancellationToken)
    {
        try
        {
            await (hasLeft ? _anonymous : _pipeline).SendAsync(message, cancellationToken);
            return new ServedResponse(message, call, hasLeft, RetryAfter.Read(message.Response, _timeProvider.GetUtcNow()));
        }
        catch (Exception exception) when (ClientErrors.AsNoAnswer(exception, cancellationToken) is { } failure)
        {
            // The failure names the host, which is part of a secret when 8x8 redirects to it.
            var cause = hasLeft ? " from the host that 8x8 redirects to." : $": {failure.Message}";
            throw new CloudStorageException(0, $"{call} got no answer{cause}", ServedResponse.Origin(message), hasLeft, retryAfter: null, failure);
        }
    }
}
