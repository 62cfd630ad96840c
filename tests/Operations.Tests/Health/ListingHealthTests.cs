using Archiving.Listing;
using Archiving.Queues;
using Operations.Health;
using Operations.Runs;
using Operations.Status;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Operations.Tests;

/// <summary>A region that is not listed is named with the reason, in health and in the verdict.</summary>
public sealed class ListingHealthTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Region_that_refuses_to_be_listed_is_named_from_the_third_time_on_while_the_other_goes_on()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__Regions", "uk,us-east"));
        var item = Add(pipeline, "us-east");
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "search", Region = "uk", Kind = FaultKind.Status, Status = 403 });
        await pipeline.RunAsync();
        await pipeline.AssertArchivedAsync(item);
        Assert.Null(await FindAsync(pipeline));

        await ListAgainAsync(pipeline, "uk", times: 2);

        var check = await FindAsync(pipeline);
        Assert.Contains("uk has never been listed to its end. 8x8 does not let this API key search (403).", check, StringComparison.Ordinal);
        Assert.DoesNotContain("us-east", check, StringComparison.Ordinal);
        var verdict = (await pipeline.Get<StatusReader>().ReadAsync(Cancellation)).Verdict;
        Assert.False(verdict.IsSafe);
        Assert.Equal($"All 1 known recordings safe. Newer recordings may be unknown. {check}", verdict.Text);

        pipeline.Simulator.Faults.Set();
        await ListAgainAsync(pipeline, "uk", times: 1);
        Assert.Null(await FindAsync(pipeline));
    }

    [Theory]
    [InlineData(FaultKind.Status, 404, "8x8 does not know the region uk (404). Check EightByEight__Regions")]
    [InlineData(FaultKind.Status, 400, "8x8 rejects the search (400). Check EightByEight__Filter")]
    [InlineData(FaultKind.Status, 405, "8x8 refuses the search (405).")]
    [InlineData(FaultKind.Redirect, 302, "8x8 redirects the search to an address")]
    [InlineData(FaultKind.ErrorHtml, 200, "8x8 answers the search with a page that cannot be read (200).")]
    public async Task Region_that_cannot_be_listed_is_named_with_the_reason_in_plain_words(FaultKind kind, int status, string reason)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__Regions", "uk"));
        pipeline.Simulator.Faults.Set(new FaultRule
        {
            Call = "search",
            Kind = kind,
            Status = status,
            Location = "https://sign-in.example.com/?customer=4711",
            Body = "<p>Jane Doe</p>",
        });
        await pipeline.RunAsync();
        await ListAgainAsync(pipeline, "uk", times: 2);

        var check = await FindAsync(pipeline);

        Assert.Contains(reason, check, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", check, StringComparison.Ordinal);
        Assert.DoesNotContain("example.com", check, StringComparison.Ordinal);
        Assert.DoesNotContain("Jane", check, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Part_of_a_reconcile_that_takes_too_long_each_time_is_named()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__Regions", "uk"));
        Add(pipeline, "uk");
        await pipeline.RunAsync();
        var run = await pipeline.Get<RunStarter>().ReconcileAsync(Cancellation);
        var message = await pipeline.Account.Queues.GetQueueClient(QueueNames.ListWindows).ReceiveMessageAsync(cancellationToken: Cancellation);
        var window = WindowMessage.Parse(message.Value.Body);

        // As the host delivers it in the end, when no attempt could say what is wrong.
        await pipeline.Get<WindowFailureRecorder>().RecordAsync(window, Cancellation);

        Assert.Contains($"cannot list a part of uk: A part of the list took too long each time", await FindAsync(pipeline), StringComparison.Ordinal);
        Assert.Contains(run.RunId, await FindAsync(pipeline), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Record_without_an_id_is_named_until_its_window_is_listed_without_it()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: ("EightByEight__Regions", "uk"));
        var bad = pipeline.Simulator.Objects.Add(new ObjectSpecification
        {
            Region = "uk",
            CreatedTime = time.GetUtcNow().AddDays(-2),
            UpdatedTime = time.GetUtcNow().AddDays(-2),
            RawRecord = """{"type":"callrecording"}""",
        });
        const string Named = "uk lists a record that cannot be read, without an ID";
        await pipeline.RunAsync();
        Assert.Contains(Named, await FindAsync(pipeline), StringComparison.Ordinal);

        time.Advance(TimeSpan.FromMinutes(61));
        var before = time.GetUtcNow().AddMinutes(-1);
        await pipeline.RunAsync();
        var listed = Assert.Single(await pipeline.Get<ListingStore>().ReadFailuresAsync(Cancellation)).FailedAt;
        Assert.True(listed > before, "The window was not listed again.");
        Assert.Contains(Named, await FindAsync(pipeline), StringComparison.Ordinal);

        pipeline.Simulator.Objects.Remove("uk", bad.Id);
        time.Advance(TimeSpan.FromMinutes(30));
        await pipeline.RunAsync();
        Assert.Contains(Named, await FindAsync(pipeline), StringComparison.Ordinal);

        time.Advance(TimeSpan.FromMinutes(31));
        await pipeline.RunAsync();
        Assert.Null(await FindAsync(pipeline));
    }

    [Fact]
    public async Task Region_whose_last_listing_is_long_ago_is_named_though_nothing_failed_and_the_next_call_plans_a_listing()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: ("EightByEight__Regions", "uk"));
        await pipeline.RunAsync();
        var overdue = pipeline.Get<OverdueListing>();
        time.Advance(TimeSpan.FromMinutes(20));
        await overdue.PlanAsync("GetHealth", Cancellation);
        Assert.Null(await FindAsync(pipeline));
        Assert.Equal(0, await pipeline.CountAsync(QueueNames.ListWindows));

        time.Advance(TimeSpan.FromHours(47));
        Assert.Contains("the timer function ListObjects may not run", await FindAsync(pipeline), StringComparison.Ordinal);

        await overdue.PlanAsync("GetHealth", Cancellation);
        Assert.NotEqual(0, await pipeline.CountAsync(QueueNames.ListWindows));
        await pipeline.DeliverAllAsync();
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Null(await FindAsync(pipeline));
    }

    [Fact]
    public async Task Look_for_an_overdue_listing_throws_nothing_into_a_function_that_is_done()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: ("EightByEight__Regions", "uk"));
        await pipeline.RunAsync();
        var overdue = pipeline.Get<OverdueListing>();
        time.Advance(TimeSpan.FromHours(2));
        using var stopped = new CancellationTokenSource();
        await stopped.CancelAsync();

        await overdue.PlanAsync("ArchiveObject", stopped.Token);

        Assert.Equal(0, await pipeline.CountAsync(QueueNames.ListWindows));
    }

    [Fact]
    public async Task App_whose_timers_never_ran_says_so_after_half_an_hour()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        Assert.Null(await FindAsync(pipeline));

        time.Advance(TimeSpan.FromMinutes(41));

        Assert.Contains("Nothing has been listed since the app was deployed.", await FindAsync(pipeline), StringComparison.Ordinal);
    }

    [Fact]
    public async Task App_whose_timers_never_ran_gets_half_an_hour_from_its_first_start_however_often_it_starts_again()
    {
        var time = new MovableTime();
        await using var first = await Pipeline.StartAsync(azurite, time);
        Assert.Null(await FindAsync(first));
        time.Advance(TimeSpan.FromMinutes(41));

        await using var again = await Pipeline.StartAsync(azurite, time, first.Account, first.Simulator);

        Assert.Contains("Nothing has been listed since the app was deployed.", await FindAsync(again), StringComparison.Ordinal);
        Assert.Equal(await first.Get<FirstStart>().FindAsync(Cancellation), await again.Get<FirstStart>().FindAsync(Cancellation));
    }

    [Fact]
    public async Task Lost_table_of_listings_is_named_at_once_and_the_next_call_plans_a_listing()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: ("EightByEight__Regions", "uk"));
        var item = Add(pipeline, "uk");
        await pipeline.RunAsync();
        await pipeline.AssertArchivedAsync(item);
        Assert.Null(await FindAsync(pipeline));
        var overdue = pipeline.Get<OverdueListing>();

        await pipeline.Account.Tables.GetTableClient(ListingStore.TableName).DeleteAsync(Cancellation);

        Assert.Contains("the table listings was lost", await FindAsync(pipeline), StringComparison.Ordinal);
        var verdict = (await pipeline.Get<StatusReader>().ReadAsync(Cancellation)).Verdict;
        Assert.False(verdict.IsSafe);
        Assert.Contains("All 1 known recordings safe. Newer recordings may be unknown.", verdict.Text, StringComparison.Ordinal);

        time.Advance(TimeSpan.FromMinutes(2));
        await overdue.PlanAsync("GetHealth", Cancellation);
        Assert.NotEqual(0, await pipeline.CountAsync(QueueNames.ListWindows));
        await pipeline.DeliverAllAsync();
        Assert.Null(await FindAsync(pipeline));
    }

    [Fact]
    public async Task First_listing_that_takes_long_makes_nothing_safe_and_is_no_problem_of_health()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__Regions", "uk"));
        var now = TimeProvider.System.GetUtcNow();
        var store = pipeline.Get<ListingStore>();
        await store.TryWriteWatermarkAsync(new WatermarkRow { Region = "uk", Began = now.AddHours(-2), ActiveRun = "first", ActiveSince = now }, Cancellation);
        var window = new WindowMessage { Region = "uk", From = now.AddDays(-2), To = now.AddDays(-1), RunId = "first" };
        await store.CompleteWindowAsync(window, new WindowRow(), Cancellation);

        Assert.Null(await FindAsync(pipeline));
        var verdict = (await pipeline.Get<StatusReader>().ReadAsync(Cancellation)).Verdict;
        Assert.False(verdict.IsSafe);
        Assert.Equal("Newer recordings may be unknown. The first listing of uk is under way.", verdict.Text);
    }

    [Fact]
    public async Task Region_whose_listing_ended_just_now_and_began_hours_ago_is_named()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__Regions", "uk"));
        var now = TimeProvider.System.GetUtcNow();
        await pipeline.Get<ListingStore>().TryWriteWatermarkAsync(
            new WatermarkRow { Region = "uk", Began = now.AddDays(-1), LastCompleted = now, Watermark = now.AddHours(-2) },
            Cancellation);

        Assert.Contains("uk is listed up to", await FindAsync(pipeline), StringComparison.Ordinal);
        Assert.False((await pipeline.Get<StatusReader>().ReadAsync(Cancellation)).Verdict.IsSafe);
    }

    private static SimulatedObject Add(Pipeline pipeline, string region) =>
        pipeline.Simulator.Objects.Add(new ObjectSpecification { Region = region, CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1) });

    /// <summary>What the check of listings says; <see langword="null"/> when it says nothing.</summary>
    private static async Task<string?> FindAsync(Pipeline pipeline)
    {
        using var health = pipeline.Create<HealthReader>();
        return (await health.ReadAsync(Cancellation)).Checks?.SingleOrDefault(check => check.Name == "Listing")?.Message;
    }

    /// <summary>Delivers a region's window again, as the queue would after a delay.</summary>
    private static async Task ListAgainAsync(Pipeline pipeline, string region, int times)
    {
        var store = pipeline.Get<ListingStore>();
        var watermark = (await store.FindWatermarkAsync(region, Cancellation))!;
        foreach (var row in await store.ReadWindowsAsync(watermark.ActiveRun!, Cancellation))
        {
            var window = new WindowMessage { Region = region, From = row.From, To = row.To, RunId = watermark.ActiveRun, Deferrals = 1 };
            for (var time = 0; time < times; time++)
            {
                await Record.ExceptionAsync(() => pipeline.Get<WindowLister>().ListAsync(window, attempt: 1, Cancellation));
            }
        }
    }
}
