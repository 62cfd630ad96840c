using System.Globalization;

namespace Comparison;

/// <summary>Every contender's runs of a workload, run after run in turn.</summary>
internal sealed class Series(Workload workload, IReadOnlyList<Contender> contenders)
{
    private readonly Dictionary<Contender, List<Run>> _runs = contenders.ToDictionary(contender => contender, _ => new List<Run>());

    public Workload Workload => workload;

    public IReadOnlyDictionary<Contender, List<Run>> Runs => _runs;

    /// <summary>Runs each contender in turn, as often as said, on a fresh storage and source.</summary>
    public async Task RunAsync(int rounds)
    {
        for (var round = 1; round <= rounds; round++)
        {
            foreach (var contender in contenders)
            {
                await using var stage = await Stage.StartAsync(workload);
                var run = await stage.MeterAsync(() => contender.CopyAsync(stage, workload));
                await stage.AssertCompleteAsync(workload);
                _runs[contender].Add(run);
                var host = run.Host is { } used
                    ? string.Create(CultureInfo.InvariantCulture, $" (host {used.ProcessorMilliseconds / workload.Objects:0.00} ms, {used.PeakMegabytes:0} MB)")
                    : "";
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{workload.Name} {round}/{rounds} {contender.Name}: {run.Seconds:0.0} s, "
                    + $"{run.ProcessorMilliseconds / workload.Objects:0.00} ms CPU per object, {run.PeakMegabytes:0} MB{host}; "
                    + $"storage {run.StorageMilliseconds / workload.Objects:0.00}, source {run.SourceMilliseconds / workload.Objects:0.00} ms"));
            }
        }
    }

    /// <summary>How one compares with another, round by round.</summary>
    public Ratio Compare(Contender one, Contender other, Func<Run, double> measure) =>
        Ratio.Of(_runs[one].Zip(_runs[other], (first, second) => measure(first) / measure(second)));

    public double Median(Contender contender, Func<Run, double> measure) => Measure(contender, measure).Median;

    /// <summary>What was measured of each run of a contender.</summary>
    public Ratio Measure(Contender contender, Func<Run, double> measure) => Ratio.Of(_runs[contender].Select(measure));

    public IEnumerable<string> Table()
    {
        yield return "| contender | seconds | objects/s | MB/s | CPU ms per object | peak MB | CPU ms of Azurite | CPU ms of the source |";
        yield return "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |";
        foreach (var contender in contenders)
        {
            var seconds = Median(contender, run => run.Seconds);
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"| {contender.Name} | {seconds:0.0} | {workload.Objects / seconds:0.#} | {workload.Objects * workload.Bytes / seconds / 1e6:0.#} | "
                + $"{Median(contender, run => run.ProcessorMilliseconds) / workload.Objects:0.00} | "
                + $"{Median(contender, run => run.PeakMegabytes):0} | "
                + $"{Median(contender, run => run.StorageMilliseconds) / workload.Objects:0.00} | "
                + $"{Median(contender, run => run.SourceMilliseconds) / workload.Objects:0.00} |");
            if (_runs[contender].TrueForAll(run => run.Host is not null))
            {
                yield return string.Create(
                    CultureInfo.InvariantCulture,
                    $"| – its local host | | | | {Median(contender, run => run.Host!.ProcessorMilliseconds) / workload.Objects:0.00} | "
                    + $"{Median(contender, run => run.Host!.PeakMegabytes):0} | | |");
            }
        }
    }
}

/// <summary>The median of values, and between which they lie.</summary>
internal sealed record Ratio(double Median, double Minimum, double Maximum)
{
    public static Ratio Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        var middle = sorted.Count / 2;
        return new Ratio(sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2, sorted[0], sorted[^1]);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Median:0.00} ({Minimum:0.00}–{Maximum:0.00})");
}
