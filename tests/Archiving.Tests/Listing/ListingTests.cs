using System.Collections.Concurrent;
using System.Text.Json;
using Archiving.Copying;
using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Queues;
using EightByEight;
using Microsoft.Extensions.Time.Testing;
using Operations.Runs;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Archiving.Tests;

/// <summary>Windows, watermarks, and what a listing costs, on real storage.</summary>
public sealed class ListingTests(AzuriteFixture azurite)
{
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Region_is_on_record_before_another_is_planned()
    {
        var beforeWindow = new RequestHook(request => request.Uri.Path.EndsWith($"/{QueueNames.ListWindows}/messages", StringComparison.Ordinal))
        {
            Action = () => throw new InvalidOperationException("The app ended here."),
        };
        await using var pipeline = await Pipeline.StartAsync(azurite, storagePolicy: beforeWindow);

        await Assert.ThrowsAsync<InvalidOperationException>(() => pipeline.Get<ListingPlanner>().PlanAsync(Cancellation));

        var watermarks = await pipeline.Get<ListingStore>().ReadWatermarksAsync(Cancellation);
        Assert.Equal(["uk", "us-east"], watermarks.Select(watermark => watermark.Region).Order(StringComparer.Ordinal));
        Assert.All(watermarks, watermark => Assert.Null(watermark.ActiveRun));
    }

    [Fact]
    public async Task Listing_starts_where_the_setting_says_and_ends_before_now()
    {
        await using var pipeline = await Pipeline.StartAsync(
            azurite,
            _time,
            settings:
            [
                ("EightByEight__Regions", "uk"),
                ("Listing__StartFrom", $"{_time.GetUtcNow().AddDays(-20):yyyy-MM-dd}"),
                ("Listing__SettleSeconds", "60"),
            ]);
        await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation);

        var windows = await WindowsAsync(pipeline, "uk");

