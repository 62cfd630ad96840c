using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LocalHost.Functions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LocalHost;

/// <summary>Assembles the host: settings as Core Tools reads them, logging, web server, listeners.</summary>
internal sealed class LocalHostBuilder
{
    private const string DefaultUrl = "http://127.0.0.1:7071";
    private readonly string _directory;

    private LocalHostBuilder(WebApplicationBuilder web, string directory)
    {
        Web = web;
        _directory = directory;
    }

    public WebApplicationBuilder Web { get; }

    public List<Func<FunctionExecutionDelegate, FunctionExecutionDelegate>> Middleware { get; } = [];

    public bool UsesAspNetCore { get; set; }

    /// <summary>Where functions are looked for; the entry assembly, unless a test says otherwise.</summary>
    public IEnumerable<Type>? FunctionTypes { get; set; }

    /// <summary>How long a received message is hidden, unless a test says otherwise.</summary>
    public TimeSpan? Lease { get; set; }

    public static LocalHostBuilder Create(string[] args, string directory, IEnumerable<KeyValuePair<string, string?>>? settings = null)
    {
        var environment = Environment.GetEnvironmentVariable("AZURE_FUNCTIONS_ENVIRONMENT") ?? Environments.Development;
        var web = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = directory, EnvironmentName = environment });
        var (file, values) = ReadSettings(directory);
        web.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = values });
        if (settings is not null)
        {
            // A test's settings are all there is: the machine's environment is none of its business.
            foreach (var source in web.Configuration.Sources.OfType<EnvironmentVariablesConfigurationSource>().ToList())
            {
                web.Configuration.Sources.Remove(source);
            }

            web.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key.Replace("__", ":", StringComparison.Ordinal), setting.Value)));
        }

        web.Configuration["LocalHost:SettingsFile"] = file;
        if (string.IsNullOrEmpty(web.Configuration["urls"]))
        {
            web.WebHost.UseUrls(DefaultUrl);
        }

        web.Logging.ClearProviders();
        web.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
            console.UseUtcTimestamp = true;
            console.IncludeScopes = false;
        });
        web.Logging.AddFilter("Microsoft", LogLevel.Warning);
        web.Logging.AddConfiguration(HostLogging(directory, web.Configuration));
        web.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMinutes(2));
        return new LocalHostBuilder(web, directory);
    }

    public IHost Build()
    {
        var services = Web.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddMvcCore();
        services.AddSingleton(provider =>
        {
            var settings = HostSettings.Read(_directory, provider.GetRequiredService<IConfiguration>(), Web.Environment.IsDevelopment());
            return Lease is { } lease ? settings with { Lease = lease } : settings;
        });
        services.AddSingleton<StorageAccounts>();
        services.AddSingleton(provider => new FunctionInvoker(provider, Middleware, provider.GetRequiredService<ILogger<FunctionInvoker>>()));
        services.AddSingleton<Http.HttpFunctions>();
        services.AddSingleton(provider => new FunctionHost(
            provider,
            () => FunctionDescriptor.Find(FunctionTypes ?? Assembly.GetEntryAssembly()!.GetTypes()),
            HostId(),
            provider.GetRequiredService<ILogger<FunctionHost>>()));
        return new LocalFunctionsHost(Web.Build(), UsesAspNetCore);
    }

    private static (string? File, Dictionary<string, string?> Values) ReadSettings(string directory)
    {
        var named = Environment.GetEnvironmentVariable("LocalHost__SettingsFile");
        foreach (var name in string.IsNullOrEmpty(named) ? (string[])["local.settings.json", "local.settings.sample.json"] : [named])
        {
            var path = Path.Combine(directory, name);
            if (!File.Exists(path))
            {
                continue;
            }

            try
            {
                using var json = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
                var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
                if (json.RootElement.TryGetProperty("Values", out var section))
                {
                    foreach (var setting in section.EnumerateObject())
                    {
                        values[setting.Name.Replace("__", ":", StringComparison.Ordinal)] = setting.Value.ToString();
                    }
                }

                return (name, values);
            }
            catch (Exception exception) when (exception is JsonException or InvalidOperationException)
            {
                throw new FunctionAppException($"{name} cannot be read: {exception.Message}", exception);
            }
        }

        return (null, []);
    }

    private static IConfigurationRoot HostLogging(string directory, IConfiguration app)
    {
        var levels = HostSettings.Open(directory, app).GetSection("logging:logLevel").GetChildren().ToList();
        if (levels.Find(level => !string.IsNullOrEmpty(level.Value) && !Enum.TryParse<LogLevel>(level.Value, ignoreCase: true, out _)) is { } wrong)
        {
            throw new FunctionAppException($"{wrong.Path} is \"{wrong.Value}\": expected one of {string.Join(", ", Enum.GetNames<LogLevel>())}.");
        }

        // The Functions host's "default" is what the logging of .NET calls "Default".
        return new ConfigurationBuilder()
            .AddInMemoryCollection(levels.ToDictionary(level => $"LogLevel:{(string.Equals(level.Key, "default", StringComparison.OrdinalIgnoreCase) ? "Default" : level.Key)}", level => level.Value))
            .Build();
    }

    private string HostId() =>
        Web.Configuration["AzureFunctionsWebHost:hostid"]
        ?? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Environment.MachineName}|{_directory}")))[..32];
}
