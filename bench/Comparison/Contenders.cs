using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;

namespace Comparison;

/// <summary>What one run took.</summary>
/// <param name="Seconds">From the start of the work to its end.</param>
/// <param name="ProcessorMilliseconds">Processor time of the contender's process within that.</param>
/// <param name="PeakMegabytes">The most memory of the contender's process.</param>
internal sealed record Run(double Seconds, double ProcessorMilliseconds, double PeakMegabytes)
{
    /// <summary>Processor time of the storage meanwhile, in milliseconds.</summary>
    public double StorageMilliseconds { get; init; }

    /// <summary>Processor time of the source meanwhile, in milliseconds.</summary>
    public double SourceMilliseconds { get; init; }
}

/// <summary>Somebody who copies a workload's objects.</summary>
/// <param name="Key">Short name.</param>
/// <param name="Name">What the results call it.</param>
/// <param name="CopyAsync">Copies all of them once.</param>
internal sealed record Contender(string Key, string Name, Func<Stage, Workload, Task<Run>> CopyAsync);

internal static class Contenders
{
    private const string ReceiptLogged = "Archived " + Stage.Region + "/";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(90);

    /// <summary>Download, verification, content, receipt and ledger row, in a process that does nothing else.</summary>
    public static readonly Contender Direct = new("a", "(a) archiving alone", (stage, workload) => WorkAsync("archive", stage, workload));

    /// <summary>The function app in the local host: listing, queue, archiving, log.</summary>
    public static readonly Contender Pipeline = new("b", "(b) whole pipeline", RunPipelineAsync);

    /// <summary>rclone as it comes.</summary>
    public static readonly Contender Rclone = new("c", "(c) rclone copy", (stage, _) => RcloneAsync("copy", stage));

    /// <summary>The least that copying takes.</summary>
    public static readonly Contender Ceiling = new("d", "(d) GET and PUT", (stage, workload) => WorkAsync("copy", stage, workload));

    /// <summary>Starts the function app.</summary>
    public static async Task<(MeteredProcess App, Uri Url)> StartAppAsync(Stage stage, Workload workload, Action<string> watch)
    {
        var app = MeteredProcess.StartProgram("Functions.Local", [], stage.Settings(workload), watch);
        return (app, new Uri(await app.WaitForLineAsync("Host started: ", TimeSpan.FromSeconds(60))));
    }

    /// <summary>Runs a timer function now.</summary>
    public static async Task FireAsync(Uri url, string function)
    {
        using var client = new HttpClient();
        using var response = await client.PostAsJsonAsync(new Uri(url, $"/admin/functions/{function}"), new { });
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Runs rclone from the source's files to the container.</summary>
    public static async Task<Run> RcloneAsync(string command, Stage stage, params string[] more)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["RCLONE_CONFIG"] = "/dev/null",
            ["RCLONE_CONFIG_SOURCE_TYPE"] = "http",
            ["RCLONE_CONFIG_SOURCE_URL"] = stage.Files.AbsoluteUri,
            ["RCLONE_CONFIG_ARCHIVE_TYPE"] = "azureblob",
            ["RCLONE_CONFIG_ARCHIVE_SAS_URL"] = stage.SignedContainer.AbsoluteUri,
        };
        var clock = Stopwatch.StartNew();
        await using var rclone = MeteredProcess.StartFile("rclone", [command, "source:", $"archive:{Stage.Container}", .. more], settings);
        await rclone.WaitForSuccessAsync(Limit);
        return new Run(clock.Elapsed.TotalSeconds, rclone.ProcessorMilliseconds, rclone.PeakMegabytes);
    }

    /// <summary>Does work in a process of its own; what it prepares is not measured.</summary>
    public static async Task<Run> WorkAsync(string work, Stage stage, Workload workload, params IReadOnlyList<(string Name, string Value)> more)
    {
        await using var worker = await PrepareAsync(work, stage, workload, more);
        return await WorkAsync(worker);
    }

    /// <summary>Starts a process that is ready for work.</summary>
    public static async Task<MeteredProcess> PrepareAsync(string work, Stage stage, Workload workload, params IReadOnlyList<(string Name, string Value)> more)
    {
        var settings = stage.Settings(workload);
        foreach (var (name, value) in more)
        {
            settings[name] = value;
        }

        var worker = MeteredProcess.StartWorker(work, workload.AtOnce, stage, settings);
        await worker.WaitForLineAsync("ready", Limit);
        return worker;
    }

    /// <summary>Lets a process that is ready do its work, once more if it has done it before.</summary>
    public static async Task<Run> WorkAsync(MeteredProcess worker)
    {
        worker.Read();
        var before = worker.ProcessorMilliseconds;
        await worker.WriteLineAsync("go");
        var seconds = double.Parse(await worker.WaitForLineAsync("done ", Limit), CultureInfo.InvariantCulture);
        worker.Read();
        return new Run(seconds, worker.ProcessorMilliseconds - before, worker.PeakMegabytes);
    }

    private static async Task<Run> RunPipelineAsync(Stage stage, Workload workload)
    {
        // Its log says when an object is archived, so that nobody has to ask the storage. A message can come twice, and then it says so twice.
        var left = workload.Objects;
        var archived = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (app, url) = await StartAppAsync(stage, workload, line =>
        {
            var start = line.IndexOf(ReceiptLogged, StringComparison.Ordinal);
            if (start >= 0 && archived.TryAdd(line[start..].Split(": ")[0], true) && Interlocked.Decrement(ref left) == 0)
            {
                done.TrySetResult();
            }
        });
        await using (app)
        {
            app.Read();
            var before = app.ProcessorMilliseconds;
            var clock = Stopwatch.StartNew();
            await FireAsync(url, "ListObjects");
            await done.Task.WaitAsync(Limit);
            var seconds = clock.Elapsed.TotalSeconds;
            app.Read();
            return new Run(seconds, app.ProcessorMilliseconds - before, app.PeakMegabytes);
        }
    }
}
