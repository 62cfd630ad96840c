using System.Diagnostics;
using System.Globalization;
using Archiving.Model;
using Archiving.Source;
using EightByEight;
using Microsoft.Extensions.Logging.Abstractions;
using Simulator;
using Simulator.Objects;

namespace Scale;

/// <summary>A million records over HTTP through the pager, with a ledger and a queue that only count: nothing else is in the way.</summary>
internal static class ListerAlone
{
    public static async Task<Measurement> RunAsync(int objects)
    {
        await using var simulator = await SimulatorServer.StartAsync();
        var start = TimeProvider.System.GetUtcNow().AddDays(-30);
        var step = TimeSpan.FromDays(29) / objects;
        for (var number = 0; number < objects; number++)
        {
            simulator.Objects.Add(new ObjectSpecification { Bytes = 1, Checksum = "0cc175b9c0f1b6a831c399e269772661", CreatedTime = start + (step * number) });
        }

        var tokens = new Tokens(simulator.BaseUrl);
        var pager = new KeysetPager(new CloudStorageClient(simulator.BaseUrl, tokens), TimeProvider.System, NullLogger<KeysetPager>.Instance);
        GC.Collect();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var most = before;
        var ledger = new HashSet<Guid>(objects);
        long queued = 0;
        var pages = 0;
        var clock = Stopwatch.StartNew();
        await foreach (var page in pager.ReadAsync(
            new KeysetScan("us-east", TimeField.CreatedTime, start.AddDays(-1), start.AddDays(40), Filter: null),
            CancellationToken.None))
        {
            queued += page.Objects.Count(record => ledger.Add(Guid.Parse(record.Id)));
            if (++pages % 500 == 0)
            {
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: false));
            }
        }

        if (queued != objects)
        {
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{queued} of {objects} objects were listed."));
        }

        var measurement = new Measurement(
            "lister alone, simulator in the same process",
            objects,
            clock.Elapsed.TotalSeconds,
            simulator.Counters["search"],
            (most - before) / 1e6);
        Console.WriteLine(measurement);
        return measurement;
    }

    private sealed class Tokens(Uri baseUrl) : AccessTokenSource
    {
        private readonly TokenClient _client = new(baseUrl);
        private AccessToken? _token;

        public override async ValueTask<AccessToken> GetTokenAsync(CancellationToken cancellationToken) =>
            _token ??= await _client.RequestTokenAsync(new ApiKey("demo-key", "demo-secret"), cancellationToken);

        public override ValueTask<AccessToken> ReplaceTokenAsync(AccessToken refused, CancellationToken cancellationToken) => new(refused);
    }
}
