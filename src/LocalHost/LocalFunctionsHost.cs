using LocalHost.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LocalHost;

/// <summary>The running app: web server and listeners. A start that fails is told in one message and ends the process with code 1.</summary>
internal sealed class LocalFunctionsHost(WebApplication app, bool usesAspNetCore) : IHost, IAsyncDisposable
{
    private bool _isListening;

    public IServiceProvider Services => app.Services;

    /// <summary>Where the app listens, once it does.</summary>
    public string Url => app.Urls.First();

    /// <summary>Why the start failed; <see langword="null"/> when it did not.</summary>
    public FunctionAppException? StartFailure { get; private set; }

    private IHostApplicationLifetime Lifetime => Services.GetRequiredService<IHostApplicationLifetime>();

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await StartCoreAsync(cancellationToken);
        }
        catch (FunctionAppException exception)
        {
            StartFailure = exception;
            await Console.Error.WriteLineAsync(exception.Message);
            Environment.ExitCode = 1;
            Lifetime.StopApplication();
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (_isListening)
        {
            await Services.GetRequiredService<FunctionHost>().StopAsync();
        }

        await app.StopAsync(cancellationToken);
    }

    public void Dispose() => ((IDisposable)app).Dispose();

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task StartCoreAsync(CancellationToken cancellationToken)
    {
        var host = Services.GetRequiredService<FunctionHost>();
        if (!usesAspNetCore && host.Functions.Any(function => function.Trigger is HttpTriggerAttribute))
        {
            throw new FunctionAppException("The app has HTTP functions and does not call ConfigureFunctionsWebApplication() in Program.cs.");
        }

        var configuration = Services.GetRequiredService<IConfiguration>();
        await host.PrepareAsync(cancellationToken);
        Services.GetRequiredService<HttpFunctions>().Map(app, host.Functions, host.FireAsync);
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (IOException exception)
        {
            throw new FunctionAppException($"{exception.Message} Stop what uses it, or choose another address with ASPNETCORE_URLS, such as ASPNETCORE_URLS=http://127.0.0.1:7072.", exception);
        }

        if (configuration["LocalHost:SettingsFile"] == "local.settings.sample.json")
        {
            Console.WriteLine("There is no local.settings.json; the values of local.settings.sample.json apply below those of the environment.");
        }

        Console.WriteLine();
        Console.WriteLine("Functions:");
        foreach (var line in host.Describe(Url))
        {
            Console.WriteLine($"        {line}");
        }

        Console.WriteLine();
        Console.WriteLine($"Host started: {Url}");
        host.Start();
        _isListening = true;
        if (configuration.GetValue<bool>("LocalHost:ExitWithParent"))
        {
            _ = Task.Run(StopWithParentAsync, CancellationToken.None);
        }
    }

    private async Task StopWithParentAsync()
    {
        var buffer = new byte[64];
        await using var input = Console.OpenStandardInput();
        while (await input.ReadAsync(buffer) > 0)
        {
            // Only its end matters: the parent holds the other side, and when it is gone, this process has nobody left.
        }

        Lifetime.StopApplication();
    }
}
