using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using DevStack;
using Xunit;

namespace Testing;

/// <summary>The function app on the local host, as a process.</summary>
public sealed partial class AppProcess : IAsyncDisposable
{
    private readonly List<string> _lines = [];
    private readonly ChildProcess _child;
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8 });
    private Uri? _url;

    /// <summary>Starts it.</summary>
    /// <param name="settings">Its settings.</param>
    /// <param name="arguments">The command line of the local host.</param>
    public AppProcess(IReadOnlyDictionary<string, string> settings, params IReadOnlyList<string> arguments)
    {
        _child = ChildProcess.Start("LocalHost", arguments, settings, line =>
        {
            lock (_lines)
            {
                _lines.Add(line);
            }
        });
    }

    /// <summary>Process of the host.</summary>
    public int ProcessId => _child.ProcessId;

    /// <summary>Process of the worker: the last that the host has started.</summary>
    public int WorkerProcessId =>
        int.Parse(Lines.Select(line => WorkerStarted().Match(line)).Last(match => match.Success).Groups["id"].ValueSpan, CultureInfo.InvariantCulture);

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => _child.HasEnded;

    /// <summary>Its exit code, once it has ended.</summary>
    public int ExitCode => _child.ExitCode;

    /// <summary>Where it listens.</summary>
    public Uri Url => _url ?? throw new InvalidOperationException("It has not started.");

    /// <summary>All that it has written.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>A week ago, to the second: each day and region is a window of its own, so a fixed day would mean more work each day.</summary>
    public static string WeekAgo => TimeProvider.System.GetUtcNow().AddDays(-7).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Settings of an app that listens on a free port and looks every two seconds for what is new in the last week.</summary>
    /// <param name="source">Address of 8x8.</param>
    /// <param name="account">Its storage.</param>
    /// <param name="more">More settings, or other ones.</param>
    public static IReadOnlyDictionary<string, string> Settings(Uri source, StorageAccount account, params IEnumerable<(string Name, string Value)> more)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(account);
        ArgumentNullException.ThrowIfNull(more);
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["AzureWebJobsStorage"] = account.ConnectionString,
            ["EightByEight__BaseUrl"] = source.AbsoluteUri,
            ["EightByEight__Key"] = "demo-key",
            ["EightByEight__Secret"] = "demo-secret",
            ["ListingSchedule"] = "*/2 * * * * *",
            ["AzureFunctionsJobHost__extensions__queues__maxPollingInterval"] = "00:00:00.500",
            ["Listing__StartFrom"] = WeekAgo,
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            ["LocalHost__SettingsFile"] = "local.settings.sample.json",
            ["LocalHost__ExitWithParent"] = "true",
        };
        foreach (var (name, value) in more)
        {
            settings[name] = value;
        }

        return settings;
    }

    /// <summary>Starts one and waits until it listens.</summary>
    public static async Task<AppProcess> StartAsync(Uri source, StorageAccount account, params IEnumerable<(string Name, string Value)> more)
    {
        var app = new AppProcess(Settings(source, account, more));
        try
        {
            await app.WaitAsync();
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until it has ended and all that it wrote is read.</summary>
    /// <returns>Its exit code.</returns>
    public Task<int> WaitForEndAsync() => _child.WaitForEndAsync(Eventually.Limit, TestContext.Current.CancellationToken);

    /// <summary>Waits until it listens.</summary>
    public async Task WaitAsync()
    {
        var line = await _child.WaitForLineAsync(
            line => line.StartsWith("Host started: ", StringComparison.Ordinal),
            Eventually.Limit,
            TestContext.Current.CancellationToken);
        _url = new Uri(line["Host started: ".Length..]);
    }

    /// <summary>Sends a request to a path, as it is.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.RequestUri = new Uri(
            Url.AbsoluteUri.TrimEnd('/') + request.RequestUri!.OriginalString,
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        return _client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>Gets JSON.</summary>
    public async Task<(HttpStatusCode Status, JsonElement Body)> GetAsync(string path)
    {
        using var response = await _client.GetAsync(new Uri(Url, path), TestContext.Current.CancellationToken);
        return (response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken));
    }

    /// <summary>Posts JSON and gets JSON.</summary>
    public async Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _client.PostAsync(new Uri(Url, path), content, TestContext.Current.CancellationToken);
        return (response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken));
    }

    /// <summary>Fires a function that has no HTTP trigger.</summary>
    public async Task FireAsync(string function)
    {
        using var content = new StringContent("{}", Encoding.UTF8, "application/json");
        using var response = await _client.PostAsync(new Uri(Url, $"/admin/functions/{function}"), content, TestContext.Current.CancellationToken);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Ends the worker as the kernel does when memory runs out. The host starts another.</summary>
    public void KillWorker()
    {
        using var worker = Process.GetProcessById(WorkerProcessId);
        worker.Kill();
    }

    /// <summary>Sends signals to processes, as a person or a terminal does.</summary>
    /// <param name="name">The signal's name, such as <c>TERM</c>.</param>
    /// <param name="processes">The processes.</param>
    public static void Signal(string name, params IEnumerable<int> processes)
    {
        using var kill = Process.Start("kill", [$"-{name}", .. processes.Select(process => process.ToString(CultureInfo.InvariantCulture))]);
        kill.WaitForExit();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _child.DisposeAsync();
    }

    [GeneratedRegex("Worker process (?<id>[0-9]+) started", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WorkerStarted();
}
