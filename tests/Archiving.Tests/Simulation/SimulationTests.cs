using System.Globalization;
using Archiving.Model;
using Archiving.Source;
using CsCheck;
using EightByEight;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Archiving.Tests.Simulation;

/// <summary>
/// Nothing is missed, whatever happens. <c>SIMULATION_SEEDS=10000</c> runs more seeds than the ordinary fifty,
/// <c>SIMULATION_SEED=n</c> replays one.
/// </summary>
public sealed class SimulationTests
{
    private const int OrdinarySeeds = 50;

    [Fact]
    public void Simulated_archiver_archives_everything_that_stays_available_exactly_and_once()
    {
        if (Environment.GetEnvironmentVariable("SIMULATION_SEED") is { Length: > 0 } one)
        {
            AssertGood(int.Parse(one, CultureInfo.InvariantCulture));
            return;
        }

        var seeds = Environment.GetEnvironmentVariable("SIMULATION_SEEDS") is { Length: > 0 } many
            ? int.Parse(many, CultureInfo.InvariantCulture)
            : OrdinarySeeds;

        // Seeds are drawn by CsCheck, from a seed of its own that it prints with a failure; ours is in the message.
        Gen.Int[0, int.MaxValue - 1].Sample(AssertGood, iter: seeds, threads: 1);
    }

    [Fact]
    public void Simulation_finds_out_when_records_are_listed_by_offset()
    {
        var hasFailed = Enumerable.Range(0, 60)
            .Any(seed => new SimulatedArchive(seed, services => new OffsetPager(services.GetRequiredService<CloudStorageClient>())).Run() is not null);

        // A simulation that cannot fail would prove nothing.
        Assert.True(hasFailed, "Offset paging lost nothing in 60 simulated archives.");
    }

    [Fact]
    public void Simulation_runs_the_same_for_the_same_seed()
    {
        var runs = Enumerable.Range(0, 2)
            .Select(_ => new SimulatedArchive(4711, services => new OffsetPager(services.GetRequiredService<CloudStorageClient>())).Run())
            .ToList();

        Assert.NotNull(runs[0]);
        Assert.Equal(runs[0], runs[1]);
    }

    private static void AssertGood(int seed)
    {
        var problem = new SimulatedArchive(seed).Run();
        Assert.True(problem is null, string.Create(CultureInfo.InvariantCulture, $"SIMULATION_SEED={seed}: {problem}"));
    }

    /// <summary>What a first version does: page after page by offset.</summary>
    private sealed class OffsetPager(CloudStorageClient client) : KeysetPager(client, TimeProvider.System, NullLogger<KeysetPager>.Instance)
    {
        private readonly CloudStorageClient _client = client;

        public override async IAsyncEnumerable<KeysetPage> ReadAsync(
            KeysetScan scan,
            [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            var pageKey = "0";
            while (true)
            {
                var page = await _client.GetObjectsAsync(
                    scan.Region,
                    new ObjectQuery
                    {
                        Filter = Fiql.And(scan.Filter, Fiql.GreaterOrEqual(scan.Field.ToName(), scan.From), Fiql.LessThan(scan.Field.ToName(), scan.To)),
                        PageKey = pageKey,
                        SortField = scan.Field.ToName(),
                    },
                    cancellationToken);
                yield return new KeysetPage(page.Objects, page.IsLastPage ? null : scan.From);
                if (page.IsLastPage)
                {
                    yield break;
                }

                pageKey = page.PageKey!;
            }
        }
    }
}
