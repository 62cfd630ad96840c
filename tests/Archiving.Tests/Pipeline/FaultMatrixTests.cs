using Archiving.Copying;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Archiving.Tests;

/// <summary>Everything that can go wrong with a download, for objects of every size that is handled in its own way.</summary>
public sealed class FaultMatrixTests(AzuriteFixture azurite)
{
    private const int Buffer = ContentTransfer.BufferSize;

#if NIGHTLY
    private const long MaxSize = 64 * 1024 * 1024;
#else
    private const long MaxSize = (4 * Buffer) + 7;
#endif

    private static readonly long[] Sizes = [0, 1, 30 * 1024, Buffer - 1, Buffer + 1, MaxSize];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Each fault: what it does, whether it passes, and how it ends for content of any size; or for empty content, where that is otherwise.</summary>
    public static TheoryData<string, string, string, string?> Faults => new()
    {
        { "abort half-way, always", "Failed", "", null },
        { "abort half-way, once", "Archived", "", null },
        { "early end, always", "Failed", "contradicts its own record", "Archived" },
        { "early end, once", "Archived", "", null },
        { "extra bytes, always", "Failed", "contradicts its own record", null },
        { "extra bytes, once", "Archived", "", null },
        { "bit flip, always", "Failed", "contradicts its own record", "Archived" },
        { "bit flip, once", "Archived", "", null },
        { "200 with error JSON, always", "Failed", "", null },
        { "200 with error JSON, once", "Archived", "", null },
        { "200 with HTML, always", "Failed", "", null },
        { "200 with HTML, once", "Archived", "", null },
        { "401 mid-run", "Archived", "", null },
        { "403", "Failed", "right to download", null },
        { "404", "Queued", "404", null },
        { "410", "Queued", "410", null },
        { "429 with Retry-After", "Archived", "", null },
        { "429 without Retry-After", "Archived", "", null },
        { "500, always", "Failed", "500", null },
        { "500, once", "Archived", "", null },
        { "503, always", "Failed", "503", null },
        { "503, once", "Archived", "", null },
        { "connection reset", "Archived", "", null },
        { "stall, always", "Failed", "", null },
        { "stall, once", "Archived", "", null },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Download_with_a_fault_ends_as_specified_and_the_archive_shows_nothing_wrong_meanwhile(
        string fault,
        string state,
        string reason,
        string? stateOfEmpty)
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(
            azurite,
            time,
            networkTimeout: NetworkTimeout(fault),
            settings: ("EightByEight__Regions", "us-east"));
        var created = TimeProvider.System.GetUtcNow().AddHours(-1);
        var items = Sizes.Select(size => pipeline.Simulator.Objects.Add(new ObjectSpecification { Bytes = size, CreatedTime = created })).ToList();
        await pipeline.PlanAndListAsync();

        // A token that is refused while it is fresh waits for 8x8 to learn of it; one that is older is replaced.
        time.Advance(TimeSpan.FromMinutes(1));
        pipeline.Simulator.Faults.Set(Rule(fault));
        await using var watcher = new ArchiveWatcher(pipeline, items);

        await pipeline.DeliverAllAsync();
        if (fault.StartsWith("401", StringComparison.Ordinal))
        {
            // On a busy machine some ask with the new token already, which is fresh then, and are deferred.
            await pipeline.DeliverUntilAsync(items, entry => entry != "Queued", "nothing waits any more");
        }

        Assert.Empty(await watcher.FinishAsync());
        foreach (var item in items)
        {
            var expected = Expected(item);
            var entry = (await pipeline.FindAsync(item))!;
            Assert.True(entry.State == expected, $"{item.Content.Length} bytes: {entry.State}, {entry.LastError}");
            if (expected == "Archived")
            {
                await pipeline.AssertArchivedAsync(item);
            }
            else
            {
                Assert.Contains(reason, entry.LastError, StringComparison.Ordinal);
                Assert.NotEmpty(entry.LastError!);
            }
        }

        Assert.Equal(2 * items.Count(item => Expected(item) == "Archived"), (await pipeline.ReadNamesAsync()).Count);
        Assert.Equal(0, pipeline.Simulator.Counters["insideRetryAfter"]);

        string Expected(SimulatedObject item) => item.Content.Length == 0 ? stateOfEmpty ?? state : state;
    }

    /// <summary>Content that stalls is waited for; all else gets the time that a busy machine takes.</summary>
    private static TimeSpan? NetworkTimeout(string fault) => fault.StartsWith("stall", StringComparison.Ordinal) ? TimeSpan.FromSeconds(2) : null;

    private static FaultRule Rule(string fault)
    {
        var (name, isOnce) = fault.Split(", ") is [var first, var when] ? (first, when == "once") : (fault, false);
        int? times = isOnce ? 1 : null;
        return name switch
        {
            "abort half-way" => Content(FaultKind.Cut, times),
            "early end" => Content(FaultKind.Early, times),
            "extra bytes" => Content(FaultKind.Extra, times),
            "bit flip" => Content(FaultKind.Flip, times),
            "200 with error JSON" => Content(FaultKind.ErrorJson, times),
            "200 with HTML" => Content(FaultKind.ErrorHtml, times),
            "stall" => Content(FaultKind.Stall, times),
            "connection reset" => Content(FaultKind.Reset, 2),
            "401 mid-run" => Status(401, 1),
            "429 with Retry-After" => Status(429, 2, retryAfter: "1"),
            "429 without Retry-After" => Status(429, 2),
            _ => Status(int.Parse(name, System.Globalization.CultureInfo.InvariantCulture), times),
        };
    }

    private static FaultRule Content(FaultKind kind, int? first) => new() { Call = "content", Kind = kind, First = first, PerObject = first is not null };

    private static FaultRule Status(int status, int? first, string? retryAfter = null) =>
        new() { Call = "content", Kind = FaultKind.Status, Status = status, First = first, PerObject = first is not null, RetryAfter = retryAfter };
}
