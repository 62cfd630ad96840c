using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using DevStack;

namespace Metering;

/// <summary>
/// The build of the function app as two processes: the worker, which is the code that is deployed, and the local host,
/// which stands for the Functions host. They are metered apart, because only the worker is the same in Azure.
/// </summary>
public sealed partial class AppProcess : IAsyncDisposable
{
    private const string Started = "Host started: ";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);
    private readonly ConcurrentQueue<int> _workers;
    private readonly ChildProcess _host;
    private readonly HttpClient _client;

    private AppProcess(ChildProcess host, Uri url, ConcurrentQueue<int> workers)
    {
        _host = host;
        _workers = workers;
        _client = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromMinutes(5) };
    }

    /// <summary>Sends requests to the app's address.</summary>
    public HttpClient Client => _client;

    /// <summary>The settings of a new installation whose listing is fired by hand.</summary>
    /// <param name="connectionString">Its storage.</param>
    /// <param name="source">Address of 8x8.</param>
    /// <param name="startFrom">How far the first listing looks back.</param>
    public static Dictionary<string, string> Settings(string connectionString, Uri source, DateTimeOffset startFrom)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["LocalHost__SettingsFile"] = "local.settings.sample.json",
            ["LocalHost__ExitWithParent"] = "true",
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            ["AzureWebJobsStorage"] = connectionString,
            ["EightByEight__BaseUrl"] = source.AbsoluteUri,
            ["EightByEight__Key"] = "demo-key",
            ["EightByEight__Secret"] = "demo-secret",
            ["Listing__StartFrom"] = startFrom.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            ["ListingSchedule"] = "0 0 0 1 1 *",

            // The sample file has them too, but only the host reads it, and not what measures parts of the app alone.
            ["TokenRefreshSchedule"] = "0 */5 * * * *",
            ["ReconcileSchedule"] = "0 0 3 * * 0",
            ["VerifySchedule"] = "0 30 1 * * *",
            ["Catalogue__Schedule"] = "0 0 4 * * *",
        };
    }

    /// <summary>Starts it and waits until it listens.</summary>
    /// <param name="settings">Its settings.</param>
    /// <param name="watch">Told every line that it writes.</param>
    public static async Task<AppProcess> StartAsync(IReadOnlyDictionary<string, string> settings, Action<string>? watch = null)
    {
        var workers = new ConcurrentQueue<int>();
        var host = ChildProcess.Start("LocalHost", [], settings, line =>
        {
            if (WorkerStarted().Match(line) is { Success: true } match)
            {
                workers.Enqueue(int.Parse(match.Groups["id"].ValueSpan, CultureInfo.InvariantCulture));
            }

            watch?.Invoke(line);
        });
        try
        {
            var line = await host.WaitForLineAsync(line => line.StartsWith(Started, StringComparison.Ordinal), StartTimeout, CancellationToken.None);
            return new AppProcess(host, new Uri(line[Started.Length..]), workers);
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a function that has no HTTP trigger now.</summary>
    public async Task FireAsync(string function)
    {
        using var response = await _client.PostAsJsonAsync(new Uri($"/admin/functions/{function}", UriKind.Relative), new { });
        response.EnsureSuccessStatusCode();
    }

    /// <summary>What worker and host have used until now.</summary>
    /// <exception cref="InvalidOperationException">A process has ended: what the run measured is not the work of one worker.</exception>
    public AppUsage Read() =>
        _workers.ToArray() is [var worker] && Usage.Read(worker) is { } ofWorker && Usage.Read(_host.ProcessId) is { } ofHost
            ? new AppUsage(ofWorker, ofHost)
            : throw new InvalidOperationException($"The run is void: the host or a worker has ended. Workers started: {string.Join(", ", _workers)}.");

    /// <summary>Waits for what the app does.</summary>
    /// <exception cref="InvalidOperationException">A process has ended: what was in flight can be lost, and the wait would last until the limit.</exception>
    /// <exception cref="TimeoutException">It takes too long.</exception>
    public async Task WaitAsync(Task work, TimeSpan limit)
    {
        ArgumentNullException.ThrowIfNull(work);
        var clock = Stopwatch.StartNew();
        while (await Task.WhenAny(work, Task.Delay(CheckInterval)) != work)
        {
            Read();
            if (clock.Elapsed > limit)
            {
                throw new TimeoutException($"Not done after {limit.TotalMinutes} minutes.");
            }
        }

        await work;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _host.DisposeAsync();
    }

    // The host's event 1. Nothing else tells the worker's process.
    [GeneratedRegex("Worker process (?<id>[0-9]+) started", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WorkerStarted();
}

/// <summary>What the processes of a function app have used.</summary>
/// <param name="Worker">The worker.</param>
/// <param name="Host">The local host.</param>
public sealed record AppUsage(Usage Worker, Usage Host);
