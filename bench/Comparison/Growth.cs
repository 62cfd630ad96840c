using System.Globalization;

namespace Comparison;

/// <summary>Whether the time for an object grows with their number, beside that of the bare requests to the queue, which is Azurite's.</summary>
internal static class Growth
{
    // Beyond that the bare loop, which is not held back by anything, makes a queue so deep that Azurite takes an hour for it.
    private const int MostInQueueAlone = 10_000;

    public static async Task RunAsync(Report report, IReadOnlyList<int> sizes)
    {
        var rows = new List<(int Objects, Run App, Run? Queue)>();
        foreach (var size in sizes)
        {
            var workload = new Workload("growth", size, 30_000, 16);
            var app = await AloneAsync(workload, Contenders.Pipeline.CopyAsync);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"growth {size}: {app.Seconds:0.0} s, storage {app.StorageMilliseconds / size:0.00} ms CPU per object"));
            var queue = size > MostInQueueAlone ? null : await AloneAsync(workload, (stage, _) => Contenders.WorkAsync("queue", stage, workload));
            rows.Add((size, app, queue));
        }

        // The first seconds, in which the app compiles itself, weigh on few objects only: growth is counted from the second size.
        double Factor(Func<Run, double> measure) => measure(rows[^1].App) / rows[^1].Objects / (measure(rows[1].App) / rows[1].Objects);
        report.Expect("growth: time per object, most objects over ten times fewer", Ratio.Of([Factor(run => run.Seconds)]), atMost: 1.15);
        report.Expect("growth: CPU of the app per object, the same", Ratio.Of([Factor(run => run.ProcessorMilliseconds)]), atMost: 1.15);
        report.Add(
            "Growth: the whole pipeline",
            [
                "| objects | ms per object | CPU ms per object | peak MB | CPU ms of Azurite per object | the queue's requests alone, ms per object |",
                "| ---: | ---: | ---: | ---: | ---: | ---: |",
                .. rows.Select(row => string.Create(CultureInfo.InvariantCulture, $"| {row.Objects:N0} | {row.App.Seconds * 1000 / row.Objects:0.00} | {row.App.ProcessorMilliseconds / row.Objects:0.00} | {row.App.PeakMegabytes:0} | {row.App.StorageMilliseconds / row.Objects:0.00} | {(row.Queue is { } queue ? (queue.Seconds * 1000 / row.Objects).ToString("0.00", CultureInfo.InvariantCulture) : "")} |")),
                "",
                "The last column is a loop that sends as many messages of the same size, receives them 32 at a time and deletes them, and nothing else. Azurite goes through a queue at each request, so what grows with the depth is its own; Azure's queues do not.",
            ],
            rows.Select(row => new { row.Objects, row.App, row.Queue }));
    }

    private static async Task<Run> AloneAsync(Workload workload, Func<Stage, Workload, Task<Run>> run)
    {
        await using var stage = await Stage.StartAsync(workload);
        var storage = stage.ReadStorageProcessor();
        var result = await run(stage, workload);
        return result with { StorageMilliseconds = stage.ReadStorageProcessor() - storage };
    }
}
