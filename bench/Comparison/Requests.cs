using System.Globalization;

namespace Comparison;

/// <summary>What the storage takes for each request that archiving makes, each kind alone: the least that (a) and (b) can take of it.</summary>
internal static class Requests
{
    private static readonly Kind[] Kinds =
    [
        new("put-content", "content of 30 KB is put", Direct: true, Pipeline: true),
        new("put-receipt", "a receipt is put", Direct: true, Pipeline: true),
        new("write-row", "a row is written, with others that end at the same moment", Direct: true, Pipeline: true),
        new(Worker.MessagePrefix + "100", "a message is sent, received and deleted, 100 waiting", Direct: false, Pipeline: true),
        new(Worker.MessagePrefix + "1000", "the same, 1,000 waiting", Direct: false, Pipeline: false),
    ];

    public static async Task RunAsync(Report report, int objects, Series small)
    {
        var workload = new Workload("requests", objects, 30_000, 16);
        var measured = new List<(Kind Kind, double Milliseconds)>();
        foreach (var kind in Kinds)
        {
            await using var stage = await Stage.StartAsync(workload);
            await using var worker = await Contenders.PrepareAsync(kind.Work, stage, workload);
            var run = await stage.MeterAsync(() => Contenders.WorkAsync(worker));
            measured.Add((kind, run.StorageMilliseconds / objects));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"requests {kind.Work}: storage {measured[^1].Milliseconds:0.00} ms CPU"));
        }

        var direct = measured.Where(item => item.Kind.Direct).Sum(item => item.Milliseconds);
        var pipeline = measured.Where(item => item.Kind.Pipeline).Sum(item => item.Milliseconds);
        double Taken(Contender contender) => small.Median(contender, run => run.StorageMilliseconds) / small.Workload.Objects;
        var (rclone, bare) = (Taken(Contenders.Rclone), Taken(Contenders.Ceiling));
        report.Add(
            "Small: what Azurite takes for each request, alone",
            [
                "| request | CPU ms of Azurite |",
                "| --- | ---: |",
                .. measured.Select(item => string.Create(CultureInfo.InvariantCulture, $"| {item.Kind.Name} | {item.Milliseconds:0.00} |")),
                string.Create(CultureInfo.InvariantCulture, $"| all of (a); it took {Taken(Contenders.Direct):0.00} | {direct:0.00} |"),
                string.Create(CultureInfo.InvariantCulture, $"| all of (b); it took {Taken(Contenders.Pipeline):0.00} | {pipeline:0.00} |"),
                "",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Everything waits for Azurite, so ratios of time are ratios of this. rclone took {rclone:0.00} of it for an object and (d) "
                    + $"{bare:0.00}: an archiver that cost nothing itself would reach (a) {rclone / direct:0.00} and (b) {rclone / pipeline:0.00} of "
                    + $"rclone's rate, and (a) {bare / direct:0.00} of (d)'s."),
            ],
            measured.Select(item => new { item.Kind.Name, item.Milliseconds }));
    }

    /// <param name="Work">What the worker calls it.</param>
    /// <param name="Name">What the results call it.</param>
    /// <param name="Direct">Whether (a) makes it.</param>
    /// <param name="Pipeline">Whether (b) makes it.</param>
    private sealed record Kind(string Work, string Name, bool Direct, bool Pipeline);
}
