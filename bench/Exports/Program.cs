using System.Globalization;
using System.Reflection;
using Exports;

// dotnet run -c Release --project bench/Exports [-- small large one]: 20,000 small objects, 30 GB in objects of 100 MB, 30 GB in one object.
var all = new Dictionary<string, (int Objects, long Bytes)>(StringComparer.Ordinal)
{
    ["small"] = (20_000, 3_000),
    ["large"] = (300, 100_000_000),
    ["one"] = (1, 30_000_000_000),
};
var names = args.Length > 0 ? args : [.. all.Keys];
var lines = new List<string>
{
    "# Exports of a case",
    "",
    string.Create(
        CultureInfo.InvariantCulture,
        $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd}, {Environment.ProcessorCount} cores, .NET {Environment.Version}, Azurite 3.37.0, load "
        + $"{File.ReadAllText("/proc/loadavg").Split(' ')[0]} before the run. The app is its build, run by the local host, a new one for each export; "
        + $"processor time and memory are those of its worker. Content is zeros that the measuring process calculates, and what is exported goes to "
        + $"sparse files of its own, because two times 30 GB do not fit on the disk: the emulator has the tables, the queues and the audit log, "
        + $"and Blob Storage's own speed is not measured. Adding to the case, by a search, is measured apart."),
    "",
    "| export | objects | parts | adding: s | peak MB | export: s | objects/s | MB/s | CPU s | peak MB, idle before | peak MB | requests | checked |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |",
};
foreach (var name in names)
{
    var (objects, bytes) = all[name];
    lines.Add(await ExportRun.MeasureAsync(name, objects, bytes));
    Console.WriteLine(lines[^1]);
}

var root = Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>().First(attribute => attribute.Key == "RepositoryRoot").Value!;
var file = Path.Combine(root, "bench", "results", string.Create(CultureInfo.InvariantCulture, $"exports-{TimeProvider.System.GetUtcNow():yyyy-MM-dd}.md"));
await File.WriteAllLinesAsync(file, lines);
Console.WriteLine(file);
