using System.Globalization;

namespace Scale.Model;

/// <summary><c>model --objects N</c>: what people's requests and a night's plan cost with N objects, on a modelled storage.</summary>
internal static class ModelCommand
{
    private const int Tenth = 10;

    // Of requests, from a tenth of the objects to all of them.
    private const double MaxGrowth = 1.1;

    /// <returns>0 when every bound holds.</returns>
    public static int Run(IReadOnlyList<string> arguments)
    {
        var objects = Number("--objects", 10_000_000);
        var seed = (int)Number("--seed", 1);
        var limits = new ModelLimits((int)Number("--scanned-per-second", 50_000));
        Print($"""
            # {objects:N0} objects, modelled

            The code that answers people and plans nights, behind Azure's own clients, on a storage that is modelled in memory (seed {seed}):
            ten years, four regions, every object calculated when it is read. Times are modelled, not measured. Each request takes
            {ModelLimits.Latency.TotalMilliseconds:0} ms. A partition or queue gives and takes {ModelLimits.EntitiesPerSecond:N0} rows or messages
            a second, at most {ModelLimits.RowsPerPage:N0} in an answer, and compares {limits.ScannedPerSecond:N0} a second, for at most
            {ModelLimits.MaxScan.TotalSeconds:0} s.
            The time of a request and how fast a partition compares are assumptions, the others are Microsoft's limits. Each question is
            asked of a process that has just started. Rows are those of the partition that has most of them to read and to compare: Azure
            counts both among its {ModelLimits.EntitiesPerSecond:N0} a second.

            | first answer | requests | rows | ms, modelled | found | requests with a tenth | ratio | rows with a tenth | ms with a tenth | ratio |
            | --- | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |
            """);

        // Code is compiled before anything counts.
        new ModelRun(100_000, seed, limits).Ask();
        var before = new ModelRun(objects / Tenth, seed, limits).Ask();
        var run = new ModelRun(objects, seed, limits);
        var costs = run.Ask();
        foreach (var (cost, less) in costs.Zip(before))
        {
            var (now, then) = (cost.Time.TotalMilliseconds, less.Time.TotalMilliseconds);
            var grown = (double)cost.Requests / less.Requests;
            var tenth = string.Create(CultureInfo.InvariantCulture, $"{less.Requests} | {grown:0.00} | {less.Rows:N0} | {then:0} | {now / then:0.00}");
            Print($"| {cost.Name} | {cost.Requests} | {cost.Rows:N0} | {now:0} | {cost.Found} | {tenth} |");
        }

        var night = run.PlanNight();
        Print($"""

            | a night's plan of the verification | |
            | --- | ---: |
            | objects due | {night.Due:N0} |
            | of these queued | {night.Queued:N0} |
            | others queued | {night.Others:N0} |
            | messages | {night.Messages:N0} |
            | steps | {night.Steps} |
            | kills within a step | {night.Kills} |
            | modelled time, kills included | {night.Time:hh\:mm\:ss} |

            """);
        var (requests, time) = (costs.Max(cost => cost.Requests), costs.Max(cost => cost.Time));
        var growth = Growth(before, costs, cost => cost.Requests);
        var slower = Growth(before, costs, cost => cost.Time.TotalMilliseconds);

        // As if a partition compared rows in no time: what grows for another reason.
        var free = new ModelLimits(int.MaxValue);
        var others = Growth(new ModelRun(objects / Tenth, seed, free).Ask(), new ModelRun(objects, seed, free).Ask(), cost => cost.Time.TotalMilliseconds);
        Print($"growth of requests from a tenth of the objects: at most x {growth:0.00}");
        Print($"growth of modelled time from a tenth of the objects: at most x {slower:0.00}, without the time of comparing x {others:0.00}");
        Print($"most rows of a partition for an answer: {costs.Max(cost => cost.Rows):N0}");
        Print($"worst first answer: {requests} requests, {time.TotalMilliseconds:0} ms");
        return requests <= ModelRun.MaxRequests && time <= ModelRun.MaxDuration && growth <= MaxGrowth && night.IsGood ? 0 : 1;

        long Number(string name, long otherwise)
        {
            for (var index = 0; index + 1 < arguments.Count; index++)
            {
                if (arguments[index] == name)
                {
                    return long.Parse(arguments[index + 1], CultureInfo.InvariantCulture);
                }
            }

            return otherwise;
        }
    }

    private static double Growth(IReadOnlyList<ModelAnswerCost> from, IReadOnlyList<ModelAnswerCost> to, Func<ModelAnswerCost, double> of) =>
        from.Zip(to, (less, more) => of(more) / of(less)).Max();

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
