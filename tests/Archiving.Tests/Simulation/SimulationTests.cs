using System.Globalization;
using Archiving.Model;
using Archiving.Source;
using CsCheck;
using EightByEight;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Archiving.Tests.Simulation;

/// <summary>
/// Nothing is missed, whatever happens. <c>SIMULATION_SEEDS=10000</c> runs more seeds than the ordinary two hundred,
/// <c>SIMULATION_SEED=n</c> replays one.
/// </summary>
public sealed class SimulationTests
{
    private const int OrdinarySeeds = 200;

    [Fact]
    public void Archives_everything_that_stays_available_exactly_and_once()
    {
        if (Environment.GetEnvironmentVariable("SIMULATION_SEED") is { Length: > 0 } one)
        {
            AssertGood(int.Parse(one, CultureInfo.InvariantCulture));
            return;
        }

        var seeds = Environment.GetEnvironmentVariable("SIMULATION_SEEDS") is { Length: > 0 } many ? int.Parse(many, CultureInfo.InvariantCulture) : OrdinarySeeds;

        // Seeds are drawn by CsCheck, from a seed of its own that it prints with a failure; ours is in the message.
        Gen.Int[0, int.MaxValue - 1].Sample(AssertGood, iter: seeds, threads: 1);
    }

    [Fact]
    public void Finds_out_when_records_are_listed_by_offset()
    {
        var failures = Enumerable.Range(0, 60).Count(seed => new ArchiveLife(seed, services => new OffsetPager(services.GetRequiredService<CloudStorageClient>())).Run() is not null);

        // A simulation that cannot fail would prove nothing.
        Assert.True(failures > 0, "Offset paging lost nothing in 60 lives.");
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Offset paging fails in {failures} of 60 lives."));
    }

    [Fact]
    public void Lives_the_same_life_for_the_same_seed()
    {
        var lives = Enumerable.Range(0, 2).Select(_ => new ArchiveLife(4711, services => new OffsetPager(services.GetRequiredService<CloudStorageClient>())).Run()).ToList();

        Assert.NotNull(lives[0]);
        Assert.Equal(lives[0], lives[1]);
    }

    private static void AssertGood(int seed)
    {
        var problem = new ArchiveLife(seed).Run();
        Assert.True(problem is null, string.Create(CultureInfo.InvariantCulture, $"SIMULATION_SEED={seed}: {problem}"));
    }

    /// <summary>What everybody writes first: page after page by offset.</summary>
    private sealed class OffsetPager(CloudStorageClient client) : KeysetPager(client, TimeProvider.System, NullLogger<KeysetPager>.Instance)
    {
        private readonly CloudStorageClient _client = client;

        public override async IAsyncEnumerable<KeysetPage> ReadAsync(KeysetScan scan, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            var pageKey = "0";
            while (true)
            {
                var page = await _client.GetObjectsAsync(
                    scan.Region,
                    new ObjectQuery { Filter = Fiql.And(scan.Filter, Fiql.GreaterOrEqual(scan.Field.ToName(), scan.From), Fiql.LessThan(scan.Field.ToName(), scan.To)), PageKey = pageKey, SortField = scan.Field.ToName() },
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
