using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace LocalHost;

/// <summary>The part of <c>host.json</c> that this host understands, with the Functions host's defaults.</summary>
internal sealed record HostSettings
{
    public required string RoutePrefix { get; init; }

    public required int BatchSize { get; init; }

    public required int NewBatchThreshold { get; init; }

    public required int MaxDequeueCount { get; init; }

    /// <summary>How long a message stays hidden after its function failed.</summary>
    public required TimeSpan VisibilityTimeout { get; init; }

    public required TimeSpan MaxPollingInterval { get; init; }

    public required bool IsBase64 { get; init; }

    public required TimeSpan DrainTimeout { get; init; }

    /// <summary>How long a received message is hidden. The Functions host hides for ten minutes; shorter makes recovery after a crash quick.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    public string? FunctionKey { get; init; }

    public TimeZoneInfo TimeZone { get; init; } = TimeZoneInfo.Utc;

    /// <summary>Opens <c>host.json</c> below <c>AzureFunctionsJobHost__…</c> settings.</summary>
    /// <exception cref="FunctionAppException">It is malformed.</exception>
    public static IConfiguration Open(string directory, IConfiguration app)
    {
        try
        {
            return new ConfigurationBuilder()
                .AddJsonFile(Path.Combine(directory, "host.json"), optional: true, reloadOnChange: false)
                .AddInMemoryCollection(app.GetSection("AzureFunctionsJobHost").AsEnumerable(makePathsRelative: true))
                .Build();
        }
        catch (InvalidDataException exception)
        {
            // The outer exceptions say no more than that it cannot be parsed.
            throw new FunctionAppException($"host.json cannot be read: {exception.GetBaseException().Message}", exception);
        }
    }

    /// <summary>Reads what this host understands of them.</summary>
    /// <exception cref="FunctionAppException">A value is wrong.</exception>
    public static HostSettings Read(string directory, IConfiguration app, bool isDevelopment)
    {
        var host = Open(directory, app);
        var queues = host.GetSection("extensions:queues");
        var batchSize = Integer(queues, "batchSize", 16, 1, 32);
        var polling = Duration(queues, "maxPollingInterval", TimeSpan.FromMinutes(1), TimeSpan.FromMilliseconds(100));
        return new HostSettings
        {
            RoutePrefix = host["extensions:http:routePrefix"] ?? "api",
            BatchSize = batchSize,
            NewBatchThreshold = Integer(queues, "newBatchThreshold", batchSize / 2, 0, 1000),
            MaxDequeueCount = Integer(queues, "maxDequeueCount", 5, 1, 1000),
            VisibilityTimeout = Duration(queues, "visibilityTimeout", TimeSpan.Zero, TimeSpan.Zero),

            // The Functions host caps polling at two seconds in the Development environment.
            MaxPollingInterval = isDevelopment && polling > TimeSpan.FromSeconds(2) ? TimeSpan.FromSeconds(2) : polling,
            IsBase64 = (queues["messageEncoding"] ?? "base64").ToUpperInvariant() switch
            {
                "BASE64" => true,
                "NONE" => false,
                var other => throw new FunctionAppException($"host.json: extensions.queues.messageEncoding is \"{other}\": expected base64 or none."),
            },
            DrainTimeout = Duration(app.GetSection("LocalHost"), "DrainTimeout", TimeSpan.FromSeconds(30), TimeSpan.Zero),
            FunctionKey = app["LocalHost:FunctionKey"] is { Length: > 0 } key ? key : null,
            TimeZone = Zone(app["WEBSITE_TIME_ZONE"]),
        };
    }

    private static TimeZoneInfo Zone(string? name)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            return TimeZoneInfo.Utc;
        }

        return TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone)
            ? zone
            : throw new FunctionAppException($"WEBSITE_TIME_ZONE is \"{name}\": expected a time zone such as Europe/Berlin.");
    }

    private static int Integer(IConfigurationSection section, string name, int standard, int minimum, int maximum)
    {
        if (section[name] is not { Length: > 0 } text)
        {
            return standard;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= minimum && value <= maximum
            ? value
            : throw new FunctionAppException($"{section.Path}:{name} is \"{text}\": expected a whole number from {minimum} to {maximum}.");
    }

    private static TimeSpan Duration(IConfigurationSection section, string name, TimeSpan standard, TimeSpan minimum)
    {
        if (section[name] is not { Length: > 0 } text)
        {
            return standard;
        }

        return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var value) && value >= minimum
            ? value
            : throw new FunctionAppException($"{section.Path}:{name} is \"{text}\": expected a time span hh:mm:ss of at least {minimum}.");
    }
}
