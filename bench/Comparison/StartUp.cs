using System.Diagnostics;
using System.Globalization;
using Metering;

namespace Comparison;

/// <summary>From the start of the host's process to the first archived object, and what of it is the services' own.</summary>
internal static class StartUp
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    public static async Task RunAsync(Report report, int rounds)
    {
        var workload = new Workload("start-up", 100, 30_000, 16);
        var starts = new List<Start>();
        for (var round = 1; round <= rounds; round++)
        {
            await using var stage = await Stage.StartAsync(workload);
            starts.Add(await MeasureAsync(stage, workload));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"start-up {round}/{rounds}: {starts[^1]}"));
        }

        Ratio Of(Func<Start, double> measure) => Ratio.Of(starts.Select(measure));
        report.Expect("start-up: seconds to the first archived object", Of(start => start.First), atMost: 4);
        report.Add(
            "Start-up",
            [
                "| what | |",
                "| --- | ---: |",
                $"| start of the host's process to host started, s | {Of(start => start.Host)} |",
                $"| start of the host's process to first archived object, s | {Of(start => start.First)} |",
                $"| processor time until then of the worker, ms | {Of(start => start.Usage.Worker.ProcessorMilliseconds)} |",
                $"| of the local host, ms | {Of(start => start.Usage.Host.ProcessorMilliseconds)} |",
                $"| peak memory until then of the worker, MB | {Of(start => start.Usage.Worker.PeakMegabytes)} |",
                $"| of the local host, MB | {Of(start => start.Usage.Host.PeakMegabytes)} |",
                $"| settings read, services registered, built and resolved, ms | {Of(start => start.Services)} |",
                $"| assemblies loaded until then | {Of(start => start.Assemblies)} |",
                "",
                "The listing is fired as soon as the host has started. The message of its window, and then the first object's, wait until the host "
                + "polls their queues, which it does about 0.1, 0.3, 0.6, 1.1, 2.0 and 3.7 s after it started to listen. In Azure, an instance that "
                + "is started because messages are there has no such wait. The last two rows are of a separate process that only resolves the app's "
                + "services.",
            ],
            starts);
    }

    private static async Task<Start> MeasureAsync(Stage stage, Workload workload)
    {
        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        double host;
        double archived;
        AppUsage usage;
        var clock = Stopwatch.StartNew();
        await using (var app = await AppProcess.StartAsync(stage.Settings(workload), line =>
        {
            if (Contenders.FindArchived(line) is not null)
            {
                first.TrySetResult();
            }
        }))
        {
            host = clock.Elapsed.TotalSeconds;
            await app.FireAsync("ListObjects");
            await app.WaitAsync(first.Task, Limit);
            archived = clock.Elapsed.TotalSeconds;
            usage = app.Read();
        }

        await using var worker = Contenders.StartWorker("services", 1, stage, stage.Settings(workload));
        var parts = (await worker.WaitForLineAsync("services ", Limit)).Split(' ');
        return new Start(host, archived, usage, double.Parse(parts[0], CultureInfo.InvariantCulture), double.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    /// <param name="Host">Seconds until the host had started.</param>
    /// <param name="First">Seconds until the first object was archived.</param>
    /// <param name="Usage">What worker and host had used by then.</param>
    /// <param name="Services">Milliseconds that the services alone take.</param>
    /// <param name="Assemblies">Assemblies that the services alone load.</param>
    private sealed record Start(double Host, double First, AppUsage Usage, double Services, double Assemblies)
    {
        public override string ToString() =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"host {Host:0.00} s, first object {First:0.00} s, worker {Usage.Worker.ProcessorMilliseconds:0} ms CPU and "
                + $"{Usage.Worker.PeakMegabytes:0} MB, local host {Usage.Host.ProcessorMilliseconds:0} ms and {Usage.Host.PeakMegabytes:0} MB, "
                + $"services {Services:0} ms");
    }
}
