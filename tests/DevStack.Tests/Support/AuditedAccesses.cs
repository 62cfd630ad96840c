using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Azure.Storage.Blobs.Models;
using Testing;

namespace DevStack.Tests;

/// <summary>Clients that access objects all the time, each time in a way that the audit log can tell from all others.</summary>
internal sealed partial class AuditedAccesses(AppProcess app) : IAsyncDisposable
{
    private const int Clients = 8;

    private readonly ConcurrentBag<int> _given = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _clients = [];
    private int _next;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>How many were given.</summary>
    public int Given => _given.Count;

    /// <summary>Begins them.</summary>
    public static AuditedAccesses Begin(AppProcess app)
    {
        var accesses = new AuditedAccesses(app);
        accesses._clients.AddRange(Enumerable.Range(0, Clients).Select(_ => Task.Run(accesses.AccessAsync, Cancellation)));
        return accesses;
    }

    /// <summary>Waits until so many were given, ends them, and checks that each has its line and that the log's chain is whole.</summary>
    /// <returns>What the command says that verifies the log.</returns>
    public async Task<string> AssertLoggedAsync(int atLeast, StorageAccount account, IReadOnlyDictionary<string, string> settings)
    {
        await Eventually.HoldsAsync(() => Given >= atLeast, "all accesses");
        await _stop.CancelAsync();
        await Task.WhenAll(_clients);
        var logged = Access().Matches(await ReadLogAsync(account)).Select(match => int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture));
        Assert.Empty(_given.Except(logged).Order());
        var (exitCode, output) = await VerifyLogAsync(settings);
        Assert.True(exitCode == 0, output);
        return output;
    }

    /// <summary>Runs the command that verifies the log.</summary>
    public static async Task<(int ExitCode, string Output)> VerifyLogAsync(IReadOnlyDictionary<string, string> settings, params string[] options)
    {
        await using var process = new AppProcess(settings, ["audit", "verify", .. options]);
        var exitCode = await process.WaitForEndAsync();
        return (exitCode, string.Join('\n', process.Lines));
    }

    /// <summary>The blobs of the log.</summary>
    public static async Task<List<string>> FindLogAsync(StorageAccount account)
    {
        var names = new List<string>();
        await foreach (var blob in account.Blobs.GetBlobContainerClient("recordings").GetBlobsAsync(BlobTraits.None, BlobStates.None, "_audit/", Cancellation))
        {
            names.Add(blob.Name);
        }

        return names;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients);
        _stop.Dispose();
    }

    private static async Task<string> ReadLogAsync(StorageAccount account)
    {
        var text = new StringBuilder();
        foreach (var name in await FindLogAsync(account))
        {
            var blob = account.Blobs.GetBlobContainerClient("recordings").GetBlobClient(name);
            text.Append((await blob.DownloadContentAsync(Cancellation)).Value.Content);
        }

        return text.ToString();
    }

    [GeneratedRegex("\"q\":\"access-(?<number>[0-9]+)-\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex Access();

    private async Task AccessAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var number = Interlocked.Increment(ref _next);
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/objects?q=access-{number}-");
                using var answer = await app.SendAsync(request);
                if (answer.StatusCode == HttpStatusCode.OK)
                {
                    _given.Add(number);
                }
            }
            catch (HttpRequestException)
            {
                // The worker is being killed.
            }
        }
    }
}
