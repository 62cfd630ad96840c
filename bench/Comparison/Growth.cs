using System.Globalization;

namespace Comparison;

/// <summary>Whether the time for an object grows with their number, beside that of the bare requests to the queue, which is Azurite's.</summary>
internal static class Growth
{
    public static async Task RunAsync(Report report, IReadOnlyList<int> sizes)
    {
        var rows = new List<(int Objects, Run App, Run Queue)>();
        foreach (var size in sizes)
        {
            var workload = new Workload("growth", size, 30_000, 16);
            var app = await AloneAsync(workload, Contenders.Pipeline.CopyAsync);
            var queue = await AloneAsync(workload, (stage, _) => Contenders.WorkAsync("queue", stage, workload));
            rows.Add((size, app, queue));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"growth {size}: {app.Seconds:0.0} s, the queue alone {queue.Seconds:0.0} s"));
        }

        double Factor(Func<(int Objects, Run App, Run Queue), double> measure) => measure(rows[^1]) / rows[^1].Objects / (measure(rows[0]) / rows[0].Objects);
        report.Expect("growth: time per object, the most over the fewest", Ratio.Of([Factor(row => row.App.Seconds)]), atMost: 1.15);
        report.Expect("growth: the same without the queue's own requests", Ratio.Of([Factor(row => Math.Max(0.001, row.App.Seconds - row.Queue.Seconds))]), atMost: 1.15);
        report.Expect("growth: CPU of the app per object", Ratio.Of([Factor(row => row.App.ProcessorMilliseconds)]), atMost: 1.15);
        report.Add(
            "Growth: the whole pipeline",
            [
                "| objects | ms per object | CPU ms per object | peak MB | the queue's requests alone, ms per object |",
                "| ---: | ---: | ---: | ---: | ---: |",
                .. rows.Select(row => string.Create(CultureInfo.InvariantCulture, $"| {row.Objects:N0} | {row.App.Seconds * 1000 / row.Objects:0.00} | {row.App.ProcessorMilliseconds / row.Objects:0.00} | {row.App.PeakMegabytes:0} | {row.Queue.Seconds * 1000 / row.Objects:0.00} |")),
                "",
                "The last column is a loop that sends as many messages of the same size, receives them 32 at a time and deletes them, and nothing else: Azurite sorts what is in a queue at each request, so its share grows with the depth. Azure's queues do not.",
            ],
            rows.Select(row => new { row.Objects, row.App, row.Queue }));
    }

    private static async Task<Run> AloneAsync(Workload workload, Func<Stage, Workload, Task<Run>> run)
    {
        await using var stage = await Stage.StartAsync(workload);
        return await run(stage, workload);
    }
}
