using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Archiving;
using Azurite;
using Catalogue;
using Metering;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Operations;
using Operations.Catalogue;

// dotnet run -c Release --project bench/Catalogue [-- 1000000 [Parquet Csv Both]]: a month of so many objects, in each format.
if (args is ["build", var format, var connection])
{
    await BuildAsync(format, connection);
    return;
}

var objects = args is [var count, ..] ? int.Parse(count, CultureInfo.InvariantCulture) : 1_000_000;
string[] formats = args.Length > 1 ? args[1..] : ["Parquet", "Csv", "Both"];
var lines = new List<string>
{
    "# The catalogue of a large month",
    "",
    string.Create(
        CultureInfo.InvariantCulture,
        $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd}, {Environment.ProcessorCount} cores, .NET {Environment.Version}, Azurite 3.37.0. One region, "
        + $"{objects / LedgerServer.Days * LedgerServer.Days:N0} archived objects in {LedgerServer.Days} days. The ledger's rows are calculated by a "
        + $"process of their own, blobs are the emulator's. Each format is built by a new process; the memory is its maximum resident size. Row "
        + $"groups have {new CatalogueLimits().RowsPerGroup:N0} rows."),
    "",
    "| format | objects | plan: count and digest, s | build, s | runs | longest run, s | CPU, s | peak MB | file MB | bytes per object |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
};
foreach (var name in formats)
{
    await using var storage = await AzuriteServer.StartAsync(_ => { });
    var (server, address) = await LedgerServer.StartAsync(storage.NewAccountConnectionString(), objects);
    await using (server)
    {
        await using var process = MeteredProcess.StartFile(
            "dotnet",
            [Assembly.GetExecutingAssembly().Location, "build", name, address],
            new Dictionary<string, string>(StringComparer.Ordinal));
        var result = (await process.WaitForLineAsync("built ", TimeSpan.FromMinutes(60))).Split(' ');
        var usage = process.Read();
        var megabytes = double.Parse(result[4], CultureInfo.InvariantCulture) / 1e6;
        var rows = int.Parse(result[5], CultureInfo.InvariantCulture);
        lines.Add(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {rows:N0} | {result[0]} | {result[1]} | {result[2]} | {result[3]} | {usage.ProcessorMilliseconds / 1000:0.0} | "
                + $"{usage.PeakMegabytes:0} | {megabytes:0.0} | {megabytes * 1e6 / rows:0} |"));
        Console.WriteLine(lines[^1]);
    }
}

var root = Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>().First(attribute => attribute.Key == "RepositoryRoot").Value!;
var file = Path.Combine(root, "bench", "results", string.Create(CultureInfo.InvariantCulture, $"catalogue-{TimeProvider.System.GetUtcNow():yyyy-MM-dd}.md"));
await File.WriteAllLinesAsync(file, lines);

static async Task BuildAsync(string format, string connection)
{
    var settings = AppSettings.For(connection);
    settings["Catalogue:Format"] = format;
    var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
    var services = new ServiceCollection().AddLogging().AddSingleton<IConfiguration>(configuration);
    services.AddArchiving(configuration).AddOperations();
    await using var provider = services.BuildServiceProvider();
    var planned = Stopwatch.StartNew();
    await provider.GetRequiredService<CataloguePlanner>().PlanAsync(CancellationToken.None);
    planned.Stop();

    var built = Stopwatch.StartNew();
    var (runs, longest) = (0, TimeSpan.Zero);
    var inspector = provider.GetRequiredService<CatalogueInspector>();
    var message = new CatalogueMessage { Region = "us-east", Month = CatalogueMessage.NameOf(new DateTimeOffset(LedgerServer.Start)) };
    while (await inspector.InspectAsync(CancellationToken.None) is { Waiting: > 0 })
    {
        var run = Stopwatch.StartNew();
        await provider.GetRequiredService<CatalogueBuilder>().BuildAsync(message, CancellationToken.None);
        runs++;
        longest = run.Elapsed > longest ? run.Elapsed : longest;
    }

    var status = (await inspector.InspectAsync(CancellationToken.None))!;
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"built {planned.Elapsed.TotalSeconds:0.0} {built.Elapsed.TotalSeconds:0.0} {runs} {longest.TotalSeconds:0.0} {status.Bytes} {status.Objects}"));
    await Task.Delay(TimeSpan.FromSeconds(1));
}
