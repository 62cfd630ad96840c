using System.Globalization;

namespace Comparison;

/// <summary>Whether the time for an object grows with their number, beside that of a bare GET and PUT and of the bare requests to the queue, which is Azurite's.</summary>
internal static class Growth
{
    // Beyond that the bare loop, which is not held back by anything, makes a queue so deep that Azurite takes an hour for it.
    private const int MostInQueueAlone = 10_000;

    public static async Task RunAsync(Report report, IReadOnlyList<int> sizes)
    {
        var rows = new List<(int Objects, Run App, Run Bare, Run? Queue)>();
        foreach (var size in sizes)
        {
            var workload = new Workload("growth", size, 30_000, 16);
            var bare = await AloneAsync(workload, Contenders.Ceiling.CopyAsync, copies: true);
            var queue = size > MostInQueueAlone ? null : await AloneAsync(workload, (stage, _) => Contenders.WorkAsync("queue", stage, workload), copies: false);
            var app = await AloneAsync(workload, Contenders.Pipeline.CopyAsync, copies: true);
            rows.Add((size, app, bare, queue));
            await DescribeAsync(report, rows);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"growth {size}: {app.Seconds:0.0} s, storage {app.StorageMilliseconds / size:0.00} ms CPU per object; bare {bare.Seconds:0.0} s"));
        }
    }

    private static async Task DescribeAsync(Report report, List<(int Objects, Run App, Run Bare, Run? Queue)> rows)
    {
        if (rows.Count > 2)
        {
            // The first seconds, in which the app compiles itself, weigh on few objects only. So time is compared from the
            // second size on, and processor time by what each further object takes.
            var (first, second, third) = (rows[^3], rows[^2], rows[^1]);
            double Further((int Objects, Run App, Run Bare, Run? Queue) more, (int Objects, Run App, Run Bare, Run? Queue) less) =>
                (more.App.ProcessorMilliseconds - less.App.ProcessorMilliseconds) / (more.Objects - less.Objects);
            report.Expect("growth: time per object, most objects over ten times fewer", Ratio.Of([third.App.Seconds / third.Objects / (second.App.Seconds / second.Objects)]), atMost: 1.15);
            report.Expect("growth: CPU of the app for each further object, the same", Ratio.Of([Further(third, second) / Further(second, first)]), atMost: 1.15);
        }

        report.Add(
            "Growth: the whole pipeline",
            [
                "| objects | ms per object | CPU ms per object | peak MB | CPU ms of Azurite per object | GET and PUT alone, ms per object | the queue's requests alone, ms per object |",
                "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
                .. rows.Select(row => string.Create(CultureInfo.InvariantCulture, $"| {row.Objects:N0} | {row.App.Seconds * 1000 / row.Objects:0.00} | {row.App.ProcessorMilliseconds / row.Objects:0.00} | {row.App.PeakMegabytes:0} | {row.App.StorageMilliseconds / row.Objects:0.00} | {row.Bare.Seconds * 1000 / row.Objects:0.00} | {(row.Queue is { } queue ? (queue.Seconds * 1000 / row.Objects).ToString("0.00", CultureInfo.InvariantCulture) : "")} |")),
                "",
                "The last two columns are loops that do nothing else: (d), and one that sends as many messages of the same size, receives them 32 at a time and deletes them. Where the app's own processor time for an object does not grow, what grows is Azurite's, in the column before them: it writes all it knows of blobs, messages and rows to the disk every five seconds, and sorts all messages at each receive and delete; Azure does neither.",
            ],
            rows.Select(row => new { row.Objects, row.App, row.Bare, row.Queue }).ToList());
        await report.WriteAsync();
    }

    private static async Task<Run> AloneAsync(Workload workload, Func<Stage, Workload, Task<Run>> run, bool copies)
    {
        await using var stage = await Stage.StartAsync(workload);
        var taken = await stage.MeterAsync(() => run(stage, workload));
        if (copies)
        {
            await stage.AssertCompleteAsync(workload);
        }

        return taken;
    }
}
