using Archiving.Model;
using Archiving.Source;
using EightByEight;
using Microsoft.Extensions.Logging.Testing;
using Simulator;
using Simulator.Faults;
using Simulator.Objects;

namespace Archiving.Tests;

/// <summary>Paging by time over the simulated 8x8's HTTP.</summary>
public sealed class KeysetPagerTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Start = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly FakeLogCollector _logs = new();
    private SimulatorServer _simulator = null!;
    private KeysetPager _pager = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _simulator = await SimulatorServer.StartAsync();
        var tokens = new SimulatorTokens(_simulator);
        var options = new CloudStorageClientOptions { Retry = { Delay = TimeSpan.FromMilliseconds(1), MaxDelay = TimeSpan.FromMilliseconds(2) } };
        _pager = new KeysetPager(new CloudStorageClient(_simulator.BaseUrl, tokens, options), TimeProvider.System, new FakeLogger<KeysetPager>(_logs));
    }

    public ValueTask DisposeAsync() => _simulator.DisposeAsync();

    [Theory]
    [InlineData(false, "records", false)]
    [InlineData(true, "pages", false)]
    [InlineData(false, "none", true)]
    [InlineData(true, "none", true)]
    public async Task Keyset_pager_lists_everything_once_however_8x8_counts_its_pages(bool pageNumbers, string total, bool shuffleTies)
    {
        _simulator.Objects.Search = new SearchBehaviour { PageNumbers = pageNumbers, Total = total, ShuffleTies = shuffleTies };
        Fill(750, index => Start.AddSeconds(index / 3));

        var pages = await ReadAsync();

        AssertComplete(pages, 750);
        Assert.Equal(750, pages.Sum(page => page.Objects.Count));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Keyset_pager_lists_a_second_that_holds_more_records_than_a_page(bool shuffleTies)
    {
        _simulator.Objects.Search = new SearchBehaviour { ShuffleTies = shuffleTies };
        Fill(500, index => index < 60 ? Start : index < 400 ? Start.AddSeconds(9) : Start.AddSeconds(10 + index));

        AssertComplete(await ReadAsync(), 500);
    }

    [Fact]
    public async Task Keyset_pager_loses_nothing_when_8x8_does_not_sort_as_it_is_asked_to_and_says_so()
    {
        _simulator.Objects.Search = new SearchBehaviour { SortsBackwards = true };
        Fill(450, index => Start.AddSeconds(index));

        AssertComplete(await ReadAsync(), 450);
        Assert.Contains(_logs.Lines, line => line.Message.Contains("does not sort by createdTime", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Keyset_pager_goes_over_short_and_empty_pages_that_are_not_the_last()
    {
        for (var index = 0; index < 600; index++)
        {
            _simulator.Objects
                .Add(new ObjectSpecification { Bytes = 1, Hidden = index is < 250 or > 400 && index % 50 != 0, CreatedTime = Start.AddSeconds(index) });
        }

        AssertComplete(await ReadAsync(), _simulator.Objects.GetAll().Count(item => !item.Hidden));
    }

    [Fact]
    public async Task Keyset_pager_keeps_to_the_window()
    {
        Fill(50, index => Start.AddMinutes(index));

        var pages = await ReadAsync(Start.AddMinutes(10), Start.AddMinutes(20));

        Assert.Equal(10, pages.Sum(page => page.Objects.Count));
    }

    [Fact]
    public async Task Keyset_pager_loses_nothing_when_records_leave_while_it_lists()
    {
        Fill(350, index => Start.AddSeconds(index));
        var listed = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var page in _pager.ReadAsync(Scan(Start, Start.AddDays(1)), Cancellation))
        {
            // Whatever was listed moves away at once: with offsets, as many of the following would be skipped.
            foreach (var record in page.Objects)
            {
                listed.Add(record.Id);
                _simulator.Objects.SetState("us-east", record.Id, "REVOKED");
            }
        }

        Assert.Equal(350, listed.Count);
    }

    [Fact]
    public async Task Keyset_pager_asks_once_for_each_hundred_records()
    {
        Fill(1000, index => Start.AddSeconds(index));

        await ReadAsync();

        // The last second of a page is asked for again, which costs a record of each page and so one page in a hundred.
        Assert.InRange(_simulator.Counters["search"], 10, 11);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(500)]
    public async Task Keyset_pager_lists_a_region_whole_that_rejects_filters_on_times_and_says_so_once(int status)
    {
        _simulator.Objects.Search = new SearchBehaviour { RejectTimeFilters = status };
        Fill(320, index => Start.AddMinutes(index));

        var some = await ReadAsync(Start.AddMinutes(100), Start.AddMinutes(250));
        var others = await ReadAsync(Start.AddMinutes(250), Start.AddMinutes(400));

        Assert.Equal(150, some.Sum(page => page.Objects.Count));
        Assert.Equal(70, others.Sum(page => page.Objects.Count));
        Assert.Equal(1, _logs.Lines.Count(line => line.Message.Contains("rejects filters on times", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Keyset_pager_lists_a_region_whole_that_rejects_filters_on_times_and_sorts_newest_first()
    {
        _simulator.Objects.Search = new SearchBehaviour { RejectTimeFilters = 400, SortsBackwards = true };
        Fill(520, index => index < 400 ? Start.AddMinutes(index) : Start.AddMinutes(400));

        var pages = await ReadAsync(Start.AddMinutes(100), Start.AddMinutes(250));

        Assert.Equal(150, pages.Sum(page => page.Objects.Count));
    }

    [Fact]
    public async Task Keyset_pager_says_when_no_two_passes_agree_instead_of_calling_the_window_listed()
    {
        _simulator.Objects.Search = new SearchBehaviour { RejectTimeFilters = 400 };
        Fill(120, index => Start.AddMinutes(index));
        var listed = new HashSet<string>(StringComparer.Ordinal);

        var exception = await Assert.ThrowsAsync<UnsettledListException>(async () =>
        {
            await foreach (var page in _pager.ReadAsync(Scan(Start, Start.AddDays(1)), Cancellation))
            {
                // Another record appears behind each page, in every pass.
                listed.UnionWith(page.Objects.Select(record => record.Id));
                Fill(1, _ => Start.AddHours(3));
            }
        });

        Assert.StartsWith("8x8 listed us-east 20 times in a row, each time with other records", exception.Message, StringComparison.Ordinal);
        Assert.True(listed.Count > 130, $"{listed.Count} of the records were listed.");
    }

    [Fact]
    public async Task Keyset_pager_takes_an_outage_for_what_it_is()
    {
        Fill(3, index => Start.AddSeconds(index));
        _simulator.Faults.Set(new FaultRule { Call = "search", Kind = FaultKind.Status, Status = 500 });

        await Assert.ThrowsAnyAsync<Azure.RequestFailedException>(() => ReadAsync());
        _simulator.Faults.Set();

        AssertComplete(await ReadAsync(), 3);
        Assert.DoesNotContain(_logs.Lines, line => line.Message.Contains("rejects", StringComparison.Ordinal));
    }

    private void Fill(int count, Func<int, DateTimeOffset> created)
    {
        for (var index = 0; index < count; index++)
        {
            _simulator.Objects.Add(new ObjectSpecification { Bytes = 1, CreatedTime = created(index) });
        }
    }

    private void AssertComplete(IReadOnlyList<KeysetPage> pages, int expected)
    {
        Assert.Equal(expected, pages.SelectMany(page => page.Objects).Select(record => record.Id).Distinct().Count());
        Assert.Null(pages[^1].ResumeFrom);
        Assert.All(pages.SkipLast(1), page => Assert.NotNull(page.ResumeFrom));
    }

    private async Task<IReadOnlyList<KeysetPage>> ReadAsync(DateTimeOffset? from = null, DateTimeOffset? to = null)
    {
        var pages = new List<KeysetPage>();
        await foreach (var page in _pager.ReadAsync(Scan(from ?? Start, to ?? Start.AddDays(10)), Cancellation))
        {
            pages.Add(page);
        }

        return pages;
    }

    private static KeysetScan Scan(DateTimeOffset from, DateTimeOffset to) => new("us-east", TimeField.CreatedTime, from, to, Filter: null);

    private sealed class SimulatorTokens(SimulatorServer simulator) : AccessTokenSource
    {
        private readonly TokenClient _client = new(simulator.BaseUrl);
        private AccessToken? _token;

        public override async ValueTask<AccessToken> GetTokenAsync(CancellationToken cancellationToken) =>
            _token ??= await _client.RequestTokenAsync(new ApiKey("demo-key", "demo-secret"), cancellationToken);

        public override ValueTask<AccessToken> ReplaceTokenAsync(AccessToken refused, CancellationToken cancellationToken) => new(refused);
    }
}
