using System.Globalization;
using System.Reflection;
using Scale;
using Scale.Model;

// dotnet run -c Release --project bench/Scale [-- small large million | large-object | model --objects N | search [200000 [PROGRAM]]]
if (args is ["model", ..])
{
    return ModelCommand.Run(args[1..]);
}

if (args is ["search", ..])
{
    await SearchComparison.RunAsync(args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 200_000, args.Length > 2 ? args[2] : null);
    return 0;
}

if (args is ["large-object"])
{
    await LargeObject.RunAsync();
    return 0;
}

var sizes = args.Select(argument => int.Parse(argument, CultureInfo.InvariantCulture)).ToList();
var (small, large, alone) = sizes.Count == 3 ? (sizes[0], sizes[1], sizes[2]) : (20_000, 200_000, 1_000_000);
var all = new List<Measurement>();
foreach (var size in (int[])[small, large])
{
    using var app = new AppRun(size);
    all.AddRange(await app.RunAsync());
    all.AddRange(await BareLoop.RunAsync(size));
}

all.Add(await ListerAlone.RunAsync(alone));

var lines = new List<string>
{
    "# How listing grows",
    "",
    string.Create(
        CultureInfo.InvariantCulture,
        $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd}, {Environment.ProcessorCount} cores, .NET {Environment.Version}, Azurite 3.37.0. Three "
        + $"regions; archiving off; the app is its build, run by the local host, and the memory is that of its worker."),
    "",
    "| phase | objects | seconds | µs per object | 8x8 requests per 100 | peak MB |",
    "| --- | ---: | ---: | ---: | ---: | ---: |",
};
lines.AddRange(all.Select(measurement => measurement.ToString()));
lines.Add("");
lines.Add(
    "Growth of the time per object from the smaller size to the larger, and the same of the bare loop of the same table requests, which is Azurite's own:");
lines.Add("");
foreach (
    var (phase, bare) in ((string, string)[])[
        ("first listing", "bare loop: query and add"),
        ("second listing, nothing new", "bare loop: query"),
        ("reconcile", "bare loop: query")])
{
    lines.Add(string.Create(CultureInfo.InvariantCulture, $"- {phase}: × {Growth(phase):0.00}; Azurite × {Growth(bare):0.00}"));
}

var root = Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>().First(attribute => attribute.Key == "RepositoryRoot").Value!;
var file = Path.Combine(root, "bench", "results", string.Create(CultureInfo.InvariantCulture, $"scale-{TimeProvider.System.GetUtcNow():yyyy-MM-dd}.md"));
await File.WriteAllLinesAsync(file, lines);
Console.WriteLine();
lines.ForEach(Console.WriteLine);
return 0;

double Growth(string phase)
{
    var measured = all.Where(measurement => measurement.Phase == phase).ToList();
    return measured[1].MicrosecondsPerObject / measured[0].MicrosecondsPerObject;
}
