using System.Globalization;
using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace LocalHost;

/// <summary>What this host itself reads; all else of <c>host.json</c> is read by the WebJobs SDK.</summary>
internal sealed record HostSettings
{
    /// <summary>
    /// Section below which the WebJobs SDK, as in the Functions host, finds <c>host.json</c>, and <c>AzureFunctionsJobHost__…</c>
    /// in the environment overrides it.
    /// </summary>
    public const string HostJsonSection = "AzureFunctionsJobHost";

    /// <summary>Address to listen on.</summary>
    public required string Url { get; init; }

    /// <summary>First part of the path of each HTTP function.</summary>
    public required string RoutePrefix { get; init; }

    /// <summary>How long a function may run before it is cancelled.</summary>
    public required TimeSpan FunctionTimeout { get; init; }

    /// <summary>How long running functions may take to end when the host stops, before they are cancelled.</summary>
    public required TimeSpan DrainTimeout { get; init; }

    /// <summary>Key that HTTP functions and <c>/admin</c> ask for; <see langword="null"/> for none.</summary>
    public string? FunctionKey { get; init; }

    /// <summary>Whether to stop when standard input ends.</summary>
    public bool ExitsWithParent { get; init; }

    /// <summary>Adds <c>host.json</c> and, above it, the environment to the configuration.</summary>
    /// <exception cref="LocalHostException">The file is malformed.</exception>
    public static IConfigurationRoot Open(string appFolder)
    {
        try
        {
            var hostJson = new ConfigurationBuilder().AddJsonFile(Path.Combine(appFolder, "host.json"), optional: true).Build();
            return new ConfigurationBuilder()
                .AddInMemoryCollection(hostJson.AsEnumerable().Select(pair => KeyValuePair.Create($"{HostJsonSection}:{pair.Key}", pair.Value)))
                .AddInMemoryCollection([KeyValuePair.Create<string, string?>("AzureWebJobsConfigurationSection", HostJsonSection)])
                .AddEnvironmentVariables()
                .Build();
        }
        catch (InvalidDataException exception)
        {
            // The outer exceptions say no more than that the file cannot be parsed.
            throw new LocalHostException($"host.json cannot be read: {exception.GetBaseException().Message}", exception);
        }
    }

    /// <summary>Reads the settings.</summary>
    /// <exception cref="LocalHostException">A setting is malformed.</exception>
    public static HostSettings Read(IConfiguration configuration)
    {
        var host = configuration.GetSection(HostJsonSection);
        return new HostSettings
        {
            Url = ReadUrl(configuration["ASPNETCORE_URLS"]),
            RoutePrefix = (host["extensions:http:routePrefix"] ?? "api").Trim('/'),

            // The default of the Functions host on a Flex Consumption plan.
            FunctionTimeout = ReadDuration(host.GetSection("functionTimeout"), TimeSpan.FromMinutes(30)),
            DrainTimeout = ReadDuration(configuration.GetSection("LocalHost:DrainTimeout"), TimeSpan.FromSeconds(30)),
            FunctionKey = configuration["LocalHost:FunctionKey"] is { Length: > 0 } key ? key : null,
            ExitsWithParent = string.Equals(configuration["LocalHost:ExitWithParent"], "true", StringComparison.OrdinalIgnoreCase),
        };
    }

    /// <summary>Reads the log levels of <c>host.json</c>, in the form that the logging of .NET reads.</summary>
    /// <exception cref="LocalHostException">A level is unknown.</exception>
    public static IConfiguration ReadLogging(IConfiguration configuration)
    {
        var levels = configuration.GetSection($"{HostJsonSection}:logging:logLevel").GetChildren().ToList();
        if (levels.Find(level => !string.IsNullOrEmpty(level.Value) && !Enum.TryParse<LogLevel>(level.Value, ignoreCase: true, out _)) is { } wrong)
        {
            throw new LocalHostException($"{wrong.Path} is \"{wrong.Value}\": expected one of {string.Join(", ", Enum.GetNames<LogLevel>())}.");
        }

        return new ConfigurationBuilder().AddInMemoryCollection(levels.ToDictionary(level => $"LogLevel:{level.Key}", level => level.Value)).Build();
    }

    private static string ReadUrl(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "http://127.0.0.1:7071";
        }

        // Recordings and /admin are behind this port, so only this machine may reach it. The text may have another name of the
        // loopback interface, such as "loopback", which the web server would take for any address.
        return Uri.TryCreate(text, UriKind.Absolute, out var url)
            && url.PathAndQuery == "/"
            && !text.Contains(';', StringComparison.Ordinal)
            && url.Scheme == Uri.UriSchemeHttp
            && (url.IsLoopback || (IPAddress.TryParse(url.Host, out var address) && IPAddress.IsLoopback(address)))
            ? url.GetLeftPart(UriPartial.Authority)
            : throw new LocalHostException(
                $"ASPNETCORE_URLS is \"{text}\": expected one http address of this machine's loopback interface, such as http://127.0.0.1:7072.");
    }

    private static TimeSpan ReadDuration(IConfigurationSection section, TimeSpan defaultValue)
    {
        if (section.Value is not { Length: > 0 } text)
        {
            return defaultValue;
        }

        // The Functions host writes "no limit" as -1.
        return text == "-1" ? Timeout.InfiniteTimeSpan
            : TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var value) && value >= TimeSpan.Zero ? value
            : throw new LocalHostException($"{section.Path} is \"{text}\": expected a time span such as 00:30:00.");
    }
}
