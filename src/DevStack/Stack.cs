using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Azurite;

namespace DevStack;

/// <summary>Storage, 8x8 and the function app, running.</summary>
internal sealed class Stack : IAsyncDisposable
{
    // Enough for a machine that is busy with other things; a part that ends is noticed at once.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(4);
    private readonly List<IAsyncDisposable> _parts = [];

    private Stack()
    {
    }

    public required AzuriteServer Storage { get; init; }

    public required string StorageConnectionString { get; init; }

    public ChildProcess Functions { get; private set; } = null!;

    public Uri FunctionsUrl { get; private set; } = null!;

    public Uri SimulatorUrl { get; private set; } = null!;

    /// <summary>Starts everything; what has started is stopped again when something does not.</summary>
    public static async Task<Stack> StartAsync(CommandLine line, Action<string> report, Action<string>? log, CancellationToken cancellationToken)
    {
        RequireFree(line.Port);
        report("Starting Azurite …");
        // Its files are deleted at the end.
        var storage = await AzuriteServer.StartAsync(report, saves: false, cancellationToken: cancellationToken);
        var stack = new Stack { Storage = storage, StorageConnectionString = storage.NewAccountConnectionString() };
        stack._parts.Add(storage);
        try
        {
            report("Starting the simulated 8x8 …");
            var (simulator, addresses) = await StartSimulatorAsync(cancellationToken);
            stack._parts.Add(simulator);
            stack.SimulatorUrl = new Uri(addresses.GetProperty("baseUrl").GetString()!);
            report("Starting the function app …");
            stack.Functions = ChildProcess.Start("LocalHost", [], stack.Settings(line.Port, addresses), log);
            stack._parts.Add(stack.Functions);
            const string Started = "Host started: ";
            var url = await stack.Functions.WaitForLineAsync(text => text.StartsWith(Started, StringComparison.Ordinal), StartTimeout, cancellationToken);
            stack.FunctionsUrl = new Uri(url[Started.Length..]);
            return stack;
        }
        catch
        {
            await stack.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // In reverse order of the start: the app releases its queues while they still exist.
        foreach (var part in Enumerable.Reverse(_parts))
        {
            await part.DisposeAsync();
        }

        _parts.Clear();
    }

    private static async Task<(ChildProcess Process, JsonElement Addresses)> StartSimulatorAsync(CancellationToken cancellationToken)
    {
        var simulator = ChildProcess.Start("Simulator", ["--seed-demo", "--exit-with-parent"], new Dictionary<string, string>(StringComparer.Ordinal));
        try
        {
            var line = await simulator.WaitForLineAsync(text => text.StartsWith('{'), StartTimeout, cancellationToken);
            using var addresses = JsonDocument.Parse(line);
            return (simulator, addresses.RootElement.Clone());
        }
        catch
        {
            await simulator.DisposeAsync();
            throw;
        }
    }

    private static void RequireFree(int port)
    {
        if (port == 0)
        {
            return;
        }

        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
        }
        catch (SocketException exception)
        {
            throw new DevStackException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Port {port} is taken, perhaps by another DevStack or a function app. Stop it, or choose another port: dotnet run --project "
                    + $"src/DevStack -- --port 0 takes a free one."),
                exception);
        }
    }

    private Dictionary<string, string> Settings(int port, JsonElement addresses) => new(StringComparer.Ordinal)
    {
        // Not the developer's own local.settings.json, which may lead to a real account.
        ["LocalHost__SettingsFile"] = "local.settings.sample.json",
        ["LocalHost__ExitWithParent"] = "true",
        ["LocalHost__DrainTimeout"] = "00:00:05",
        ["ASPNETCORE_URLS"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"),
        ["AzureWebJobsStorage"] = StorageConnectionString,
        ["ArchiveStorage"] = StorageConnectionString,
        ["KeyVault__Uri"] = addresses.GetProperty("vaultUrl").GetString()!,
        ["KeyVault__CertificateSha256"] = addresses.GetProperty("vaultCertificateSha256").GetString()!,
        ["EightByEight__BaseUrl"] = addresses.GetProperty("baseUrl").GetString()!,
        ["EightByEight__Key"] = "",
        ["EightByEight__Secret"] = "",
        ["EightByEight__Regions"] = "",
        ["EightByEight__Types"] = "",
        ["EightByEight__Filter"] = "",
        ["Listing__StartFrom"] = TimeProvider.System.GetUtcNow().AddDays(-30).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        ["Listing__SettleSeconds"] = "60",
        ["ListingSchedule"] = "*/5 * * * * *",
        ["Restore__PollInterval"] = "00:00:05",

        // A queue that was empty for a while is polled every ten seconds in Azure; too long to wait in a demo.
        ["AzureFunctionsJobHost__extensions__queues__maxPollingInterval"] = "00:00:01",
    };
}
