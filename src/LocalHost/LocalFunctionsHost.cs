using System.Net;
using System.Reflection;
using LocalHost.Http;
using LocalHost.Jobs;
using LocalHost.Worker;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LocalHost;

/// <summary>
/// The host: the protocol's server, the worker, the public web server, and the listeners of queues and timers,
/// started in this order and stopped in the opposite one.
/// </summary>
internal static class LocalFunctionsHost
{
    /// <summary>The build of <c>src/Functions</c> that was made with this program.</summary>
    public static string DefaultAppFolder =>
        typeof(LocalFunctionsHost).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(attribute => attribute.Key == "FunctionApp").Value!;

    /// <summary>Runs an app until the process is told to stop.</summary>
    /// <param name="app">The app.</param>
    /// <param name="attachPort">Where to wait for a worker that a debugger starts; 0 to start one.</param>
    /// <param name="file">The settings file that was read.</param>
    /// <param name="cancellationToken">Stops the host.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="LocalHostException">The host or the app cannot start.</exception>
    public static async Task<int> RunAsync(FunctionApp app, int attachPort, SettingsFile file, CancellationToken cancellationToken)
    {
        var configuration = HostSettings.Open(app.Folder);
        var settings = HostSettings.Read(configuration);
        var levels = HostSettings.ReadLogging(configuration);
        await using var rpc = CreateRpcServer(app, settings, attachPort, ConfigureLogging);
        await StartAsync(rpc, "another port with --attach", cancellationToken);
        var supervisor = rpc.Services.GetRequiredService<WorkerSupervisor>();
        supervisor.RpcUrl = rpc.Urls.First();
        try
        {
            // All that does not need to know the functions happens while the worker starts.
            var starting = supervisor.StartAsync(cancellationToken);
            var functions = new Dictionary<string, FunctionDefinition>(StringComparer.OrdinalIgnoreCase);
            using var invoker = new JobInvoker(supervisor, functions);
            await using var jobs = JobHosting.Create(configuration, settings, functions.Values, invoker, ConfigureLogging);
            await jobs.CheckStorageAsync(cancellationToken);
            await using var web = CreateWebServer(settings, supervisor, ConfigureLogging);
            foreach (var function in (await starting).Functions)
            {
                functions.Add(function.Name, function);
            }

            var http = web.Services.GetRequiredService<HttpFunctions>();
            new AdminFunctions(jobs.Jobs, functions, settings).Map(web);
            http.Map(web, functions.Values);
            await StartAsync(web, "another address with ASPNETCORE_URLS, such as ASPNETCORE_URLS=http://127.0.0.1:7072", cancellationToken);
            await jobs.StartAsync(cancellationToken);
            using var workerGone = rpc.Lifetime.ApplicationStopping.Register(web.Lifetime.StopApplication);
            Announce(web.Urls.First(), functions.Values, http, file);
            if (settings.ExitsWithParent)
            {
                _ = Task.Run(() => StopWithParentAsync(web.Lifetime), CancellationToken.None);
            }

            await web.WaitForShutdownAsync(cancellationToken);
            await jobs.StopAsync();
        }
        finally
        {
            await supervisor.StopAsync(settings.DrainTimeout);
        }

        return Environment.ExitCode;

        void ConfigureLogging(ILoggingBuilder logging) => AddConsole(logging, levels);
    }

    private static WebApplication CreateRpcServer(FunctionApp app, HostSettings settings, int attachPort, Action<ILoggingBuilder> configureLogging)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        configureLogging(builder.Logging);
        builder.WebHost.UseKestrelCore()
            .ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, attachPort, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddRouting();
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = grpc.MaxSendMessageSize = null);
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, ManualLifetime>());
        builder.Services.AddSingleton(
            provider => new WorkerSupervisor(
                app,
                settings,
                attachPort,
                provider.GetRequiredService<ILoggerFactory>(),
                provider.GetRequiredService<IHostApplicationLifetime>()));
        var server = builder.Build();
        server.MapGrpcService<RpcService>();
        return server;
    }

    private static WebApplication CreateWebServer(HostSettings settings, WorkerSupervisor supervisor, Action<ILoggingBuilder> configureLogging)
    {
        // Not the slim builder, whose configuration could have the server listen elsewhere than on loopback.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        configureLogging(builder.Logging);

        // A principal with many groups is larger than the web server's default for all headers together.
        builder.WebHost.UseKestrelCore().UseUrls(settings.Url)
            .ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestHeadersTotalSize = 256 * 1024);
        builder.Services.AddRouting();
        builder.Services.AddHttpForwarder();
        builder.Services.AddSingleton(supervisor);
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton<HttpFunctions>();
        var server = builder.Build();
        server.Use(LoopbackGuard.InvokeAsync);
        server.UseRouting();
        server.MapGet("/", () => "The function app runs.\n");
        return server;
    }

    private static async Task StartAsync(WebApplication server, string wayOut, CancellationToken cancellationToken)
    {
        try
        {
            await server.StartAsync(cancellationToken);
        }
        catch (IOException exception)
        {
            throw new LocalHostException($"{exception.Message} Stop the program that uses it, or choose {wayOut}.", exception);
        }
    }

    private static void Announce(string url, IEnumerable<FunctionDefinition> functions, HttpFunctions http, SettingsFile file)
    {
        if (file.Name == SettingsFile.Sample)
        {
            Console.WriteLine($"There is no local.settings.json; the values of {SettingsFile.Sample} apply below those of the environment.");
        }

        Console.WriteLine();
        Console.WriteLine("Functions:");
        foreach (var function in functions.OrderBy(function => function.Name, StringComparer.Ordinal))
        {
            var trigger = function.TriggerType == FunctionDefinition.Http
                ? $"[{(function.GetTexts("methods") is { Count: > 0 } methods ? string.Join(',', methods).ToUpperInvariant() : "ANY")}] "
                    + $"{url}{http.GetRoute(function)}"
                : function.TriggerType;
            Console.WriteLine($"        {function.Name}: {trigger}");
        }

        Console.WriteLine();
        Console.WriteLine($"Host started: {url}");
    }

    private static async Task StopWithParentAsync(IHostApplicationLifetime lifetime)
    {
        await using var input = Console.OpenStandardInput();
        while (await input.ReadAsync(new byte[64]) > 0)
        {
            // Only the end matters: the parent, which holds the other end, is gone then.
        }

        lifetime.StopApplication();
    }

    private static void AddConsole(ILoggingBuilder logging, IConfiguration levels)
    {
        logging.ClearProviders();
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
            console.UseUtcTimestamp = true;
        });
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None); // A start that fails is reported once, by the exception.
        logging.AddFilter("Yarp", LogLevel.Warning);
        logging.AddFilter("Grpc", LogLevel.Warning);
        logging.AddFilter("Host.", LogLevel.Warning);

        // What a function throws, the worker has logged; the SDK would log it twice more.
        logging.AddFilter("Host.Results", LogLevel.None);
        logging.AddFilter("Function.", level => level is LogLevel.Information or LogLevel.Warning);
        logging.AddConfiguration(levels);

        // The SDK looks for containers, queues and blobs before it makes them, and each 404 would be a warning.
        logging.AddFilter("Azure.Core", LogLevel.Error);
    }
}
