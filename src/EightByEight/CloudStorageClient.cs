using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace EightByEight;

/// <summary>
/// 8x8's Cloud Storage Service, version 3 (8x8 developer site). Immutable and safe for many callers at once. A failed
/// call throws <see cref="RequestFailedException"/>, whose <c>Status</c> is 0 when there was no answer at all.
/// </summary>
public class CloudStorageClient
{
    private const int MostRedirects = 5;

    // An answer that cannot be read was most likely cut on its way.
    private const int MaxReads = 3;
    private readonly HttpPipeline _pipeline;
    private readonly HttpPipeline _anonymous;
    private readonly Uri _endpoint;
    private readonly TimeSpan _readDelay;

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
        ClientPipeline.UseSharedTransport(options);
        HttpPipelinePolicy[] gate = options.Gate is { } requestGate ? [new GatePolicy(requestGate, options.TimeProvider)] : [];
        HttpPipelinePolicy[] everywhere = [new RetryAfterPolicy(options.TimeProvider), .. gate, UntracedPolicy.Instance];
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
    }

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
        using var message = CreateMessage(RequestMethod.Get, region, ObjectPath(id) + "/content");
        var call = Describe(message);
        message.BufferResponse = false;
        await SendWithoutCheckAsync(_pipeline, message, call, cancellationToken);
        return await FollowAsync(message, call, MostRedirects, cancellationToken);
    }

    /// <summary>An address at which the content can be read for about thirty minutes without a token. It is a secret.</summary>
    public virtual async Task<Uri> GetPresignedUrlAsync(string region, string id, CancellationToken cancellationToken = default)
    {
        using var message = CreateMessage(RequestMethod.Get, region, ObjectPath(id) + "/content");
        message.Request.Uri.AppendQuery("presignUrl", "true");
        await SendAsync(message, cancellationToken);
        try
        {
            return PresignedUrl.Parse(message.Response.Content.ToMemory(), message.Response.Headers.ContentType, _endpoint);
        }
        catch (FormatException exception)
        {
            // Not quoted: the body can hold an address that opens the content.
            throw new RequestFailedException(message.Response.Status, $"{Describe(message)} answered with no address that can be used.", exception);
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
        using var message = CreateMessage(RequestMethod.Post, region, ObjectPath(id) + "/restore");
        message.Request.Uri.AppendQuery("expirationDays", expirationDays.ToString(CultureInfo.InvariantCulture));
        await SendAsync(message, cancellationToken);
    }

    /// <summary>Deletes objects at 8x8, records and content, for good.</summary>
    public virtual async Task DeleteAsync(string region, IReadOnlyCollection<string> ids, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (ids.Count == 0)
        {
            return;
        }

        using var message = CreateMessage(RequestMethod.Delete, region, "/bulk");
        message.Request.Headers.SetValue(HttpHeader.Names.ContentType, "application/json");
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

        message.Request.Content = RequestContent.Create(body.WrittenMemory);
        await SendAsync(message, cancellationToken);
    }

    private async Task<ObjectContent> FollowAsync(HttpMessage message, string call, int redirects, CancellationToken cancellationToken)
    {
        var response = message.Response;
        if (response.Status is 301 or 302 or 303 or 307 or 308 && redirects > 0
            && response.Headers.TryGetValue("Location", out var location)
            && Uri.TryCreate(message.Request.Uri.ToUri(), location, out var target) && ClientPipeline.MayFetch(_endpoint, target))
        {
            // The content may be stored at S3. The address carries its own authorization, and the token must not be sent there.
            using var next = _anonymous.CreateMessage();
            next.Request.Method = RequestMethod.Get;
            next.Request.Uri.Reset(target);
            next.BufferResponse = false;
            await SendWithoutCheckAsync(_anonymous, next, call, cancellationToken);
            return await FollowAsync(next, call, redirects - 1, cancellationToken);
        }

        if (response.Status != 200)
        {
            throw await ClientErrors.CreateAsync(response, call, cancellationToken);
        }

        var length = response.Headers.ContentLengthLong;
        var contentType = response.Headers.ContentType;
        return new ObjectContent(message.ExtractResponseContent() ?? Stream.Null, length, contentType);
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
            using var message = create();
            await SendAsync(message, cancellationToken);
            try
            {
                return parse(message.Response, BinaryData.FromBytes(JsonText.Decode(message.Response.Content.ToMemory(), message.Response.Headers.ContentType)));
            }
            catch (FormatException) when (read < MaxReads)
            {
                await Task.Delay(_readDelay, cancellationToken);
            }
            catch (FormatException exception)
            {
                throw ClientErrors.Malformed(message.Response, Describe(message), exception);
            }
        }
    }

    private static string Describe(HttpMessage message) => $"{message.Request.Method} {message.Request.Uri.Path}";

    private HttpMessage CreateSearch(string region, ObjectQuery query)
    {
        var message = CreateMessage(RequestMethod.Get, region, "/objects");
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

    private HttpMessage CreateMessage(RequestMethod method, string region, string path)
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
        return message;
    }

    private async Task SendAsync(HttpMessage message, CancellationToken cancellationToken)
    {
        await SendWithoutCheckAsync(_pipeline, message, Describe(message), cancellationToken);
        if (message.Response.Status is < 200 or >= 300)
        {
            throw await ClientErrors.CreateAsync(message.Response, Describe(message), cancellationToken);
        }
    }

    /// <param name="pipeline">Sends it.</param>
    /// <param name="message">The request.</param>
    /// <param name="call">What errors call it: the address that 8x8 redirects to is a secret.</param>
    /// <param name="cancellationToken">Stops it.</param>
    private static async Task SendWithoutCheckAsync(HttpPipeline pipeline, HttpMessage message, string call, CancellationToken cancellationToken)
    {
        try
        {
            await pipeline.SendAsync(message, cancellationToken);
        }
        catch (Exception exception) when (ClientErrors.AsNoAnswer(exception, cancellationToken) is { } failure)
        {
            throw new RequestFailedException(0, $"{call} got no answer: {failure.Message}", failure);
        }
    }
}
