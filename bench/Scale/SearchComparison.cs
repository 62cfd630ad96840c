using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Archiving;
using Archiving.Indexing;
using Archiving.Ledger;
using Archiving.Model;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Azurite;
using EightByEight;
using Metering;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Operations;
using Operations.Search;

namespace Scale;

/// <summary>
/// <c>search N [PROGRAM]</c>: the same searches on the same rows in Azurite, before there is an index and with it. Without one, searches
/// read the days of the ledger, newest first, as all of them did before the index (decision 40). A program that was built from an earlier
/// version can search instead: it gets the storage as CONNECTION, the texts, each with <c>all</c> or <c>page</c>, as arguments, and
/// prints a line with requests, milliseconds and objects for each.
/// </summary>
internal static class SearchComparison
{
    private const int Days = 130;
    private const int ObjectsPerCall = 3;
    private const int AtOnce = 8;
    private const int Page = 50;
    private static readonly string[] Regions = ["uk", "us-east"];
    private static readonly string[] Types = ["callrecording", "transcription", "summary"];
    private static readonly DateTimeOffset Newest = new(2026, 11, 20, 18, 0, 0, TimeSpan.Zero);

    // A rare person and a rare number have a call in the oldest tenth, and one in the middle.
    private static readonly (string Name, string Text, bool IsFrequent)[] Searches =
    [
        ("a rare person, all", "Zacharias Quist", false),
        ("a number, all", "+1 415 555 0100", false),
        ("an id of a call, all", "call-000007", false),
        ("a frequent person, a page", "Jane Doe", true),
    ];

    public static async Task RunAsync(int rows, string? program)
    {
        await using var storage = await AzuriteServer.StartAsync(_ => { }, saves: false);
        var counter = new Counter();
        var connection = storage.NewAccountConnectionString();
        await using var services = Services(connection, counter);
        await FillAsync(services.GetRequiredService<ObjectLedger>(), rows);
        Console.WriteLine($"{rows} rows are there.");
        await services.GetRequiredService<DaySummaries>().ReadAsync(region: null, from: null, to: null, CancellationToken.None);
        Console.WriteLine("Their days are counted.");
        var before = program is null ? await SearchAsync(services, counter) : await SearchAsync(program, connection);

        counter.Requests = 0;
        var clock = Stopwatch.StartNew();
        var index = services.GetRequiredService<SearchIndex>();
        var days = await services.GetRequiredService<LedgerDays>().ReadAsync(region: null, from: null, to: null, CancellationToken.None);
        await index.InitializeAsync(await index.ReadStateAsync(CancellationToken.None), days.Select(day => day.Partition), CancellationToken.None);
        while (await HasOpenDaysAsync(services))
        {
            await services.GetRequiredService<ObjectIndexer>().IndexAsync(CancellationToken.None);
            Console.WriteLine($"Indexed for {clock.Elapsed.TotalSeconds:0} s.");
        }

        var (indexing, indexed) = (counter.Requests, clock.Elapsed);
        var after = await SearchAsync(services, counter);
        await WriteAsync(rows, before, after, indexing, indexed);
    }

    private static async Task<bool> HasOpenDaysAsync(ServiceProvider services)
    {
        // By the storage's clock nothing was written for ten minutes only then; what is noted and all read does not count as open here.
        var state = await services.GetRequiredService<SearchIndex>().ReadStateAsync(CancellationToken.None);
        foreach (var day in state.OpenDays.Where(day => day.IndexedTo is not null).ToList())
        {
            day.IsOpen = false;
            await services.GetRequiredService<SearchIndex>().TryWriteAsync(day, CancellationToken.None);
        }

        return state.OpenDays.Any(day => day.IndexedTo is null);
    }

    private static async Task<List<(int Requests, TimeSpan Time, int Found)>> SearchAsync(ServiceProvider services, Counter counter)
    {
        var results = new List<(int Requests, TimeSpan Time, int Found)>();
        foreach (var (name, text, isFrequent) in Searches)
        {
            var filter = new SearchFilter { Text = text };
            counter.Requests = 0;
            var clock = Stopwatch.StartNew();
            var found = 0;
            SearchPosition? position = null;
            do
            {
                var page = await services.GetRequiredService<ObjectSearch>().FindAsync(filter, position, Page, CancellationToken.None);
                found += page.Entries.Count;
                position = page.Next;
            }
            while (position is not null && !(isFrequent && found >= Page));

            results.Add((counter.Requests, clock.Elapsed, Math.Min(found, isFrequent ? Page : int.MaxValue)));
            Console.WriteLine($"{name}: {results[^1]}");
        }

        return results;
    }

    private static async Task<List<(int Requests, TimeSpan Time, int Found)>> SearchAsync(string program, string connection)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["CONNECTION"] = connection;
        foreach (var (_, text, isFrequent) in Searches)
        {
            start.ArgumentList.Add(text);
            start.ArgumentList.Add(isFrequent ? "page" : "all");
        }

