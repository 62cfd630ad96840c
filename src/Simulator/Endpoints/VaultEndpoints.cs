using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Simulator.Faults;

namespace Simulator.Endpoints;

/// <summary>Key Vault's secrets over REST (version 7.x of the service): challenge, set, get, list of versions, attributes.</summary>
internal sealed class VaultEndpoints(FaultInjector faults, TimeProvider timeProvider)
{
    private readonly ConcurrentDictionary<string, List<Secret>> _secrets = new(StringComparer.OrdinalIgnoreCase);

    public void Map(IEndpointRouteBuilder routes)
    {
        var secrets = routes.MapGroup("/secrets");
        secrets.MapPut("/{name}", context => HandleAsync(context, SetAsync));
        secrets.MapGet("/{name}", context => HandleAsync(context, GetAsync));
        secrets.MapGet("/{name}/versions", context => HandleAsync(context, ListAsync));
        secrets.MapGet("/{name}/{version}", context => HandleAsync(context, GetAsync));
        secrets.MapPatch("/{name}/{version}", context => HandleAsync(context, UpdateAsync));
    }

    /// <summary>Every version of a secret, oldest first.</summary>
    public IReadOnlyList<VaultSecret> GetVersions(string name)
    {
        if (!_secrets.TryGetValue(name, out var versions))
        {
            return [];
        }

        lock (versions)
        {
            return [.. versions.Select(secret => new VaultSecret(secret.Version, secret.Value, secret.Enabled, secret.Expires, secret.ContentType))];
        }
    }

    /// <summary>Puts a secret.</summary>
    public void Set(string name, string value) => Add(name, new Secret { Value = value });

    public void Clear() => _secrets.Clear();

    private async Task HandleAsync(HttpContext context, Func<HttpContext, string, Task> handle)
    {
        if (!context.Request.IsHttps)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var name = (string)context.Request.RouteValues["name"]!;
        if ((await faults.ApplyAsync(context, "vault", region: null, id: name)).Answered)
        {
            return;
        }

        if (context.Request.Headers.Authorization.Count == 0)
        {
            // The client sends its first request without token and body, to learn where to get a token.
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            const string Authority = "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000";
            context.Response.Headers.WWWAuthenticate = $"Bearer authorization=\"{Authority}\", resource=\"https://vault.azure.net\"";
            return;
        }

        if (!context.Request.Query.ContainsKey("api-version"))
        {
            await FailAsync(context, 400, "BadParameter", "api-version must be specified");
            return;
        }

        await handle(context, name);
    }

    private async Task SetAsync(HttpContext context, string name)
    {
        var body = await ReadAsync(context);
        if ((string?)body?["value"] is not { } value)
        {
            await FailAsync(context, 400, "BadParameter", "The request body has no value");
            return;
        }

        var secret = new Secret { Value = value };
        Apply(secret, body!);
        Add(name, secret);
        await WriteAsync(context, name, secret, withValue: true);
    }

    private async Task GetAsync(HttpContext context, string name)
    {
        var version = (string?)context.Request.RouteValues["version"];
        var secret = Find(name, version);
        if (secret is null)
        {
            await FailAsync(context, 404, "SecretNotFound", $"A secret with (name/id) {name} was not found in this key vault.");
        }
        else if (!secret.Enabled)
        {
            await FailAsync(context, 403, "Forbidden", "Operation get is not allowed on a disabled secret.");
        }
        else
        {
            await WriteAsync(context, name, secret, withValue: true);
        }
    }

    private async Task UpdateAsync(HttpContext context, string name)
    {
        var body = await ReadAsync(context);
        if (Find(name, (string)context.Request.RouteValues["version"]!) is not { } secret || body is null)
        {
            await FailAsync(context, 404, "SecretNotFound", $"A secret with (name/id) {name} was not found in this key vault.");
            return;
        }

        Apply(secret, body);
        await WriteAsync(context, name, secret, withValue: false);
    }

