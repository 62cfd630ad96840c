using System.Globalization;
using Metering;

namespace Comparison;

/// <summary>Everything is archived already and is listed again: what does it take to find that there is nothing to do?</summary>
internal static class NothingNew
{
    // All of it lies in the week before the watermark.
    private static readonly (string Name, string Value) Overlap = ("Listing__OverlapMinutes", "10080");

    public static async Task RunAsync(Report report, int objects, int rounds)
    {
        var workload = new Workload("nothing new", objects, Bytes: 1, AtOnce: 16) { Span = TimeSpan.FromDays(6) };
        await using var stage = await Stage.StartAsync(workload);
        await Contenders.WorkAsync("seed", stage, workload);

        // The first sets the watermark; what is measured looks back from there, as every later one does.
        await Contenders.WorkAsync("list", stage, workload, Overlap);
        var started = new List<Run>();
        var again = new List<Run>();
        var theirs = new List<Run>();
        var searches = new List<double>();
        for (var round = 1; round <= rounds; round++)
        {
            await using (var worker = await Contenders.PrepareAsync("list", stage, workload, Overlap))
            {
                started.Add(await ListAsync(stage, worker, objects, searches));
                again.Add(await ListAsync(stage, worker, objects, searches));
            }

            theirs.Add(await stage.MeterAsync(() => Contenders.RcloneAsync("copy", stage, "--size-only")));
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{workload.Name} {round}/{rounds}: {started[^1].Seconds:0.0} s, again {again[^1].Seconds:0.0} s, rclone "
                    + $"{theirs[^1].Seconds:0.0} s, {searches[^1]:0.00} searches per 100"));
        }

        report.Expect("nothing new: rclone's time over ours", Ratio.Of(theirs.Zip(again, (their, our) => their.Seconds / our.Seconds)), atLeast: 10);
        report.Expect(
            "nothing new: the same, first listing of a process",
            Ratio.Of(theirs.Zip(started, (their, our) => their.Seconds / our.Seconds)),
            atLeast: 10);
        report.Expect("nothing new: 8x8 requests for 100 objects", Ratio.Of(searches), atMost: 1.1);
        report.Add(
            string.Create(CultureInfo.InvariantCulture, $"Nothing new: {objects:N0} archived objects of six days listed again"),
            [
                "| contender | seconds | CPU seconds | peak MB | CPU seconds of Azurite | CPU seconds of the source |",
                "| --- | ---: | ---: | ---: | ---: | ---: |",
                Row("(a) incremental listing, in a process that has listed before", again),
                Row("(a) first listing of a process", started),
                Row("(b) rclone copy --size-only", theirs),
                "",
                "Planning, windows and ledger, driven without the host's waits between two looks into an empty queue. The ledger rows and the "
                + "blobs were put there before; one storage serves all rounds, because nothing in it changes. The app asks 8x8 once for a hundred "
                + "records. The first listing of a process, which also compiles what it runs, asks the ledger once for a thousand; the next knows "
                + "what it saw (`ListingTests`), up to 250,000 records. To have all of it listed again, the overlap is a week instead of an hour. "
                + "Azurite goes through all rows of the table at each query. rclone asks the source about each file and lists the container.",
            ],
            new { again, started, theirs, searches });
    }

    private static async Task<Run> ListAsync(Stage stage, MeteredProcess worker, int objects, List<double> searches)
    {
        // Listing goes by whole seconds.
        await Task.Delay(TimeSpan.FromSeconds(2));
        await stage.TakeCountersAsync();
        var run = await stage.MeterAsync(() => Contenders.WorkAsync(worker));
        var counters = await stage.TakeCountersAsync();
        if (counters["recordsListed"] < objects)
        {
            throw new InvalidOperationException($"{counters["recordsListed"]} of {objects} objects were listed.");
        }

        searches.Add(counters["search"] / (objects / 100.0));
        return run;
    }

    private static string Row(string name, List<Run> runs) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {name} | {Ratio.Of(runs.Select(run => run.Seconds))} | "
        + $"{Ratio.Of(runs.Select(run => run.ProcessorMilliseconds)).Median / 1000:0.0} | "
        + $"{Ratio.Of(runs.Select(run => run.PeakMegabytes)).Median:0} | "
        + $"{Ratio.Of(runs.Select(run => run.StorageMilliseconds)).Median / 1000:0.0} | "
        + $"{Ratio.Of(runs.Select(run => run.SourceMilliseconds)).Median / 1000:0.0} |");
}