        using var process = Process.Start(start)!;
        var results = new List<(int Requests, TimeSpan Time, int Found)>();
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            Console.WriteLine($"{program}: {line}");
            var numbers = line.Split(' ').Select(number => int.Parse(number, CultureInfo.InvariantCulture)).ToList();
            results.Add((numbers[0], TimeSpan.FromMilliseconds(numbers[1]), Math.Min(numbers[2], Searches[results.Count].IsFrequent ? Page : int.MaxValue)));
        }

        return results;
    }

    private static async Task FillAsync(ObjectLedger ledger, int rows)
    {
        var numbers = Enumerable.Range(0, rows).GroupBy(number => number / ObjectsPerCall % (Days * Regions.Length));
        await Parallel.ForEachAsync(numbers, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (day, cancellationToken) =>
        {
            var count = day.Count();
            var entries = day.Select((number, index) => Row(number, day.Key, (double)index / count, rows)).ToList();
            if (await ledger.AddAsync(entries, cancellationToken) is { Count: > 0 })
            {
                throw new InvalidOperationException("Rows were there before.");
            }
        });
    }

    private static LedgerEntry Row(int number, int day, double part, int rows)
    {
        var call = number / ObjectsPerCall;
        var calls = rows / ObjectsPerCall;
        var isRare = call == calls / 2 || call == calls - 7;
        var created = Newest.AddDays(-(day / Regions.Length)).AddHours(-10 * part);
        var person = isRare ? "Zacharias Quist" : call % 20 == 0 ? "Jane Doe" : $"Person{call % 97} Name{call % 89}";
        var phone = isRare ? "+1 415 555 0100" : string.Create(CultureInfo.InvariantCulture, $"+1 206 {200 + (call % 700)} {call % 10_000:D4}");
        var row = LedgerEntry.Describe(Regions[day % Regions.Length], StorageObject.Parse(BinaryData.FromObjectAsJson(new
        {
            id = $"{number:x8}-{number * 2654435761L % 0xFFFFFFFF:x8}",
            type = Types[number % ObjectsPerCall],
            objectName = $"{person} {phone}.mp3",
            createdTime = created.UtcDateTime,
            tags = new[]
            {
                new { key = "callId", value = $"call-{call:D6}" },
                new { key = "userName", value = person },
                new { key = "userEmail", value = $"{person.Replace(' ', '.')}@example.com" },
                new { key = "extensionNumber", value = $"{1000 + (call % 97)}" },
                new { key = "address", value = phone },
                new { key = "direction", value = call % 2 == 0 ? "inbound" : "outbound" },
            },
        })));
        row.Become(LedgerState.Archived);
        return row;
    }

    private static async Task WriteAsync(
        int rows,
        List<(int Requests, TimeSpan Time, int Found)> before,
        List<(int Requests, TimeSpan Time, int Found)> after,
        int indexing,
        TimeSpan indexed)
    {
        var lines = new List<string>
        {
            "# Searches without and with the index",
            "",
            string.Create(
                CultureInfo.InvariantCulture,
                $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd}, {Environment.ProcessorCount} cores that other work shared, .NET {Environment.Version}, "
                    + $"Azurite {"3.37.0"}. "
                    + $"{rows:N0} rows of {Days} days and two regions, three objects a call. Azurite looks through the whole table for each query, which Azure "
                    + $"does not, so the ratio of requests says more than that of times. `dotnet run -c Release --project bench/Scale -- search {rows}`"),
            "",
            "| search | found | requests without | requests with | ratio | ms without | ms with | ratio |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        };
        lines.AddRange(Searches.Select((search, number) => string.Create(
            CultureInfo.InvariantCulture,
            $"| {search.Name} | {after[number].Found} | {before[number].Requests} | {after[number].Requests} "
                + $"| {(double)before[number].Requests / after[number].Requests:0.0} | {before[number].Time.TotalMilliseconds:0} "
                + $"| {after[number].Time.TotalMilliseconds:0} | {before[number].Time / after[number].Time:0.0} |")));
        lines.Add("");
        lines.Add(string.Create(
            CultureInfo.InvariantCulture,
            $"Indexing all rows took {indexing:N0} requests, {(double)indexing / rows:0.00} for each object, and {indexed.TotalSeconds:0} s."));
        if (before.Zip(after).Any(pair => pair.First.Found != pair.Second.Found))
        {
            throw new InvalidOperationException("The index does not lead to the same objects.");
        }

        var root = Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>().First(item => item.Key == "RepositoryRoot").Value!;
        var name = string.Create(CultureInfo.InvariantCulture, $"search-{TimeProvider.System.GetUtcNow():yyyy-MM-dd}.md");
        var file = Path.Combine(root, "bench", "results", name);
        await File.WriteAllLinesAsync(file, lines);
        lines.ForEach(Console.WriteLine);
    }

    private static ServiceProvider Services(string connection, Counter counter)
    {
        var settings = AppSettings.For(connection);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        var services = new ServiceCollection().AddLogging().AddSingleton<IConfiguration>(configuration);
        services.AddArchiving(configuration).AddOperations();
        var options = new TableClientOptions();
        options.AddPolicy(counter, HttpPipelinePosition.PerCall);
        services.Replace(ServiceDescriptor.Singleton(new TableServiceClient(connection, options)));
        return services.BuildServiceProvider();
    }

    private sealed class Counter : HttpPipelineSynchronousPolicy
    {
        private int _requests;

        public int Requests
        {
            get => Volatile.Read(ref _requests);
            set => Volatile.Write(ref _requests, value);
        }

        public override void OnSendingRequest(HttpMessage message) => Interlocked.Increment(ref _requests);
    }
}