        Assert.Equal(new DateTimeOffset(_time.GetUtcNow().AddDays(-20).UtcDateTime.Date, TimeSpan.Zero), windows[0].From);
        Assert.InRange(_time.GetUtcNow() - windows[^1].To, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(61));
        Assert.All(windows.Zip(windows.Skip(1)), pair => Assert.Equal(pair.First.To, pair.Second.From));
        Assert.All(windows, window => Assert.True(window.To - window.From <= TimeSpan.FromDays(1)));
    }

    [Fact]
    public async Task Listing_moves_the_watermark_when_the_last_window_is_done_and_not_before()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, _time, settings: [("EightByEight__Regions", "uk"), ("Listing__SettleSeconds", "0")]);
        await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation);
        var windows = await WindowsAsync(pipeline, "uk");
        foreach (var window in windows.Skip(1))
        {
            await pipeline.Get<WindowLister>().ListAsync(window, attempt: 1, Cancellation);
        }

        Assert.Null((await pipeline.Get<ListingStore>().FindWatermarkAsync("uk", Cancellation))!.Watermark);
        await pipeline.Get<WindowLister>().ListAsync(windows[0], attempt: 1, Cancellation);

        Assert.Equal(windows[^1].To, (await pipeline.Get<ListingStore>().FindWatermarkAsync("uk", Cancellation))!.Watermark);
    }

    [Fact]
    public async Task Listing_plans_nothing_while_a_run_is_under_way_and_again_when_nothing_moves_for_half_an_hour()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, _time, settings: ("EightByEight__Regions", "uk"));
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { Region = "uk", CreatedTime = _time.GetUtcNow().AddDays(-2) });
        var planner = pipeline.Get<ListingPlanner>();
        Assert.True(await planner.PlanAsync(Cancellation) > 0);
        var lost = await WindowsAsync(pipeline, "uk");
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(0, await planner.PlanAsync(Cancellation));

        // Every message is lost, those of objects too: the window was listed, and what it queued never came.
        while (await pipeline.DeliverAsync(QueueNames.ListWindows, _ => Task.CompletedTask) > 0)
        {
        }

        _time.Advance(TimeSpan.FromMinutes(31));
        Assert.True(await planner.PlanAsync(Cancellation) > 0);
        Assert.All(await WindowsAsync(pipeline, "uk"), window => Assert.Equal(window.From < lost[^1].To, window.Resend));
        await pipeline.DeliverAllAsync();

        await pipeline.AssertArchivedAsync(item);
    }

    [Fact]
    public async Task Listing_begins_again_at_a_window_that_failed_for_good()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, _time, settings: ("EightByEight__Regions", "uk"));
        await pipeline.RunAsync();
        var watermark = (await pipeline.Get<ListingStore>().FindWatermarkAsync("uk", Cancellation))!.Watermark;
        var failed = new WindowMessage { Region = "uk", From = watermark!.Value.AddDays(-5), To = watermark.Value.AddDays(-4), RunId = "listing-uk-old" };

        await pipeline.Get<WindowFailureRecorder>().RecordAsync(failed, Cancellation);
        _time.Advance(TimeSpan.FromMinutes(10));
        await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation);

        Assert.Equal(failed.From, (await WindowsAsync(pipeline, "uk"))[0].From);
        await pipeline.DeliverAllAsync();
        _time.Advance(TimeSpan.FromMinutes(10));
        await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation);
        Assert.True((await WindowsAsync(pipeline, "uk"))[0].From >= watermark.Value.AddHours(-1));
    }

    [Fact]
    public async Task Failed_window_of_a_backfill_leaves_no_object_queued_without_a_message()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, _time, settings: ("EightByEight__Regions", "uk"));
        var created = _time.GetUtcNow().AddDays(-50);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { Region = "uk", CreatedTime = created, UpdatedTime = created });
        var run = await pipeline.Get<RunStarter>().BackfillAsync(created.AddHours(-1), created.AddHours(1), ["uk"], [], Cancellation);
        while (await pipeline.DeliverAsync(QueueNames.ListWindows, pipeline.ListAsync) > 0)
        {
        }

        // The row is written, and the window crashed before it sent the message.
        Assert.Equal(1, await pipeline.DeliverAsync(QueueNames.ArchiveObjects, _ => Task.CompletedTask));
        var failed = new WindowMessage
        {
            Region = "uk",
            From = created.AddHours(-1),
            To = created.AddHours(1),
            Field = TimeField.CreatedTime,
            Kind = WindowKind.Backfill,
            RunId = run.RunId,
        };

        await pipeline.Get<WindowFailureRecorder>().RecordAsync(failed, Cancellation);
        await pipeline.DeliverAllAsync();

        await pipeline.AssertArchivedAsync(item);
    }

    [Fact]
    public async Task Listing_survives_two_planners_at_once()
    {
        await using var one = await Pipeline.StartAsync(azurite, _time, settings: ("EightByEight__Regions", "uk"));
        await using var two = await Pipeline.StartAsync(
            azurite,
            _time,
            account: one.Account,
            simulator: one.Simulator,
            settings: ("EightByEight__Regions", "uk"));
        var items = Enumerable.Range(0, 20)
            .Select(hour => one.Simulator.Objects.Add(new ObjectSpecification { Region = "uk", CreatedTime = _time.GetUtcNow().AddHours(-hour - 1) }))
            .ToList();

        await Task.WhenAll(one.Get<ListingPlanner>().PlanAsync(Cancellation), two.Get<ListingPlanner>().PlanAsync(Cancellation));
        await Task.WhenAll(one.DeliverAllAsync(), two.DeliverAllAsync());
        await one.DeliverAllAsync();

        foreach (var item in items)
        {
            await one.AssertArchivedAsync(item);
        }

        Assert.Equal(40, (await one.ReadContainerAsync()).Count);
        _time.Advance(TimeSpan.FromMinutes(10));
        await one.RunAsync();
        Assert.NotNull((await one.Get<ListingStore>().FindWatermarkAsync("uk", Cancellation))!.Watermark);
    }

    [Fact]
    public async Task Listing_costs_one_search_for_a_hundred_records_and_one_query_for_a_thousand_when_nothing_is_new()
    {
        const int Objects = 1000;
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await Pipeline.StartAsync(
            azurite,
            _time,
            storagePolicy: new CountingPolicy(requests),
            settings: [("EightByEight__Regions", "uk"), ("Archive__Enabled", "false"), ("Listing__OverlapMinutes", "1440")]);
        for (var number = 0; number < Objects; number++)
        {
            pipeline.Simulator.Objects.Add(new ObjectSpecification { Region = "uk", Bytes = 1, CreatedTime = _time.GetUtcNow().AddMinutes(-number - 2) });
        }

        await pipeline.RunAsync();
        _time.Advance(TimeSpan.FromMinutes(1));
        await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation);
        var windows = await WindowsAsync(pipeline, "uk");
        pipeline.Simulator.Counters.Reset();
        requests.Clear();
        foreach (var window in windows)
        {
            await pipeline.Get<WindowLister>().ListAsync(window, attempt: 1, Cancellation);
        }

        Assert.InRange(pipeline.Simulator.Counters["search"], Objects / 100, (Objects / 100) + windows.Count);
        var ledger = requests.Where(request => request.Contains("/objects", StringComparison.Ordinal)).ToList();
        Assert.InRange(ledger.Count, Objects / 1000, (Objects / 1000) + windows.Count);
        Assert.All(ledger, request => Assert.StartsWith("GET ", request, StringComparison.Ordinal));
        Assert.DoesNotContain(requests, request => request.Contains("/messages", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Listing_looks_up_once_an_hour_what_is_archived_and_at_once_what_has_changed()
    {
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await Pipeline.StartAsync(
            azurite,
            _time,
            storagePolicy: new CountingPolicy(requests),
            settings: [("EightByEight__Regions", "uk"), ("Listing__OverlapMinutes", "1440")]);
        var objects = Enumerable.Range(2, 5).Select(minutes => pipeline.Simulator.Objects
            .Add(new ObjectSpecification { Region = "uk", Bytes = 100, CreatedTime = _time.GetUtcNow().AddMinutes(-minutes) })).ToList();

        // What it has queued it does not know to be archived before it has seen so.
        await pipeline.RunAsync();
        Assert.Equal(1, await LookUpsAsync());
        Assert.Equal(0, await LookUpsAsync());
        Assert.Equal(0, await LookUpsAsync());

        pipeline.Simulator.Objects.ReplaceContent("uk", objects[3].Id, seed: 99, bytes: 500);
        Assert.Equal(1, await LookUpsAsync());
        Assert.Equal(objects.Count + 1, (await pipeline.ReadNamesAsync()).Count(name => name.EndsWith(".meta.json", StringComparison.Ordinal)));

        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, await LookUpsAsync());

        async Task<int> LookUpsAsync()
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            requests.Clear();
            await pipeline.RunAsync();
            return requests.Count(request => request.StartsWith("GET ", StringComparison.Ordinal) && request.EndsWith("/objects()", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Reconcile_looks_everything_up()
    {
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await Pipeline.StartAsync(
            azurite,
            _time,
            storagePolicy: new CountingPolicy(requests),
            settings: [("EightByEight__Regions", "uk"), ("Listing__OverlapMinutes", "1440")]);
        var created = _time.GetUtcNow().AddMinutes(-5);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { Region = "uk", Bytes = 100, CreatedTime = created });
        for (var listing = 0; listing < 3; listing++)
        {
            await pipeline.RunAsync();
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        // The row was lost.
        var row = (await pipeline.FindAsync(item))!;
        await pipeline.Account.Tables.GetTableClient(ObjectLedger.TableName).DeleteEntityAsync(row.PartitionKey, row.RowKey, cancellationToken: Cancellation);
        await pipeline.Get<WindowLister>().ListAsync(new WindowMessage
        {
            Region = "uk",
            From = created.AddHours(-1),
            To = created.AddHours(1),
            Field = TimeField.CreatedTime,
            Kind = WindowKind.Backfill,
        }, attempt: 1, Cancellation);

        Assert.Equal(1, await pipeline.CountAsync(QueueNames.ArchiveObjects));
    }

    [Fact]
    public async Task Listing_does_not_read_the_days_between_an_old_record_and_the_others()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, _time);
        var updated = _time.GetUtcNow().AddMinutes(-5);
        var records = ((int[])[60, 30, 2, 1, 0]).Select(days => Record(updated.AddDays(-days), updated)).ToList();
        var ledger = pipeline.Get<ObjectLedger>();
        await ledger.AddAsync([.. records.Select(record => LedgerEntry.Queued("uk", record, updated))], Cancellation);

        var found = await ledger.FindAsync("uk", [records[0], records[2], records[4]], TimeField.UpdatedTime, since: null, Cancellation);

        Assert.Equal(((int[])[0, 2, 4]).Select(index => LedgerKey.Of("uk", records[index])).ToHashSet(), found.Known.Keys.ToHashSet());
        Assert.Equal(LedgerKey.Of("uk", records[3]).RowKey, Assert.Single(found.Others).RowKey);
    }

    [Fact]
    public async Task Listing_by_creation_time_does_not_read_the_days_between_the_others_and_a_record_without_a_time_that_can_be_true()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, _time);
        var now = _time.GetUtcNow();
        var impossible = new DateTimeOffset(1960, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var (odd, oldest) = (Record(impossible, now.AddDays(-60)), Record(impossible, impossible));
        var records = new[] { Record(now.AddMinutes(-2), now), Record(now.AddMinutes(-1), now), Record(now, now), Record(now.AddDays(-30), now), odd, oldest };
        var ledger = pipeline.Get<ObjectLedger>();
        await ledger.AddAsync([.. records.Select(record => LedgerEntry.Queued("uk", record, now))], Cancellation);

        var found = await ledger.FindAsync("uk", [records[0], records[2], odd, oldest], TimeField.CreatedTime, since: null, Cancellation);

        Assert.Equal(((int[])[0, 2, 4, 5]).Select(index => LedgerKey.Of("uk", records[index])).ToHashSet(), found.Known.Keys.ToHashSet());
        Assert.Equal(LedgerKey.Of("uk", records[1]).RowKey, Assert.Single(found.Others).RowKey);
    }

    [Fact]
    public async Task Listing_keeps_what_was_listed_before_a_page_that_fails()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, _time, settings: [("EightByEight__Regions", "uk"), ("Listing__SettleSeconds", "0")]);
        for (var number = 0; number < 250; number++)
        {
            pipeline.Simulator.Objects.Add(new ObjectSpecification { Region = "uk", Bytes = 1, CreatedTime = _time.GetUtcNow().AddSeconds(-number - 10) });
        }

        pipeline.Simulator.Faults.Set(new FaultRule { Call = "search", Kind = FaultKind.Status, Status = 404, Every = 3 });
        var window = new WindowMessage { Region = "uk", From = _time.GetUtcNow().AddHours(-1), To = _time.GetUtcNow() };

        // The first page fails, then the third.
        await Assert.ThrowsAnyAsync<Exception>(() => pipeline.Get<WindowLister>().ListAsync(window, attempt: 1, Cancellation));
        Assert.Equal(0, await pipeline.CountAsync(QueueNames.ArchiveObjects));
        await Assert.ThrowsAnyAsync<Exception>(() => pipeline.Get<WindowLister>().ListAsync(window, attempt: 1, Cancellation));
        Assert.InRange(await pipeline.CountAsync(QueueNames.ArchiveObjects), 190, 200);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(-1)]
    public async Task Listing_that_was_told_to_start_in_the_future_starts_now_and_goes_by_the_corrected_setting(int days)
    {
        var account = azurite.NewAccount();
        var created = _time.GetUtcNow().AddHours(-30);
        await using (var wrong = await StartAsync(_time.GetUtcNow().AddDays(400)))
        {
            await wrong.Get<ListingPlanner>().PlanAsync(Cancellation);
            var row = Assert.Single(await wrong.Get<ListingStore>().ReadWatermarksAsync(Cancellation));
            Assert.True(row.StartFrom <= _time.GetUtcNow(), $"It starts {row.StartFrom:O}.");

            // As 0.1.0 wrote it.
            row.StartFrom = _time.GetUtcNow().AddDays(400);
            Assert.True(await wrong.Get<ListingStore>().TryWriteWatermarkAsync(row, Cancellation));
        }

        await using var corrected = await StartAsync(_time.GetUtcNow().AddDays(days));
        var item = corrected.Simulator.Objects.Add(
            new ObjectSpecification { Region = "uk", Bytes = 1, CreatedTime = created, UpdatedTime = created.AddHours(10) });
        await corrected.RunAsync();

        Assert.Equal(days < 0 ? "Archived" : null, (await corrected.FindAsync(item))?.State);

        Task<Pipeline> StartAsync(DateTimeOffset from) => Pipeline.StartAsync(
            azurite,
            _time,
            account,
            settings: [("EightByEight__Regions", "uk"), ("Listing__SettleSeconds", "0"), ("Listing__StartFrom", $"{from:O}")]);
    }

    [Theory]
    [InlineData("type", 40_000)]
    [InlineData("type", 70_000)]
    [InlineData("objectState", 40_000)]
    public async Task Listing_takes_in_what_stands_beside_a_record_with_an_enormous_name(string field, int length)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, _time, settings: [("EightByEight__Regions", "uk"), ("Listing__SettleSeconds", "0")]);
        var created = _time.GetUtcNow().AddHours(-1);
        var others = Enumerable.Range(0, 3).Select(number => pipeline.Simulator.Objects.Add(
            new ObjectSpecification { Region = "uk", Bytes = 1, CreatedTime = created.AddSeconds(number) })).ToList();
        pipeline.Simulator.Objects.Add(new ObjectSpecification
        {
            Region = "uk",
            Bytes = 1,
            CreatedTime = created,
            Fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal) { [field] = JsonSerializer.SerializeToElement(new string('x', length)) },
        });

        await pipeline.RunAsync();

        Assert.All(await Task.WhenAll(others.Select(pipeline.StateAsync)), state => Assert.Equal(nameof(LedgerState.Archived), state));
        Assert.Equal(4, (await pipeline.Get<ObjectLedger>().SearchAsync("", columns: null, Cancellation).ToListAsync(Cancellation)).Count);
    }

    [Fact]
    public async Task Listing_takes_in_rows_that_together_are_too_large_for_a_transaction()
    {
        // In JSON each of these letters takes six bytes, so a hundred rows take more than the 4 MiB of a transaction.
        var text = new string('Ж', 2048);
        var created = _time.GetUtcNow().UtcDateTime.Date.AddDays(-1);
        await using var pipeline = await Pipeline.StartAsync(azurite, _time, settings: [("EightByEight__Regions", "uk"), ("Listing__SettleSeconds", "0")]);
        var items = Enumerable.Range(0, 100).Select(number => pipeline.Simulator.Objects.Add(new ObjectSpecification
        {
            Region = "uk",
            CreatedTime = new DateTimeOffset(created, TimeSpan.Zero).AddSeconds(number),
            ObjectName = text,
            MimeType = text,
            Checksum = text,
            Tags = [new("callId", text)],
            Fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal) { ["bucketId"] = JsonSerializer.SerializeToElement(text) },
        })).ToList();

        await pipeline.PlanAndListAsync();

        Assert.All(await Task.WhenAll(items.Select(pipeline.StateAsync)), state => Assert.Equal(nameof(LedgerState.Queued), state));
    }

    [Fact]
    public async Task Listing_queues_again_only_what_waits_in_windows_that_were_left_undone()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, _time, settings: ("EightByEight__Regions", "uk"));
        var planner = pipeline.Get<ListingPlanner>();
        await planner.PlanAsync(Cancellation);
        var windows = await WindowsAsync(pipeline, "uk");
        foreach (var window in windows.SkipLast(2))
        {
            await pipeline.Get<WindowLister>().ListAsync(window, attempt: 1, Cancellation);
        }

        await pipeline.Account.Queues.GetQueueClient(QueueNames.ListWindows).ClearMessagesAsync(Cancellation);
        _time.Advance(TimeSpan.FromMinutes(45));
        await planner.PlanAsync(Cancellation);

        var next = await WindowsAsync(pipeline, "uk");
        Assert.Equal(windows[0].From, next[0].From);
        Assert.Equal(next.Where(window => window.To > windows[^2].From && window.From < windows[^1].To), next.Where(window => window.Resend));
        Assert.InRange(next.Count(window => window.Resend), 2, 3);
    }

    [Fact]
    public async Task Listing_finds_a_record_without_updatedTime_within_a_day()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, _time, settings: ("EightByEight__Regions", "uk"));
        await pipeline.RunAsync();
        var first = AddUnchanged(pipeline, _time.GetUtcNow());
        await RunAfterAsync(pipeline, TimeSpan.FromMinutes(10));
        Assert.Null(await pipeline.StateAsync(first));

        // The first pass begins where the first listing did, a week in each run; each later one goes over three days.
        await RunAfterAsync(pipeline, TimeSpan.FromDays(1));
        await RunAfterAsync(pipeline, TimeSpan.FromMinutes(10), times: 4);
        await pipeline.AssertArchivedAsync(first);
        var second = AddUnchanged(pipeline, _time.GetUtcNow().AddDays(-2));
        await RunAfterAsync(pipeline, TimeSpan.FromHours(22));
        Assert.Null(await pipeline.StateAsync(second));
        await RunAfterAsync(pipeline, TimeSpan.FromHours(2));
        await pipeline.AssertArchivedAsync(second);
    }

    [Fact]
    public async Task Listing_lists_by_createdTime_in_many_short_runs_when_the_first_listing_went_back_far()
    {
        var start = _time.GetUtcNow().AddDays(-20);
        await using var pipeline = await Pipeline.StartAsync(azurite, _time, settings: [("EightByEight__Regions", "uk"), ("Listing__StartFrom", $"{start:O}")]);
        await pipeline.RunAsync();
        var oldest = AddUnchanged(pipeline, start.AddDays(1));
        var older = AddUnchanged(pipeline, start.AddDays(10));

        await RunAfterAsync(pipeline, TimeSpan.FromDays(1));
        await pipeline.AssertArchivedAsync(oldest);
        Assert.Null(await pipeline.StateAsync(older));

        await RunAfterAsync(pipeline, TimeSpan.FromMinutes(10));
        await pipeline.AssertArchivedAsync(older);
        await RunAfterAsync(pipeline, TimeSpan.FromMinutes(10));
        _time.Advance(TimeSpan.FromMinutes(10));
        await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation);
        Assert.DoesNotContain(await WindowsAsync(pipeline, "uk"), window => window.IsPass);
    }

    [Fact]
    public async Task Listing_repeats_a_pass_by_createdTime_that_a_run_did_not_complete()
    {
        await using var pipeline = await Pipeline.StartAsync(
            azurite,
            _time,
            settings: [("EightByEight__Regions", "uk"), ("Listing__StartFrom", $"{_time.GetUtcNow().AddHours(-1):O}")]);
        await pipeline.RunAsync();
        var item = AddUnchanged(pipeline, _time.GetUtcNow().AddMinutes(-1));
        _time.Advance(TimeSpan.FromDays(1));
        await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation);
        await pipeline.DeliverAsync(QueueNames.ListWindows, _ => Task.CompletedTask);

        await RunAfterAsync(pipeline, TimeSpan.FromMinutes(31));

        await pipeline.AssertArchivedAsync(item);
        _time.Advance(TimeSpan.FromMinutes(10));
        await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation);
        Assert.False(Assert.Single(await WindowsAsync(pipeline, "uk")).IsPass);
    }

    [Fact]
    public async Task Listing_leaves_a_deferred_window_to_the_run_that_replaced_its_own()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, _time, settings: ("EightByEight__Regions", "uk"));
        var (planner, lister, counters) = (pipeline.Get<ListingPlanner>(), pipeline.Get<WindowLister>(), pipeline.Simulator.Counters);
        await planner.PlanAsync(Cancellation);
        var deferred = (await WindowsAsync(pipeline, "uk"))[0] with { Deferrals = 1 };
        await lister.ListAsync(deferred, attempt: 1, Cancellation);
        Assert.Equal(1, counters["search"]);

        _time.Advance(TimeSpan.FromMinutes(61));
        await planner.PlanAsync(Cancellation);
        await lister.ListAsync(deferred, attempt: 1, Cancellation);
        Assert.Equal(1, counters["search"]);

        // A run that was planned at the same moment as another, and lost, may have sent nothing of what it queued.
        await lister.ListAsync(deferred with { RunId = "listing-uk-lost" }, attempt: 1, Cancellation);
        Assert.Equal(2, counters["search"]);
    }

    [Fact]
    public async Task Archiver_downloads_nothing_again_when_a_message_is_sent_again()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, _time, settings: ("EightByEight__Regions", "uk"));
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { Region = "uk", CreatedTime = _time.GetUtcNow().AddHours(-2) });
        await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation);
        var windows = await WindowsAsync(pipeline, "uk");
        var window = windows.Single(window => window.From <= item.CreatedTime && item.CreatedTime < window.To);

        // The second time it finds its own row, and cannot know whether it sent the message.
        await pipeline.Get<WindowLister>().ListAsync(window, attempt: 1, Cancellation);
        await pipeline.Get<WindowLister>().ListAsync(window, attempt: 1, Cancellation);
        Assert.Equal(2, await pipeline.CountAsync(QueueNames.ArchiveObjects));
        var again = new ConcurrentBag<ObjectMessage>();
        await pipeline.DeliverAsync(QueueNames.ArchiveObjects, async message =>
        {
            if (ObjectMessage.Parse(message.Body) is { IsSentAgain: true } second)
            {
                again.Add(second);
                return;
            }

            await pipeline.ArchiveAsync(message);
        });
        await pipeline.Get<ObjectArchiver>().ArchiveAsync(Assert.Single(again), attempt: 1, Cancellation);

        await pipeline.AssertArchivedAsync(item);
        Assert.Equal(1, pipeline.Simulator.Counters["content"]);
    }

    [Fact]
    public async Task Listing_starts_again_when_its_table_was_deleted()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, _time, settings: ("EightByEight__Regions", "uk"));
        await pipeline.RunAsync();
        await pipeline.Account.Tables.GetTableClient(ListingStore.TableName).DeleteAsync(Cancellation);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { Region = "uk", CreatedTime = _time.GetUtcNow().AddDays(-3) });

        await pipeline.RunAsync();

        await pipeline.AssertArchivedAsync(item);
    }

    private static SimulatedObject AddUnchanged(Pipeline pipeline, DateTimeOffset created) =>
        pipeline.Simulator.Objects.Add(new ObjectSpecification { Region = "uk", CreatedTime = created, OmittedFields = ["updatedTime"] });

    private async Task RunAfterAsync(Pipeline pipeline, TimeSpan delay, int times = 1)
    {
        for (var run = 0; run < times; run++)
        {
            _time.Advance(delay);
            await pipeline.RunAsync();
        }
    }

    private static StorageObject Record(DateTimeOffset created, DateTimeOffset updated) =>
        StorageObject.Parse(BinaryData.FromObjectAsJson(new
        {
            id = Guid.NewGuid(),
            type = "voicemail",
            createdTime = $"{created:yyyy-MM-ddTHH:mm:ss}",
            updatedTime = $"{updated:yyyy-MM-ddTHH:mm:ss}",
            objectState = "AVAILABLE",
        }));

    /// <summary>The windows in the queue that can be seen now, in order of time.</summary>
    private static async Task<List<WindowMessage>> WindowsAsync(Pipeline pipeline, string region)
    {
        var queue = pipeline.Account.Queues.GetQueueClient(QueueNames.ListWindows);
        return [.. (await queue.PeekMessagesAsync(32, Cancellation)).Value.Select(message => WindowMessage.Parse(message.Body))
            .Where(window => window.Region == region)
            .OrderBy(window => window.From)];
    }
}