    private async Task ListAsync(HttpContext context, string name)
    {
        var list = new JsonArray();
        if (_secrets.TryGetValue(name, out var versions))
        {
            lock (versions)
            {
                foreach (var secret in versions)
                {
                    list.Add(Describe(context, name, secret, withValue: false));
                }
            }
        }

        await context.Response.WriteAsJsonAsync(new JsonObject { ["value"] = list, ["nextLink"] = null });
    }

    private Secret? Find(string name, string? version)
    {
        if (!_secrets.TryGetValue(name, out var versions))
        {
            return null;
        }

        lock (versions)
        {
            return string.IsNullOrEmpty(version) ? versions[^1] : versions.Find(secret => secret.Version == version);
        }
    }

    private void Add(string name, Secret secret)
    {
        secret.Created = secret.Updated = timeProvider.GetUtcNow();
        var versions = _secrets.GetOrAdd(name, _ => []);
        lock (versions)
        {
            versions.Add(secret);
        }
    }

    private void Apply(Secret secret, JsonObject body)
    {
        secret.ContentType = (string?)body["contentType"] ?? secret.ContentType;
        secret.Updated = timeProvider.GetUtcNow();
        if (body["attributes"] is JsonObject attributes)
        {
            secret.Enabled = (bool?)attributes["enabled"] ?? secret.Enabled;
            secret.Expires = (long?)attributes["exp"] is { } expires ? DateTimeOffset.FromUnixTimeSeconds(expires) : secret.Expires;
        }

        if (body["tags"] is JsonObject tags)
        {
            secret.Tags = (JsonObject)tags.DeepClone();
        }
    }

    private static async Task<JsonObject?> ReadAsync(HttpContext context)
    {
        try
        {
            return await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static Task WriteAsync(HttpContext context, string name, Secret secret, bool withValue) =>
        context.Response.WriteAsJsonAsync(Describe(context, name, secret, withValue));

    private static JsonObject Describe(HttpContext context, string name, Secret secret, bool withValue)
    {
        var attributes = new JsonObject
        {
            ["enabled"] = secret.Enabled,
            ["created"] = secret.Created.ToUnixTimeSeconds(),
            ["updated"] = secret.Updated.ToUnixTimeSeconds(),
            ["recoveryLevel"] = "Recoverable+Purgeable",
        };
        if (secret.Expires is { } expires)
        {
            attributes["exp"] = expires.ToUnixTimeSeconds();
        }

        var described = new JsonObject
        {
            ["id"] = string.Create(CultureInfo.InvariantCulture, $"https://{context.Request.Host}/secrets/{name}/{secret.Version}"),
            ["attributes"] = attributes,
        };
        if (withValue)
        {
            described["value"] = secret.Value;
        }

        if (secret.ContentType is { } contentType)
        {
            described["contentType"] = contentType;
        }

        if (secret.Tags is { } tags)
        {
            described["tags"] = tags.DeepClone();
        }

        return described;
    }

    private static Task FailAsync(HttpContext context, int status, string code, string message)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new { error = new { code, message } });
    }

    private sealed class Secret
    {
        public string Version { get; } = Guid.NewGuid().ToString("N");

        public required string Value { get; init; }

        public bool Enabled { get; set; } = true;

        public DateTimeOffset Created { get; set; }

        public DateTimeOffset Updated { get; set; }

        public DateTimeOffset? Expires { get; set; }

        public string? ContentType { get; set; }

        public JsonObject? Tags { get; set; }
    }
}

/// <summary>A version of a secret in the simulated vault.</summary>
/// <param name="Version">Version.</param>
/// <param name="Value">Value.</param>
/// <param name="Enabled">Whether it can be read.</param>
/// <param name="Expires">When it expires.</param>
/// <param name="ContentType">Content type.</param>
public sealed record VaultSecret(string Version, string Value, bool Enabled, DateTimeOffset? Expires, string? ContentType);
