using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Metering;

namespace Comparison;

/// <summary>What one run took.</summary>
/// <param name="Seconds">From the start of the work to its end.</param>
/// <param name="Usage">What the contender's process has used within that; for the function app, its worker.</param>
internal sealed record Run(double Seconds, Usage Usage)
{
    /// <summary>What the local host has used meanwhile; <see langword="null"/> for contenders without one.</summary>
    public Usage? Host { get; init; }

    /// <summary>Processor time of the contender's process, in milliseconds.</summary>
    public double ProcessorMilliseconds => Usage.ProcessorMilliseconds;

    /// <summary>Peak memory of the contender's process.</summary>
    public double PeakMegabytes => Usage.PeakMegabytes;

    /// <summary>Processor time of the storage meanwhile, in milliseconds.</summary>
    public double StorageMilliseconds { get; init; }

    /// <summary>Processor time of the source meanwhile, in milliseconds.</summary>
    public double SourceMilliseconds { get; init; }
}

/// <summary>A program that copies a workload's objects.</summary>
/// <param name="Key">Short name.</param>
/// <param name="Name">What the results call it.</param>
/// <param name="CopyAsync">Copies all of them once.</param>
internal sealed record Contender(string Key, string Name, Func<Stage, Workload, Task<Run>> CopyAsync);

internal static class Contenders
{
    private const string Archived = "Archived " + Stage.Region + "/";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(90);

    /// <summary>Download, verification, content, receipt and ledger row, in a process that does nothing else.</summary>
    public static readonly Contender Direct = new("a", "(a) archiving alone", (stage, workload) => WorkAsync("archive", stage, workload));

    /// <summary>The build of the function app, run by the local host: listing, queue, archiving, log.</summary>
    public static readonly Contender Pipeline = new("b", "(b) whole pipeline", RunPipelineAsync);

    /// <summary>rclone as it comes.</summary>
    public static readonly Contender Rclone = new("c", "(c) rclone copy", (stage, _) => RcloneAsync("copy", stage));

    /// <summary>The least that copying takes.</summary>
    public static readonly Contender Ceiling = new("d", "(d) GET and PUT", (stage, workload) => WorkAsync("copy", stage, workload));

    /// <summary>The object that a line of the app's log reports as archived; <see langword="null"/> when it reports none.</summary>
    public static string? FindArchived(string line)
    {
        var start = line.IndexOf(Archived, StringComparison.Ordinal);
        return start < 0 ? null : line[(start + Archived.Length)..].Split(':', ',', ' ')[0];
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
        return new Run(clock.Elapsed.TotalSeconds, rclone.Read());
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

        var worker = StartWorker(work, workload.AtOnce, stage, settings);
        await worker.WaitForLineAsync("ready", Limit);
        return worker;
    }

    /// <summary>Lets a process that is ready do its work, once more if it has done it before.</summary>
    public static async Task<Run> WorkAsync(MeteredProcess worker)
    {
        var before = worker.Read();
        await worker.WriteLineAsync("go");
        var seconds = double.Parse(await worker.WaitForLineAsync("done ", Limit), CultureInfo.InvariantCulture);
        return new Run(seconds, worker.Read().Since(before));
    }

    /// <summary>Starts this program once more, to do work in a process of its own.</summary>
    public static MeteredProcess StartWorker(string work, int atOnce, Stage stage, IReadOnlyDictionary<string, string> settings) => MeteredProcess.StartFile(
        "dotnet",
        [Assembly.GetExecutingAssembly().Location, "worker", work, atOnce.ToString(CultureInfo.InvariantCulture), stage.SignedContainer.AbsoluteUri],
        settings,
        "the process of its own");

    private static async Task<Run> RunPipelineAsync(Stage stage, Workload workload)
    {
        // Its log says when an object is archived, so that nothing has to ask the storage. A message can come twice, and then it says so twice.
        var left = workload.Objects;
        var archived = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var app = await AppProcess.StartAsync(stage.Settings(workload), line =>
        {
            if (FindArchived(line) is { } id && archived.TryAdd(id, true) && Interlocked.Decrement(ref left) == 0)
            {
                done.TrySetResult();
            }
        });
        var before = app.Read();
        var clock = Stopwatch.StartNew();
        await app.FireAsync("ListObjects");
        await app.WaitAsync(done.Task, Limit);
        var seconds = clock.Elapsed.TotalSeconds;
        var after = app.Read();
        return new Run(seconds, after.Worker.Since(before.Worker)) { Host = after.Host.Since(before.Host) };
    }
}
