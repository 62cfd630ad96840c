using System.Globalization;
using Archiving.Queues;
using Azure.Storage.Queues;

namespace Comparison;

/// <summary>
/// Whether the time for an object grows with their number, beside what Azurite takes alone for as many blobs, and for a
/// message when as many wait as waited then. Azurite does not write its databases to the disk here: from some tens of
/// thousands of blobs on it would do little else.
/// </summary>
internal static class Growth
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    public static async Task RunAsync(Report report, IReadOnlyList<int> sizes)
    {
        var rows = new List<Size>();
        foreach (var size in sizes)
        {
            var workload = new Workload("growth", size, 30_000, 16);
            var bare = await AloneAsync(workload, stage => Contenders.Ceiling.CopyAsync(stage, workload));
            var waiting = 0;
            var app = await AloneAsync(workload, async stage =>
            {
                using var stop = new CancellationTokenSource();
                var watch = WatchQueueAsync(stage, stop.Token);
                var run = await Contenders.Pipeline.CopyAsync(stage, workload);
                await stop.CancelAsync();
                waiting = await watch;
                return run;
            });
            rows.Add(new Size(size, app, bare, waiting, await MeasureMessageAsync(waiting)));
            Describe(report, rows);
            await report.WriteAsync();
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"growth {size}: {app.Seconds:0.0} s, storage {app.StorageMilliseconds / size:0.00} ms CPU per object, {waiting} messages "
                    + $"waiting; bare {bare.Seconds:0.0} s"));
        }
    }

    private static void Describe(Report report, List<Size> rows)
    {
        if (rows.Count > 2)
        {
            // The first seconds, in which the app compiles itself, weigh on few objects only. So time is compared from the
            // second size on, and processor time by what each further object takes.
            var (first, second, third) = (rows[^3], rows[^2], rows[^1]);
            var time = third.Each(third.App) / second.Each(second.App);
            var bare = third.Each(third.Bare) / second.Each(second.Bare);
            report.Expect("growth: time per object, most objects over ten times fewer", Ratio.Of([time]), atMost: 1.15);
            report.Expect("growth: the same, over what a bare GET and PUT grow by", Ratio.Of([time / bare]), atMost: 1.15);
            report.Expect(
                "growth: CPU of the worker for each further object, the same",
                Ratio.Of([third.Further(second) / second.Further(first)]),
                atMost: 1.15);
        }

        report.Add(
            "Growth: the whole pipeline",
            [
                "| objects | ms per object | CPU ms per object of the worker | of the local host | peak MB of the worker | of the local host | CPU "
                + "ms of Azurite per object | GET and PUT alone, ms per object | messages waiting, at most | a message with as many waiting, alone, "
                + "CPU ms of Azurite |",
                "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
                .. rows.Select(
                    row => string.Create(
                        CultureInfo.InvariantCulture,
                        $"| {row.Objects:N0} | {row.Each(row.App):0.00} | {row.App.ProcessorMilliseconds / row.Objects:0.00} | "
                        + $"{row.App.Host!.ProcessorMilliseconds / row.Objects:0.00} | {row.App.PeakMegabytes:0} | {row.App.Host.PeakMegabytes:0} | "
                        + $"{row.App.StorageMilliseconds / row.Objects:0.00} | {row.Each(row.Bare):0.00} | {row.Waiting:N0} | "
                        + $"{row.MessageMilliseconds:0.00} |")),
                "",
                "GET and PUT alone is (d). Azurite looks through all blobs of an account for each request to one, and sorts all messages at each "
                + "receive and delete; Azure does neither. Its third slowness is left out here, and here only: by itself it also writes all that it "
                + "knows to the disk every five seconds.",
            ],
            rows);
    }

    /// <summary>Maximum number of messages that were seen in the queue of objects until it is enough.</summary>
    private static async Task<int> WatchQueueAsync(Stage stage, CancellationToken enough)
    {
        var queue = new QueueClient(stage.ConnectionString, QueueNames.ArchiveObjects);
        var most = 0;
        while (!enough.IsCancellationRequested)
        {
            await Task.Delay(Interval, enough).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (await queue.ExistsAsync(CancellationToken.None))
            {
                most = Math.Max(most, (await queue.GetPropertiesAsync(CancellationToken.None)).Value.ApproximateMessagesCount);
            }
        }

        return most;
    }

    /// <summary>What a message takes of the storage, in milliseconds of its processor time, from sending to deleting, while others wait.</summary>
    private static async Task<double> MeasureMessageAsync(int waiting)
    {
        const int Messages = 500;
        var workload = new Workload("messages", Messages, 30_000, 16);
        await using var stage = await Stage.StartAsync(workload, saves: false);
        await using var worker = await Contenders.PrepareAsync(
            string.Create(CultureInfo.InvariantCulture, $"{Worker.MessagePrefix}{waiting}"),
            stage,
            workload);
        var run = await stage.MeterAsync(() => Contenders.WorkAsync(worker));
        return run.StorageMilliseconds / Messages;
    }

    private static async Task<Run> AloneAsync(Workload workload, Func<Stage, Task<Run>> run)
    {
        await using var stage = await Stage.StartAsync(workload, saves: false);
        var taken = await stage.MeterAsync(() => run(stage));
        await stage.AssertCompleteAsync(workload);
        return taken;
    }

    /// <param name="Objects">How many.</param>
    /// <param name="App">The whole pipeline, its worker and its local host.</param>
    /// <param name="Bare">A bare GET and PUT.</param>
    /// <param name="Waiting">Maximum number of messages that waited for the app.</param>
    /// <param name="MessageMilliseconds">What a message takes of the storage while so many wait.</param>
    private sealed record Size(int Objects, Run App, Run Bare, int Waiting, double MessageMilliseconds)
    {
        /// <summary>Milliseconds per object.</summary>
        public double Each(Run run) => run.Seconds * 1000 / Objects;

        /// <summary>Processor time of the worker for each object more than another size has, in milliseconds.</summary>
        public double Further(Size smaller) => (App.ProcessorMilliseconds - smaller.App.ProcessorMilliseconds) / (Objects - smaller.Objects);
    }
}
