using System.Globalization;
using Comparison;

// dotnet run -c Release --project bench/Comparison [-- small large operations start-up nothing-new growth] [--rounds 5] [--share 1]
// A share below 1 takes as many objects less: for a look, not for results.
// dotnet run --project bench/Comparison -- chart bench/results/FILE.md draws a result of small or large.
// Needs rclone (Debian: apt-get install rclone) and Linux, whose /proc it reads.
if (args is ["worker", var work, var atOnce, var container])
{
    await Worker.RunAsync(work, int.Parse(atOnce, CultureInfo.InvariantCulture), new Uri(container));
    return;
}

if (args is ["chart", var results])
{
    if (Chart.Draw(await File.ReadAllTextAsync(results)) is { } drawing)
    {
        await File.WriteAllTextAsync(Path.ChangeExtension(results, ".svg"), drawing);
        return;
    }

    await Console.Error.WriteLineAsync($"{results} has no rates of rclone to compare with. Draw a result of small or large.");
    Environment.ExitCode = 1;
    return;
}

var rounds = (int)Option("--rounds", 5);
var share = Option("--share", 1);
(string Name, Func<Report, Task> RunAsync)[] parts =
[
    ("small", SmallAsync),
    ("large", LargeAsync),
    ("operations", report => Operations.RunAsync(report, Share(5_000))),
    ("start-up", report => StartUp.RunAsync(report, rounds)),
    ("nothing-new", report => NothingNew.RunAsync(report, Share(200_000), rounds)),
    ("growth", report => Growth.RunAsync(report, [Share(1_000), Share(10_000), Share(100_000)])),
];
var named = args.TakeWhile(argument => !argument.StartsWith("--", StringComparison.Ordinal)).ToList();
var wanted = parts.Where(part => named.Count == 0 || named.Contains(part.Name, StringComparer.Ordinal)).ToList();
var report = await Report.StartAsync(args, [.. wanted.Select(part => part.Name)], rounds);
foreach (var part in wanted)
{
    await part.RunAsync(report);
    report.Done(part.Name);
    await report.WriteAsync();
}

report.Print();

double Option(string name, double otherwise) =>
    Array.IndexOf(args, name) is >= 0 and var index ? double.Parse(args[index + 1], CultureInfo.InvariantCulture) : otherwise;

int Share(int objects) => (int)(objects * share);

async Task SmallAsync(Report report)
{
    var series = new Series(new Workload("small", Share(5_000), 30_000, 16), [Contenders.Direct, Contenders.Pipeline, Contenders.Rclone, Contenders.Ceiling]);
    await series.RunAsync(rounds);
    report.Expect("small: objects/s of (a) over rclone's", series.Compare(Contenders.Rclone, Contenders.Direct, run => run.Seconds), atLeast: 2.0);
    report.Expect("small: objects/s of (b) over rclone's", series.Compare(Contenders.Rclone, Contenders.Pipeline, run => run.Seconds), atLeast: 1.0);
    report.Expect("small: objects/s of (a) over (d)'s", series.Compare(Contenders.Ceiling, Contenders.Direct, run => run.Seconds), atLeast: 0.55);
    report.Expect(
        "own cost: CPU per small object of (b)'s worker over rclone's",
        series.Compare(Contenders.Pipeline, Contenders.Rclone, run => run.ProcessorMilliseconds),
        atMost: 1.5);
    report.Expect(
        "own cost: CPU per small object of (a) over rclone's",
        series.Compare(Contenders.Direct, Contenders.Rclone, run => run.ProcessorMilliseconds),
        atMost: 1.5);
    report.Expect(
        "own cost: CPU ms per small object of (b)'s worker",
        series.Measure(Contenders.Pipeline, run => run.ProcessorMilliseconds / series.Workload.Objects));
    report.Expect(
        "own cost: CPU ms per small object of the local host",
        series.Measure(Contenders.Pipeline, run => run.Host!.ProcessorMilliseconds / series.Workload.Objects));
    report.Expect("small: peak MB of (b)'s worker", series.Measure(Contenders.Pipeline, run => run.PeakMegabytes), atMost: 200);
    report.Add(
        series,
        string.Create(CultureInfo.InvariantCulture, $"Small: {Share(5_000):N0} objects of 30 KB"),
        "(a) and (d) have 16 objects at hand at once, (b) up to 48 as in `host.json`, rclone the 4 that are its default: with 16 it is 0 to 20 % "
        + "faster here. Time and CPU of rclone are those of its whole process, its listing included; those of (b) are its worker's and begin with "
        + "the listing, in a host that has started (see start-up); those of (a) and (d) begin with the first object, from records that are listed, "
        + "in a process that is up.");
    await report.WriteAsync();
    await Requests.RunAsync(report, Share(5_000), series);
}

async Task LargeAsync(Report report)
{
    var series = new Series(
        new Workload("large", 8, (long)(512 * share) * 1024 * 1024, 4),
        [Contenders.Direct, Contenders.Pipeline, Contenders.Rclone, Contenders.Ceiling]);
    await series.RunAsync(rounds);
    foreach (var contender in (Contender[])[Contenders.Direct, Contenders.Pipeline])
    {
        var name = contender.Name[..3];
        var process = contender == Contenders.Pipeline ? $"{name}'s worker" : name;
        report.Expect($"large: MB/s of {name} over rclone's", series.Compare(Contenders.Rclone, contender, run => run.Seconds), atLeast: 1.5);
        report.Expect($"large: MB/s of {name} over (d)'s", series.Compare(Contenders.Ceiling, contender, run => run.Seconds), atLeast: 0.7);
        report.Expect($"large: peak memory of {process} over rclone's", series.Compare(contender, Contenders.Rclone, run => run.PeakMegabytes), atMost: 0.5);
        report.Expect($"large: peak MB of {process}", series.Measure(contender, run => run.PeakMegabytes), atMost: 200);
    }

    report.Add(
        series,
        string.Create(CultureInfo.InvariantCulture, $"Large: 8 objects of {512 * share} MiB"),
        "Four at a time; (b) takes up to six, as it does by default.");
}
