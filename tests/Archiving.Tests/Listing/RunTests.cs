using System.Globalization;
using System.Text.Json;
using Archiving.Indexing;
using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Queues;
using Azure.Data.Tables;
using EightByEight;
using Microsoft.Extensions.Time.Testing;
using Operations.Runs;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Archiving.Tests;

/// <summary>Backfill, reconcile and rebuild, on real storage.</summary>
public sealed class RunTests(AzuriteFixture azurite)
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Backfill_covers_a_range_of_some_regions_and_types()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var wanted = new[] { Add(pipeline, days: 90), Add(pipeline, days: 80) };
        var others = new[] { Add(pipeline, days: 200), Add(pipeline, days: 85, type: "voicemail"), Add(pipeline, days: 85, region: "uk") };

        var run = await pipeline.Get<RunStarter>().BackfillAsync(Now.AddDays(-100), Now.AddDays(-50), ["us-east"], ["callrecording"], Cancellation);
        Assert.Equal("Listing", (await pipeline.Get<RunReader>().ReadAsync(run.RunId, Cancellation))!.State);
        await pipeline.DeliverAllAsync();

        foreach (var item in wanted)
        {
            await pipeline.AssertArchivedAsync(item);
        }

        foreach (var item in others)
        {
            Assert.Null(await pipeline.FindAsync(item));
        }

        var progress = await ReadCountedAsync(pipeline, run.RunId);
        Assert.Equal(
            ("Done", "Backfill", 2L, 2L, 2L, 0L, 0L),
            (progress.State, progress.Kind, progress.Listed, progress.Enqueued, progress.Archived, progress.Failed, progress.Waiting));
        Assert.Equal((run.Windows, run.Windows), (progress.Windows.Planned, progress.Windows.Done));
        Assert.InRange(run.Windows, 50, 52);
    }

    [Fact]
    public async Task Backfill_of_27_years_is_answered_at_once_planned_by_the_queue_and_counted_in_two_requests()
    {
        var account = azurite.NewAccount();
        var counter = new OperationCounter(account);
        await using var pipeline = await Pipeline.StartAsync(azurite, account: account, storagePolicy: counter);
        var old = Add(pipeline, days: 9000);
        var to = Now.AddDays(-8995);
        await pipeline.RunAsync();
        counter.Take();

        var run = await pipeline.Get<RunStarter>().BackfillAsync(to.AddYears(-27), to, ["us-east", "uk"], [], Cancellation);

        Assert.InRange(run.Windows, 2 * 27 * 365, 2 * 27 * 367);
        Assert.InRange(counter.Take().Values.Sum(), 1, 12);
        Assert.Equal(2, await pipeline.CountAsync(QueueNames.ListWindows));

        // The first steps: years become months, and months days.
        await pipeline.DeliverAsync(QueueNames.ListWindows, pipeline.ListAsync);
        Assert.InRange(await pipeline.CountAsync(QueueNames.ListWindows), 190, 200);
        counter.Take();
        var progress = (await pipeline.Get<RunReader>().ReadAsync(run.RunId, Cancellation))!;
        Assert.Equal(("Listing", run.Windows, 0), (progress.State, progress.Windows.Planned, progress.Windows.Done));
        Assert.Equal(2, counter.Take().Values.Sum());
        Assert.NotNull(old);
    }

    [Fact]
    public async Task Run_of_many_months_lists_every_day_once_though_messages_come_twice()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var items = Enumerable.Range(0, 6).Select(number => Add(pipeline, days: 45 + (number * 20))).ToList();
        var run = await pipeline.Get<RunStarter>().BackfillAsync(Now.AddDays(-160), Now.AddDays(-40), ["us-east"], [], Cancellation);
        while (await pipeline.DeliverAsync(QueueNames.ListWindows, ListTwiceAsync) > 0)
        {
        }

        await pipeline.DeliverAllAsync();
        foreach (var item in items)
        {
            await pipeline.AssertArchivedAsync(item);
        }

        var windows = await pipeline.Get<ListingStore>().ReadWindowsAsync(run.RunId, Cancellation);
        var progress = await ReadCountedAsync(pipeline, run.RunId);
        Assert.Equal(run.Windows, windows.Count(window => !window.IsCut));
        Assert.True(windows.Count(window => window.IsCut) > 30, "Too few parts of several days: a run of up to 100 days is cut into its days at once.");
        Assert.Equal(
            ("Done", new RunWindows(run.Windows, run.Windows, 0), 6L, 6L, 6L),
            (progress.State, progress.Windows, progress.Listed, progress.Enqueued, progress.Archived));

        async Task ListTwiceAsync(Azure.Storage.Queues.Models.QueueMessage message)
        {
            await pipeline.ListAsync(message);
            await pipeline.ListAsync(message);
        }
    }

    [Fact]
    public async Task Backfill_that_is_under_way_is_resumed_and_another_begins_after_it()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        Add(pipeline, days: 90);
        var starter = pipeline.Get<RunStarter>();
        var first = await starter.BackfillAsync(Now.AddDays(-91), Now.AddDays(-89), [], [], Cancellation);
        await pipeline.Account.Queues.GetQueueClient(QueueNames.ListWindows).ClearMessagesAsync(Cancellation);

        var again = await starter.BackfillAsync(Now.AddDays(-91), Now.AddDays(-89), [], [], Cancellation);
        Assert.Equal(first, again);
        await pipeline.DeliverAllAsync();
        Assert.Equal("Done", (await pipeline.Get<RunReader>().ReadAsync(first.RunId, Cancellation))!.State);

        var later = await starter.BackfillAsync(Now.AddDays(-91), Now.AddDays(-89), [], [], Cancellation);
        Assert.NotEqual(first.RunId, later.RunId);
        await pipeline.DeliverAllAsync();
        var progress = await pipeline.Get<RunReader>().ReadAsync(later.RunId, Cancellation);
        Assert.Equal(("Done", 1L, 0L), (progress!.State, progress.Listed, progress.Enqueued));
    }

    [Fact]
    public async Task Backfill_that_is_not_done_is_resumed_after_midnight_and_others_are_not()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 10, 23, 50, 0, TimeSpan.Zero));
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        var starter = pipeline.Get<RunStarter>();
        var (from, to) = (time.GetUtcNow().AddDays(-91), time.GetUtcNow().AddDays(-89));
        var first = await starter.BackfillAsync(from, to, [], [], Cancellation);
        await pipeline.Account.Queues.GetQueueClient(QueueNames.ListWindows).ClearMessagesAsync(Cancellation);
        time.Advance(TimeSpan.FromMinutes(20));

        Assert.NotEqual(first.RunId, (await starter.BackfillAsync(from, to, ["uk"], [], Cancellation)).RunId);
        Assert.NotEqual(first.RunId, (await starter.BackfillAsync(from, to, [], ["voicemail"], Cancellation)).RunId);
        Assert.NotEqual(first.RunId, (await starter.BackfillAsync(from, to.AddDays(1), [], [], Cancellation)).RunId);
        Assert.Equal(first, await starter.BackfillAsync(from, to, [], [], Cancellation));
        time.Advance(TimeSpan.FromDays(5));
        Assert.Equal(first, await starter.BackfillAsync(from, to, [], [], Cancellation));
        await pipeline.DeliverAllAsync();
        Assert.Equal("Done", (await pipeline.Get<RunReader>().ReadAsync(first.RunId, Cancellation))!.State);
        var second = await starter.BackfillAsync(from, to, [], [], Cancellation);
        Assert.NotEqual(first.RunId, second.RunId);

        // Soon it would be forgotten while it is under way.
        time.Advance(TimeSpan.FromDays(6.1));
        Assert.NotEqual(second.RunId, (await starter.BackfillAsync(from, to, [], [], Cancellation)).RunId);
    }

    [Fact]
    public async Task Reconcile_that_is_not_done_is_resumed_for_a_day_and_then_makes_room_for_the_next()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 10, 23, 50, 0, TimeSpan.Zero));
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        pipeline.Simulator.Objects.Add(new ObjectSpecification { Bytes = 1000, CreatedTime = time.GetUtcNow().AddDays(-2) });
        var starter = pipeline.Get<RunStarter>();
        var first = await starter.ReconcileAsync(Cancellation);
        time.Advance(TimeSpan.FromHours(9));
        Assert.Equal(first, await starter.ReconcileAsync(Cancellation));

        time.Advance(TimeSpan.FromHours(16));
        var second = await starter.ReconcileAsync(Cancellation);
        Assert.NotEqual(first.RunId, second.RunId);
        Assert.Equal(second, await starter.ReconcileAsync(Cancellation));
    }

    [Fact]
    public async Task Window_that_failed_and_is_listed_by_the_resumed_run_is_named_no_more()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var starter = pipeline.Get<RunStarter>();
        var run = await starter.BackfillAsync(Now.AddDays(-91), Now.AddDays(-90), ["us-east"], [], Cancellation);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "search", Kind = FaultKind.Status, Status = 400 });
        await ListAllAsync(pipeline);
        var store = pipeline.Get<ListingStore>();
        Assert.NotEmpty(await store.ReadFailuresAsync(Cancellation));
        Assert.Equal("Listing", (await pipeline.Get<RunReader>().ReadAsync(run.RunId, Cancellation))!.State);

        pipeline.Simulator.Faults.Set();
        Assert.Equal(run.RunId, (await starter.BackfillAsync(Now.AddDays(-91), Now.AddDays(-90), ["us-east"], [], Cancellation)).RunId);
        await ListAllAsync(pipeline);

        Assert.Empty(await store.ReadFailuresAsync(Cancellation));
        Assert.Equal("Done", (await pipeline.Get<RunReader>().ReadAsync(run.RunId, Cancellation))!.State);
    }

    [Fact]
    public async Task Run_splits_a_busy_window_and_still_counts_each_record_once()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, maxPages: 2, settings: ("Archive__Enabled", "false"));
        var day = Now.AddDays(-3);
        for (var number = 0; number < 1200; number++)
        {
            pipeline.Simulator.Objects.Add(new ObjectSpecification { Bytes = 1, CreatedTime = day.AddSeconds(number * 20 / 3) });
        }

        var run = await pipeline.Get<RunStarter>().BackfillAsync(day.AddHours(-1), day.AddHours(4), ["us-east"], [], Cancellation);
        await pipeline.DeliverAllAsync();

        var progress = await pipeline.Get<RunReader>().ReadAsync(run.RunId, Cancellation);
        Assert.Equal((1200L, 1200L), (progress!.Listed, progress.Enqueued));
        Assert.True(progress.Windows.Planned > 5, $"{progress.Windows.Planned} windows");
        Assert.NotNull(progress.CompletedAt);
    }

    [Fact]
    public async Task Run_that_never_was_is_not_found()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);

        Assert.Null(await pipeline.Get<RunReader>().ReadAsync("backfill/../x", Cancellation));
    }

    [Fact]
    public async Task Reconcile_does_not_miss_what_was_archived_after_it_read_the_receipts()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__Regions", "uk"));
        var now = TimeProvider.System.GetUtcNow();
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { Region = "uk", Bytes = 10, CreatedTime = now.AddHours(-1) });
        var window = new WindowMessage { Region = "uk", From = now.AddHours(-2), To = now, Kind = WindowKind.Reconcile, Field = TimeField.CreatedTime };
        var comparison = await pipeline.Get<ReconcileAudit>().StartAsync(window, Cancellation);
        await pipeline.RunAsync();
        await pipeline.AssertArchivedAsync(item);
        var record = await pipeline.Get<CloudStorageClient>().GetObjectAsync("uk", item.Id, Cancellation);

        var page = await pipeline.Get<ObjectIntake>().TakeAsync(window, [record], [], comparison, Cancellation);

        Assert.Equal((Finding.Archived, false), Assert.Single(page.Records) is var intake ? (intake.Finding, intake.IsQueued) : default);
    }

    [Fact]
    public async Task Reconcile_compares_8x8_ledger_and_receipts_both_ways()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("Retention__DefaultDays", "25"));
        var whole = Add(pipeline, days: 5);
        var receiptless = Add(pipeline, days: 5);
        var rowless = Add(pipeline, days: 6);
        var changed = Add(pipeline, days: 7);
        var vanished = Add(pipeline, days: 8, region: "uk");
        await pipeline.RunAsync();
        var neverSeen = Add(pipeline, days: 60, type: "transcription");
        var atRisk = Add(pipeline, days: 24);

        await pipeline.Container.DeleteBlobAsync((await pipeline.FindAsync(receiptless))!.Blob + ".meta.json", cancellationToken: Cancellation);
        var row = await pipeline.FindAsync(rowless);
        await pipeline.Account.Tables.GetTableClient("objects").DeleteEntityAsync(row!.PartitionKey, row.RowKey, cancellationToken: Cancellation);
        pipeline.Simulator.Objects.ReplaceContent(changed.Region, changed.Id, seed: 5, bytes: 777);
        pipeline.Simulator.Objects.Remove(vanished.Region, vanished.Id);

        var run = await pipeline.Get<RunStarter>().ReconcileAsync(Cancellation);
        await pipeline.DeliverAllAsync();

        foreach (var item in new[] { whole, receiptless, rowless, changed, neverSeen, atRisk })
        {
            await pipeline.AssertArchivedAsync(item);
        }

        Assert.Equal("Archived", await pipeline.StateAsync(vanished));
        using var report = JsonDocument.Parse(
            await pipeline.Get<ReconcileReports>().ReadLatestAsync(Cancellation) ?? throw new InvalidOperationException("There is no report."));
        var total = report.RootElement.GetProperty("total");
        TestContext.Current.TestOutputHelper?.WriteLine(report.RootElement.ToString());
        Assert.Equal(run.RunId, report.RootElement.GetProperty("runId").GetString());
        Assert.Equal(
            (6, 1, 4, 1, 1),
            (Count(total, "source"), Count(total, "archived"), Count(total, "missing"), Count(total, "changed"), Count(total, "onlyHere")));
        Assert.Equal(2, Count(total, "atRisk"));
        var uk = Assert.Single(report.RootElement.GetProperty("days").EnumerateArray(), day => day.GetProperty("region").GetString() == "uk");
        Assert.Equal((0, 1), (Count(uk, "source"), Count(uk, "onlyHere")));
        var markdown = (await pipeline.ReadContainerAsync()).Single(blob => blob.Key.EndsWith(".md", StringComparison.Ordinal));
        Assert.Matches("^_reports/reconcile/[0-9]{4}-[0-9]{2}-[0-9]{2}\\.md$", markdown.Key);
        Assert.Contains("**1 of 6 objects are archived.**", markdown.Value.ToString(), StringComparison.Ordinal);

        await pipeline.Get<RunStarter>().ReconcileAsync(Cancellation);
        await pipeline.DeliverAllAsync();
        Assert.Contains(
            "**Complete.**",
            (await pipeline.ReadContainerAsync()).Single(blob => blob.Key.EndsWith(".md", StringComparison.Ordinal)).Value.ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reconcile_has_a_share_of_the_days_indexed_again_so_that_a_lost_entry_is_found_again()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 10, 5, 0, 0, TimeSpan.Zero));
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        var first = AddAt(days: 13);
        var second = AddAt(days: 12);
        await pipeline.RunAsync();
        await pipeline.Get<ObjectIndexer>().IndexAsync(Cancellation);
        var table = pipeline.Account.Tables.GetTableClient(SearchIndex.TableName);
        await foreach (var row in table.QueryAsync<TableEntity>("PartitionKey ne 'day' or RowKey ne '~start'", cancellationToken: Cancellation))
        {
            await table.DeleteEntityAsync(row, cancellationToken: Cancellation);
        }

        Assert.Equal((false, false), (await IsFoundAsync(first), await IsFoundAsync(second)));
        await ReconcileAsync();
        Assert.Equal((true, false), (await IsFoundAsync(first), await IsFoundAsync(second)));
        time.Advance(TimeSpan.FromDays(1));
        await ReconcileAsync();
        Assert.Equal((true, true), (await IsFoundAsync(first), await IsFoundAsync(second)));

        SimulatedObject AddAt(int days) =>
            pipeline.Simulator.Objects.Add(new ObjectSpecification { Bytes = 1000, CreatedTime = time.GetUtcNow().AddDays(-days) });

        async Task ReconcileAsync()
        {
            await pipeline.Get<RunStarter>().ReconcileAsync(Cancellation);
            await pipeline.DeliverAllAsync();
            await pipeline.Get<ObjectIndexer>().IndexAsync(Cancellation);
            Assert.Empty(await pipeline.Get<SearchIndex>().ReadRepairsAsync(Cancellation));
        }

        async Task<bool> IsFoundAsync(SimulatedObject item) =>
            await pipeline.Get<ObjectFinder>().FindAsync(item.Region, item.Id, created: null, Cancellation) is not null;
    }

    [Fact]
    public async Task Reconcile_compares_what_claims_to_be_decades_old_both_ways_and_in_one_window()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var recent = Add(pipeline, days: 5);
        var whole = AddMade(pipeline, DateTimeOffset.UnixEpoch);
        var vanished = AddMade(pipeline, new DateTimeOffset(1985, 3, 1, 23, 59, 59, TimeSpan.Zero));
        var rowless = AddMade(pipeline, new DateTimeOffset(1999, 12, 31, 23, 59, 59, TimeSpan.Zero));
        var receiptless = AddMade(pipeline, new DateTimeOffset(2001, 2, 3, 4, 5, 6, TimeSpan.Zero));
        await pipeline.RunAsync();
        var neverSeen = pipeline.Simulator.Objects
            .Add(new ObjectSpecification { Bytes = 1000, CreatedTime = new DateTimeOffset(2009, 12, 31, 0, 0, 0, TimeSpan.Zero) });
        pipeline.Simulator.Objects.Remove(vanished.Region, vanished.Id);
        pipeline.Simulator.Objects.Remove(rowless.Region, rowless.Id);
        var row = (await pipeline.FindAsync(rowless))!;
        await pipeline.Account.Tables.GetTableClient("objects").DeleteEntityAsync(row.PartitionKey, row.RowKey, cancellationToken: Cancellation);
        await pipeline.Container.DeleteBlobAsync((await pipeline.FindAsync(receiptless))!.Blob + ".meta.json", cancellationToken: Cancellation);

        var run = await pipeline.Get<RunStarter>().ReconcileAsync(Cancellation);
        await pipeline.DeliverAllAsync();

        // Five or six days from the recent one on, and one window for all before.
        Assert.InRange(run.Windows, 6, 8);
        foreach (var item in new[] { recent, whole, vanished, rowless, receiptless, neverSeen })
        {
            await pipeline.AssertArchivedAsync(item);
        }

        using var report = JsonDocument.Parse(
            await pipeline.Get<ReconcileReports>().ReadLatestAsync(Cancellation) ?? throw new InvalidOperationException("There is no report."));
        var old = Assert.Single(report.RootElement.GetProperty("days").EnumerateArray(), day => day.GetProperty("day").GetString() == "1970-01-01");
        Assert.Equal((3, 1, 2, 1, 1), (Count(old, "source"), Count(old, "archived"), Count(old, "missing"), Count(old, "onlyHere"), Count(old, "restored")));
        var total = report.RootElement.GetProperty("total");
        Assert.Equal(
            (4, 2, 2, 1, 1),
            (Count(total, "source"), Count(total, "archived"), Count(total, "missing"), Count(total, "onlyHere"), Count(total, "restored")));
    }

    [Fact]
    public async Task Run_splits_a_busy_window_of_decades_and_still_counts_each_record_once()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, maxPages: 1, settings: ("Archive__Enabled", "false"));
        var year = new DateTimeOffset(1980, 1, 1, 12, 0, 0, TimeSpan.Zero);
        for (var number = 0; number < 350; number++)
        {
            pipeline.Simulator.Objects.Add(new ObjectSpecification { Bytes = 1, CreatedTime = year.AddDays(number * 5) });
        }

        var run = await pipeline.Get<RunStarter>().ReconcileAsync(Cancellation);
        await pipeline.DeliverAllAsync();

        Assert.Equal(1, run.Windows);
        var progress = (await pipeline.Get<RunReader>().ReadAsync(run.RunId, Cancellation))!;
        Assert.Equal((350L, 350L), (progress.Listed, progress.Enqueued));
        Assert.True(progress.Windows.Planned > 3, $"{progress.Windows.Planned} windows");
        Assert.NotNull(progress.CompletedAt);
    }

    [Fact]
    public async Task Reconcile_begins_at_the_oldest_where_8x8_does_not_sort_as_it_is_asked_to()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__Regions", "us-east"));
        pipeline.Simulator.Objects.Search = new SearchBehaviour { SortsBackwards = true };
        for (var number = 0; number < 250; number++)
        {
            pipeline.Simulator.Objects.Add(new ObjectSpecification { Bytes = 1, CreatedTime = Now.AddHours(-number) });
        }

        var windows = (await pipeline.Get<RunPlanner>().PlanReconcileAsync(Now.AddMinutes(1), Cancellation)).Windows;

        Assert.Equal(Now.AddHours(-249).UtcDateTime.Date, windows.Min(window => window.From).UtcDateTime);
    }

    [Theory]
    [InlineData("1970-01-01")]
    [InlineData("2010-01-01")]
    [InlineData("2013-06-01")]
    public async Task Run_plans_no_more_windows_than_a_run_holds_whatever_the_oldest_rows_say(string oldest)
    {
        string[] regions = ["us-west", "us-east", "uk", "ap", "ca"];
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__Regions", string.Join(',', regions)));
        var first = DateTimeOffset.Parse(oldest, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        foreach (var (region, made) in regions.SelectMany(region => new[] { (region, first), (region, Now.AddDays(-3990)) }))
        {
            var record = EightByEight.StorageObject
                .Parse(BinaryData.FromObjectAsJson(new { id = $"{made.Year}", type = "callrecording", createdTime = made.UtcDateTime }));
            await pipeline.Get<ObjectLedger>().ReplaceAsync(LedgerEntry.Queued(region, record, Now), Cancellation);
        }

        var plan = await pipeline.Get<RunPlanner>().PlanReconcileAsync(Now, Cancellation);

        var windows = plan.Windows;
        Assert.InRange(plan.Days!.Value, regions.Length, RunPlanner.MaxWindows);
        foreach (var region in windows.GroupBy(window => window.Region))
        {
            var end = first;
            foreach (var window in region)
            {
                Assert.Equal(end, window.From);
                Assert.True(window.To > window.From);
                end = window.To;
            }

            Assert.Equal(Now, end);
        }

        Assert.Equal(regions.Order(StringComparer.Ordinal), windows.Select(window => window.Region).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Reconcile_repairs_a_row_that_says_less_than_its_receipt()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline, days: 2);
        await pipeline.RunAsync();
        var row = await pipeline.FindAsync(item);
        pipeline.Simulator.Objects.Remove(item.Region, item.Id);
        row!.State = nameof(LedgerState.Failed);
        row.Blob = null;
        await pipeline.Get<ObjectLedger>().ReplaceAsync(row, Cancellation);

        await pipeline.Get<RunStarter>().ReconcileAsync(Cancellation);
        await pipeline.DeliverAllAsync();

        await pipeline.AssertArchivedAsync(item);
    }

    [Fact]
    public async Task Reconcile_of_an_account_without_objects_ends()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);

        var run = await pipeline.Get<RunStarter>().ReconcileAsync(Cancellation);

        Assert.Equal("Done", (await pipeline.Get<RunReader>().ReadAsync(run.RunId, Cancellation))!.State);
        Assert.NotNull(await pipeline.Get<ReconcileReports>().ReadLatestAsync(Cancellation));
    }

    [Fact]
    public async Task Reconcile_queues_after_archiving_is_switched_on_what_was_listed_without()
    {
        await using var off = await Pipeline.StartAsync(azurite, settings: ("Archive__Enabled", "false"));
        var item = Add(off, days: 2);
        await off.RunAsync();
        Assert.Equal("Queued", await off.StateAsync(item));
        Assert.Empty(await off.ReadContainerAsync());

        var simulator = off.Simulator;
        await using var on = await Pipeline.StartAsync(azurite, account: off.Account, simulator: simulator);
        await on.Get<RunStarter>().ReconcileAsync(Cancellation);
        await on.DeliverAllAsync();

        await on.AssertArchivedAsync(item);
    }

    [Theory]
    [InlineData("AVAILABLE")]
    [InlineData("ARCHIVED")]
    public async Task Reconcile_ends_the_wait_for_what_was_listed_without_archiving_and_went_before_it_was_switched_on(string state)
    {
        await using var off = await Pipeline.StartAsync(azurite, settings: ("Archive__Enabled", "false"));
        var item = off.Simulator.Objects.Add(new ObjectSpecification { Bytes = 1000, CreatedTime = Now.AddDays(-2), State = state });
        var listed = Add(off, days: 1);
        await off.RunAsync();
        off.Simulator.Objects.Remove(item.Region, item.Id);
        await off.Get<RunStarter>().ReconcileAsync(Cancellation);
        await off.DeliverAllAsync();
        Assert.Equal("Queued", await off.StateAsync(item));
        Assert.Equal((0, 0), (await off.CountAsync(QueueNames.ArchiveObjects), await off.CountAsync(QueueNames.RestoreObjects)));

        await using var on = await Pipeline.StartAsync(azurite, account: off.Account, simulator: off.Simulator);
        await on.Get<RunStarter>().ReconcileAsync(Cancellation);
        await on.DeliverAllAsync();

        Assert.Equal("Gone", await on.StateAsync(item));
        await on.AssertArchivedAsync(listed);
    }

    [Fact]
    public async Task Reconcile_queues_once_what_8x8_no_longer_lists_however_often_it_is_compared()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        var item = Add(pipeline, days: 2);
        await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation);
        await ListAllAsync(pipeline);
        await ClearAsync(pipeline);
        pipeline.Simulator.Objects.Remove(item.Region, item.Id);
        time.Advance(TimeSpan.FromHours(7));

        for (var run = 0; run < 2; run++)
        {
            await pipeline.Get<RunStarter>().ReconcileAsync(Cancellation);
            await ListAllAsync(pipeline);
        }

        Assert.Equal(1, await pipeline.CountAsync(QueueNames.ArchiveObjects));
    }

    [Theory]
    [InlineData(LedgerState.Queued, 5, false)]
    [InlineData(LedgerState.Queued, 7, true)]
    [InlineData(LedgerState.Restoring, 71, false)]
    [InlineData(LedgerState.Restoring, 73, true)]
    public async Task Reconcile_queues_again_what_8x8_no_longer_lists_once_its_message_may_be_lost(LedgerState state, int hours, bool isQueued)
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        var item = pipeline.Simulator.Objects
            .Add(new ObjectSpecification { CreatedTime = Now.AddDays(-2), State = state == LedgerState.Restoring ? "ARCHIVED" : "AVAILABLE" });
        await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation);
        await ListAllAsync(pipeline);
        if (state == LedgerState.Restoring)
        {
            await pipeline.DeliverAsync(QueueNames.RestoreObjects, pipeline.RestoreAsync);
        }

        Assert.Equal(state.ToString(), await pipeline.StateAsync(item));
        await ClearAsync(pipeline);
        pipeline.Simulator.Objects.Remove(item.Region, item.Id);
        time.Advance(TimeSpan.FromHours(hours));

        await pipeline.Get<RunStarter>().ReconcileAsync(Cancellation);
        await ListAllAsync(pipeline);

        var queue = state == LedgerState.Restoring ? QueueNames.RestoreObjects : QueueNames.ArchiveObjects;
        Assert.Equal(isQueued ? 1 : 0, await pipeline.CountAsync(queue));
        if (isQueued)
        {
            // The message of a restore is hidden for some seconds, until the row names its ticket.
            await pipeline.DeliverUntilAsync([item], found => found == "Gone", "nothing waits for it any more");
        }
    }

    [Theory]
    [InlineData(true, "Gone")]
    [InlineData(false, "Failed")]
    public async Task Reconcile_finds_out_whether_8x8_still_has_what_failed(bool isDeleted, string expected)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline, days: 2);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Status, Status = 403, Body = "Access is denied." });
        await pipeline.RunAsync();
        Assert.Equal("Failed", await pipeline.StateAsync(item));
        if (isDeleted)
        {
            pipeline.Simulator.Objects.Remove(item.Region, item.Id);
        }

        await pipeline.Get<RunStarter>().ReconcileAsync(Cancellation);
        await ListAllAsync(pipeline);

        Assert.Equal("Queued", await pipeline.StateAsync(item));
        await pipeline.DeliverUntilAsync([item], found => found == expected, "8x8 was asked");
    }

    [Fact]
    public async Task Reconcile_does_not_ask_for_what_is_lost_here_and_at_8x8()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline, days: 2);
        await pipeline.RunAsync();
        var row = (await pipeline.FindAsync(item))!;
        (row.State, row.Damaged) = (nameof(LedgerState.Failed), row.Blob);
        await pipeline.Account.Blobs.GetBlobContainerClient("recordings").DeleteBlobAsync(row.Blob, cancellationToken: Cancellation);
        await pipeline.Get<ObjectLedger>().ReplaceAsync(row, Cancellation);
        pipeline.Simulator.Objects.Remove(item.Region, item.Id);

        await pipeline.Get<RunStarter>().ReconcileAsync(Cancellation);
        await ListAllAsync(pipeline);

        Assert.Equal(("Failed", 0), (await pipeline.StateAsync(item), await pipeline.CountAsync(QueueNames.ArchiveObjects)));
    }

    [Fact]
    public async Task Rebuild_makes_the_ledger_from_the_receipts_alone()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var items = Enumerable.Range(0, 40).Select(
            number => Add(
                pipeline,
                days: number % 9 + 1,
                region: number % 4 == 0 ? "uk" : "us-east",
                type: number % 3 == 0 ? "voicemail" : "callrecording")).ToList();
        var odd = pipeline.Simulator.Objects.Add(new ObjectSpecification { Id = "..", Type = "a/b +", CreatedTime = Now.AddDays(-4), State = "AVAILABLE" });
        pipeline.Simulator.Objects.Remove(odd.Region, odd.Id);
        await pipeline.RunAsync();
        var before = await ReadLedgerAsync(pipeline);
        Assert.Equal(40, before.Count);
        await pipeline.Account.Tables.GetTableClient("objects").DeleteAsync(Cancellation);
        await pipeline.Simulator.DisposeAsync();

        await using var rebuilt = await Pipeline.StartAsync(azurite, account: pipeline.Account);
        var run = await rebuilt.Get<RunStarter>().RebuildAsync(Cancellation);
        await rebuilt.DeliverAllAsync();

        Assert.Equal(before, await ReadLedgerAsync(rebuilt));
        var progress = await rebuilt.Get<RunReader>().ReadAsync(run.RunId, Cancellation);
        Assert.Equal(("Done", 40L), (progress!.State, progress.Listed));
    }

    [Fact]
    public async Task Runs_are_forgotten_after_a_week()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(Now);
        await using var pipeline = await Pipeline.StartAsync(azurite, time: time);
        await pipeline.RunAsync();
        var table = pipeline.Account.Tables.GetTableClient("listings");
        var old = await table.QueryAsync<TableEntity>(row => row.PartitionKey == "run", cancellationToken: Cancellation).ToListAsync(Cancellation);
        Assert.NotEmpty(old);
        time.Advance(TimeSpan.FromDays(8));
        await pipeline.RunAsync();

        foreach (var run in old)
        {
            Assert.Null(await pipeline.Get<RunReader>().ReadAsync(run.RowKey, Cancellation));
            Assert.Empty(await pipeline.Get<ListingStore>().ReadWindowsAsync(run.RowKey, Cancellation));
        }
    }

    /// <summary>A run's progress when its objects are counted: by the first answer, or where that takes too long, by the queue.</summary>
    private static async Task<RunProgress> ReadCountedAsync(Pipeline pipeline, string runId)
    {
        await pipeline.Get<RunReader>().ReadAsync(runId, Cancellation);
        await pipeline.DeliverAllAsync();
        return (await pipeline.Get<RunReader>().ReadAsync(runId, Cancellation))!;
    }

    private static async Task ListAllAsync(Pipeline pipeline)
    {
        while (await pipeline.DeliverAsync(QueueNames.ListWindows, pipeline.ListAsync) > 0)
        {
        }
    }

    /// <summary>Loses every message.</summary>
    private static async Task ClearAsync(Pipeline pipeline)
    {
        foreach (var name in new[] { QueueNames.ArchiveObjects, QueueNames.RestoreObjects })
        {
            var queue = pipeline.Account.Queues.GetQueueClient(name);
            if (await queue.ExistsAsync(Cancellation))
            {
                await queue.ClearMessagesAsync(Cancellation);
            }
        }
    }

    private static int Count(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private static async Task<SortedDictionary<string, string>> ReadLedgerAsync(Pipeline pipeline)
    {
        var rows = new SortedDictionary<string, string>(StringComparer.Ordinal);
        await foreach (var entry in pipeline.Get<ObjectLedger>().SearchAsync("PartitionKey ge ''", columns: null, Cancellation))
        {
            // What a receipt cannot tell: by which run it came.
            entry.Run = null;
            entry.Timestamp = null;
            entry.ETag = default;
            rows[$"{entry.PartitionKey}/{entry.RowKey}"] = JsonSerializer.Serialize(entry);
        }

        return rows;
    }

    /// <summary>Changed lately, so that the listing finds it.</summary>
    private static SimulatedObject AddMade(Pipeline pipeline, DateTimeOffset made) =>
        pipeline.Simulator.Objects.Add(new ObjectSpecification { Bytes = 1000, CreatedTime = made, UpdatedTime = Now.AddDays(-2) });

    private static SimulatedObject Add(Pipeline pipeline, int days, string type = "callrecording", string region = "us-east") =>
        pipeline.Simulator.Objects
            .Add(new ObjectSpecification { Region = region, Type = type, Bytes = 1000, CreatedTime = Now.AddDays(-days).AddSeconds(-30) });
}
