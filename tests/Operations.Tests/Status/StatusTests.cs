using System.Collections.Concurrent;
using System.Globalization;
using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Settings;
using Archiving.Storage;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using EightByEight;
using Operations.Health;
using Operations.Status;
using Simulator;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Operations.Tests;

/// <summary>Where everything stands, without reading the ledger for it.</summary>
public sealed class StatusTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Status_reads_no_row_of_the_ledger_when_nothing_changed_and_one_day_when_one_did()
    {
        var rows = int.Parse(Environment.GetEnvironmentVariable("STATUS_ROWS") ?? "6000", CultureInfo.InvariantCulture);
        var time = new MovableTime();
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, storagePolicy: new CountingPolicy(requests));
        await FillAsync(pipeline, rows, days: 60);
        await NoteListedAsync(pipeline);
        time.Advance(TimeSpan.FromMinutes(3));
        var first = await pipeline.Get<StatusReader>().ReadAsync(Cancellation);
        time.Advance(TimeSpan.FromMinutes(3));
        await pipeline.Get<StatusReader>().ReadAsync(Cancellation);
        requests.Clear();

        var second = await pipeline.Get<StatusReader>().ReadAsync(Cancellation);

        var quiet = Tables(requests);
        Assert.Equal((rows, (rows + 2) / 3), (second.Objects.Values.Sum(), second.Objects["Archived"]));
        Assert.Equal(first.Bytes, second.Bytes);
        Assert.Equal(0, quiet.GetValueOrDefault("objects"));
        Assert.InRange(quiet["summaries"], 1, 2);

        var key = new LedgerKey(LedgerKey.Partition("us-east", Start.AddDays(3)), "object-3");
        var entry = (await pipeline.Get<ObjectLedger>().FindAsync(key, Cancellation))!;
        entry.State = nameof(LedgerState.Gone);
        await pipeline.Get<ObjectLedger>().ReplaceAsync(entry, Cancellation);
        requests.Clear();
        var third = await pipeline.Get<StatusReader>().ReadAsync(Cancellation);

        var busy = Tables(requests);
        Assert.Equal((second.Objects["Gone"] + 1, second.Objects.Values.Sum()), (third.Objects["Gone"], third.Objects.Values.Sum()));
        Assert.InRange(busy["objects"], 1, 1 + (rows / 60 / 1000));
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{rows} rows: requests to tables when nothing changed: {Show(quiet)}; when one day changed: {Show(busy)}"));
    }

    [Fact]
    public async Task Status_finds_the_days_of_the_ledger_again_when_the_summaries_were_deleted()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, new MovableTime());
        await FillAsync(pipeline, 90, days: 30);
        await pipeline.Get<StatusReader>().ReadAsync(Cancellation);
        await pipeline.Account.Tables.GetTableClient(LedgerChanges.TableName).DeleteAsync(Cancellation);
        await using var other = await Pipeline.StartAsync(azurite, new MovableTime(), pipeline.Account, pipeline.Simulator);

        var status = await other.Get<StatusReader>().ReadAsync(Cancellation);

        Assert.Equal(90, status.Objects.Values.Sum());
        Assert.Equal(30, (await other.Get<DaySummaries>().ReadAsync("us-east", from: null, to: null, Cancellation)).Count);
        Assert.Equal(2, (await other.Get<DaySummaries>().ReadAsync("us-east", Start.AddHours(30), Start.AddHours(50), Cancellation)).Count);
        Assert.Empty(await other.Get<DaySummaries>().ReadAsync("uk", from: null, to: null, Cancellation));
    }

    [Fact]
    public async Task Status_counts_again_in_turn_what_changed_without_a_note()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        await FillAsync(pipeline, 12, days: 4);
        await pipeline.Get<StatusReader>().ReadAsync(Cancellation);
        time.Advance(TimeSpan.FromMinutes(3));
        await pipeline.Get<StatusReader>().ReadAsync(Cancellation);

        // As by an instance whose clock is far off.
        var table = pipeline.Account.Tables.GetTableClient(ObjectLedger.TableName);
        await table.DeleteEntityAsync(LedgerKey.Partition("us-east", Start), "object-0", cancellationToken: Cancellation);
        Assert.Equal(12, (await pipeline.Get<StatusReader>().ReadAsync(Cancellation)).Objects.Values.Sum());

        var sampled = await pipeline.Get<StatusHistory>().SampleAsync(Cancellation);

        Assert.Equal(11, sampled.Objects.Values.Sum());
    }

    [Fact]
    public async Task Days_that_no_longer_change_share_a_row_and_are_read_as_if_each_had_its_own()
    {
        const int Days = 90;
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        await FillAsync(pipeline, 3 * Days, Days);
        await pipeline.Get<StatusHistory>().SampleAsync(Cancellation);
        time.Advance(TimeSpan.FromMinutes(3));
        var before = await pipeline.Get<StatusHistory>().SampleAsync(Cancellation);
        var days = await pipeline.Get<LedgerDays>().ReadAsync(region: null, from: null, to: null, Cancellation);
        time.Advance(TimeSpan.FromHours(2));

        await pipeline.Get<StatusHistory>().SampleAsync(Cancellation);

        Assert.InRange(await CountSummariesAsync(pipeline), 2, 10);
        var after = await pipeline.Get<StatusReader>().ReadAsync(Cancellation);
        Assert.Equal(before.Objects, after.Objects);
        Assert.Equal((before.Bytes, before.OldestUnarchived!.Id), (after.Bytes, after.OldestUnarchived!.Id));
        var packed = await pipeline.Get<LedgerDays>().ReadAsync(region: null, from: null, to: null, Cancellation);
        Assert.Equal(days.Select(day => (day.Partition, day.IsFresh, day.ChangedUntil)), packed.Select(day => (day.Partition, day.IsFresh, day.ChangedUntil)));
        var some = await pipeline.Get<LedgerDays>().ReadAsync("us-east", Start.AddHours(30), Start.AddHours(50), Cancellation);
        Assert.Equal(days.Skip(1).Take(2).Select(day => day.Partition), some.Select(day => day.Partition));
        Assert.Empty(await pipeline.Get<LedgerDays>().ReadAsync("uk", from: null, to: null, Cancellation));

        var key = new LedgerKey(LedgerKey.Partition("us-east", Start.AddDays(3)), "object-3");
        var entry = (await pipeline.Get<ObjectLedger>().FindAsync(key, Cancellation))!;
        entry.State = nameof(LedgerState.Gone);
        await pipeline.Get<ObjectLedger>().ReplaceAsync(entry, Cancellation);
        var changed = await pipeline.Get<StatusReader>().ReadAsync(Cancellation);

        Assert.Equal((before.Objects["Gone"] + 1, before.Objects.Values.Sum()), (changed.Objects["Gone"], changed.Objects.Values.Sum()));
    }

    [Fact]
    public async Task Day_of_few_objects_is_counted_again_at_once_though_its_first_count_met_a_busy_storage()
    {
        var delay = new DelayPolicy { Delay = TimeSpan.FromSeconds(1) };
        await using var pipeline = await Pipeline.StartAsync(azurite, storagePolicy: delay);
        await FillAsync(pipeline, rows: 3, days: 1, LedgerState.Queued);
        Assert.Equal(3, (await pipeline.Get<StatusReader>().ReadAsync(Cancellation)).Objects["Queued"]);
        delay.Delay = TimeSpan.Zero;

        var entry = (await pipeline.Get<ObjectLedger>().FindAsync(new LedgerKey(LedgerKey.Partition("us-east", Start), "object-1"), Cancellation))!;
        entry.State = nameof(LedgerState.Archived);
        await pipeline.Get<ObjectLedger>().ReplaceAsync(entry, Cancellation);

        Assert.Equal(2, (await pipeline.Get<StatusReader>().ReadAsync(Cancellation)).Objects["Queued"]);
    }

    [Fact]
    public async Task Status_that_a_person_waits_for_counts_few_of_the_days_that_changed_and_the_sample_all()
    {
        const int Days = 20;
        var time = new MovableTime();
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, storagePolicy: new CountingPolicy(requests));
        await FillAsync(pipeline, Days, Days, LedgerState.Queued);
        await pipeline.Get<StatusHistory>().SampleAsync(Cancellation);
        time.Advance(TimeSpan.FromMinutes(3));
        await pipeline.Get<StatusHistory>().SampleAsync(Cancellation);
        for (var number = 0; number < Days; number++)
        {
            var key = new LedgerKey(LedgerKey.Partition("us-east", Start.AddDays(number)), $"object-{number}");
            var entry = (await pipeline.Get<ObjectLedger>().FindAsync(key, Cancellation))!;
            entry.State = nameof(LedgerState.Archived);
            await pipeline.Get<ObjectLedger>().ReplaceAsync(entry, Cancellation);
        }

        requests.Clear();
        var asked = await pipeline.Get<StatusReader>().ReadAsync(Cancellation);

        Assert.Equal(Days, asked.Objects.Values.Sum());
        Assert.InRange(asked.Objects["Archived"], 1, Days - 1);
        Assert.InRange(requests.Count, 10, 25);
        time.Advance(TimeSpan.FromSeconds(1));
        await pipeline.Get<StatusReader>().ReadAsync(Cancellation);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Days, (await pipeline.Get<StatusReader>().ReadAsync(Cancellation)).Objects["Archived"]);
        Assert.Equal(Days, (await pipeline.Get<StatusHistory>().SampleAsync(Cancellation)).Objects["Archived"]);
    }

    [Fact]
    public async Task Status_has_the_poison_queues_as_the_last_sample_counted_them()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, new MovableTime());
        var queue = pipeline.Account.Queues.GetQueueClient(QueueNames.PurgeObjects + QueueNames.PoisonSuffix);
        await queue.CreateIfNotExistsAsync(cancellationToken: Cancellation);
        await queue.SendMessageAsync("stuck", Cancellation);
        Assert.Equal(0, (await pipeline.Get<StatusReader>().ReadAsync(Cancellation)).Queues[queue.Name]);

        await pipeline.Get<StatusHistory>().SampleAsync(Cancellation);

        var queues = (await pipeline.Get<StatusReader>().ReadAsync(Cancellation)).Queues;
        Assert.Equal((1, 2 * QueueNames.All.Count), (queues[queue.Name], queues.Count));
    }

    [Fact]
    public async Task Status_names_what_8x8_deletes_within_a_week_by_region_and_type_soonest_first()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: [("Retention__DefaultDays", "40"), ("Retention__voicemail", "10")]);
        var now = TimeProvider.System.GetUtcNow();
        var entries = new[]
        {
            Entry("a", "voicemail", now.AddDays(-4), LedgerState.Failed),
            Entry("b", "voicemail", now.AddDays(-9), LedgerState.Queued),
            Entry("c", "voicemail", now.AddDays(-9), LedgerState.Archived),
            Entry("d", "meeting", now.AddDays(-32), LedgerState.Queued),
            Entry("e", "meeting", now.AddDays(-34), LedgerState.Restoring),
        };
        foreach (var entry in entries)
        {
            await pipeline.Get<ObjectLedger>().ReplaceAsync(entry, Cancellation);
        }

        await NoteListedAsync(pipeline);
        var status = await pipeline.Get<StatusReader>().ReadAsync(Cancellation);

        Assert.Equal([("voicemail", 2L), ("meeting", 1L)], status.Risks.Select(risk => (risk.Type, risk.Count)));
        Assert.InRange(status.Risks[0].DeletedBy8x8On, now.AddDays(1).AddHours(-1), now.AddDays(1));
        Assert.Equal((3L, 3L), (status.AtRisk, status.Waiting));
        Assert.Equal("e", status.OldestUnarchived!.Id);
        Assert.False(status.Verdict.IsSafe);
        Assert.Equal(
            "1 of 5 recordings safe. 1 failed. 3 on the way. Oldest not archived: 34 days. 3 at risk: 8x8 deletes the first in 23 hours.",
            status.Verdict.Text);
    }

    [Fact]
    public async Task Status_names_what_8x8_deletes_by_the_rule_that_matches_the_record()
    {
        const string Rules =
            """[{"match":{"userEmail":"ann@example.com","type":"callrecording"},"days":90},{"match":{"userEmail":"BOB@example.com"},"days":10}]""";
        await using var pipeline = await Pipeline.StartAsync(
            azurite,
            settings: [("Retention__Rules", Rules), ("Retention__DefaultDays", "40"), ("Archive__Enabled", "false")]);
        var now = TimeProvider.System.GetUtcNow();
        var ann = Add("ann@example.com", days: 28, "callrecording");
        var bob = Add("bob@example.com", days: 4, "callrecording");
        var neither = Add("eve@example.com", days: 20, "callrecording");
        var voicemail = Add("ann@example.com", days: 20, "voicemail");
        await pipeline.RunAsync();

        // As an earlier version wrote it: by its type.
        await pipeline.Get<ObjectLedger>().ReplaceAsync(Entry("old", "meeting", now.AddDays(-34), LedgerState.Queued), Cancellation);
        var status = await pipeline.Get<StatusReader>().ReadAsync(Cancellation);

        Assert.Equal([("callrecording", 1L), ("meeting", 1L)], status.Risks.Select(risk => (risk.Type, risk.Count)));
        Assert.InRange(status.Risks[0].DeletedBy8x8On, now.AddDays(6).AddHours(-1.1), now.AddDays(6));
        Assert.Equal("old", status.OldestUnarchived!.Id);
        await pipeline.Account.Tables.GetTableClient(ObjectLedger.TableName)
            .DeleteEntityAsync(LedgerKey.Partition("us-east", now.AddDays(-34)), "old", cancellationToken: Cancellation);
        await pipeline.Get<StatusHistory>().SampleAsync(Cancellation);
        await pipeline.Get<StatusHistory>().SampleAsync(Cancellation);
        status = await pipeline.Get<StatusReader>().ReadAsync(Cancellation);
        Assert.Equal((ann.Id, 90), (status.OldestUnarchived!.Id, Days(status.OldestUnarchived.CreatedTime, status.OldestUnarchived.DeletedBy8x8On)));
        var found = await pipeline.Get<Search.ObjectSearch>().FindAsync(new Search.SearchFilter(), after: null, limit: 10, Cancellation);
        var days = found.Entries.Select(entry => Objects.ObjectItem.Of(entry, pipeline.Get<ArchiverOptions>().Retention))
            .ToDictionary(item => item.Id, item => Days(item.CreatedTime, item.DeletedBy8x8On!.Value));
        Assert.Equal((90, 10, 40, 40), (days[ann.Id], days[bob.Id], days[neither.Id], days[voicemail.Id]));

        SimulatedObject Add(string email, int days, string type) => pipeline.Simulator.Objects.Add(new ObjectSpecification
        {
            Type = type,
            Bytes = 100,
            CreatedTime = now.AddDays(-days),
            Tags = [new("userEmail", email)],
        });

        static int Days(DateTimeOffset from, DateTimeOffset to) => (int)Math.Round((to - from).TotalDays);
    }

    [Fact]
    public async Task Status_says_that_all_is_safe()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        Assert.Equal((false, "Nothing has been listed yet."), Said(await pipeline.Get<StatusReader>().ReadAsync(Cancellation)));
        await FillAsync(pipeline, 3, days: 1, LedgerState.Archived);
        Assert.False((await pipeline.Get<StatusReader>().ReadAsync(Cancellation)).Verdict.IsSafe);
        await NoteListedAsync(pipeline);

        Assert.Equal((true, "All 3 recordings safe. Nothing at risk."), Said(await pipeline.Get<StatusReader>().ReadAsync(Cancellation)));

        static (bool, string) Said(StatusReport status) => (status.Verdict.IsSafe, status.Verdict.Text);
    }

    [Theory]
    [InlineData(2, "8x8 has nothing to archive. 2 gone: deleted before 8x8 gave them, or erased. Nothing at risk.")]
    [InlineData(5, "All 3 recordings safe. 2 gone: deleted before 8x8 gave them, or erased. Nothing at risk.")]
    public async Task Verdict_names_what_8x8_deleted_before_it_was_archived(int rows, string expected)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        await FillAsync(pipeline, rows, days: 1, LedgerState.Gone, LedgerState.Gone, LedgerState.Archived, LedgerState.Archived, LedgerState.Archived);
        await NoteListedAsync(pipeline);

        Assert.Equal(expected, (await pipeline.Get<StatusReader>().ReadAsync(Cancellation)).Verdict.Text);
    }

    [Fact]
    public async Task Verdict_names_what_is_gone_though_nothing_was_listed_to_its_end()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        await FillAsync(pipeline, 2, days: 1, LedgerState.Gone);

        Assert.StartsWith(
            "2 gone: deleted before 8x8 gave them, or erased. Newer recordings may be unknown.",
            (await pipeline.Get<StatusReader>().ReadAsync(Cancellation)).Verdict.Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Region_that_8x8_no_longer_names_is_named_for_a_week_and_not_when_the_settings_leave_it_out()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation);
        pipeline.Simulator.Account.Regions = ["us-east"];
        time.Advance(TimeSpan.FromHours(2));
        await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation);
        Assert.Contains("8x8 no longer names the region uk", await SayAsync(), StringComparison.Ordinal);

        time.Advance(TimeSpan.FromDays(7));
        await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation);
        Assert.DoesNotContain("uk", await SayAsync(), StringComparison.Ordinal);

        pipeline.Simulator.Account.Regions = ["us-east", "uk"];
        time.Advance(TimeSpan.FromHours(2));
        await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation);
        pipeline.Simulator.Account.Regions = ["us-east"];
        time.Advance(TimeSpan.FromHours(2));
        await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation);
        Assert.Contains("8x8 no longer names the region uk", await SayAsync(), StringComparison.Ordinal);
        await using var configured = await Pipeline.StartAsync(
            azurite, time, pipeline.Account, pipeline.Simulator, settings: ("EightByEight__Regions", "us-east"));
        await configured.Get<ListingPlanner>().PlanAsync(Cancellation);
        Assert.DoesNotContain("uk", await SayAsync(), StringComparison.Ordinal);

        async Task<string> SayAsync() => (await pipeline.Get<StatusReader>().ReadAsync(Cancellation)).Verdict.Text;
    }

    [Fact]
    public async Task Verdict_does_not_call_safe_what_has_not_been_listed_for_days()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: ("EightByEight__Regions", "uk"));
        await FillAsync(pipeline, 3, days: 1, LedgerState.Archived);
        await pipeline.RunAsync();
        time.Advance(TimeSpan.FromMinutes(20));
        Assert.True((await pipeline.Get<StatusReader>().ReadAsync(Cancellation)).Verdict.IsSafe);

        time.Advance(TimeSpan.FromDays(20));
        var verdict = (await pipeline.Get<StatusReader>().ReadAsync(Cancellation)).Verdict;

        Assert.False(verdict.IsSafe);
        Assert.StartsWith(
            "All 3 known recordings safe. Newer recordings may be unknown. uk was last listed to its end at ",
            verdict.Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_leaves_out_a_region_that_is_not_archived_any_more()
    {
        var time = new MovableTime();
        await using var both = await Pipeline.StartAsync(azurite, time);
        await both.Get<ListingPlanner>().PlanAsync(Cancellation);
        Assert.Equal(["uk", "us-east"], (await both.Get<StatusReader>().ReadAsync(Cancellation)).Listings.Keys.Order());
        await using var one = await Pipeline.StartAsync(azurite, time, both.Account, both.Simulator, settings: ("EightByEight__Regions", "uk"));
        await one.Get<ListingPlanner>().PlanAsync(Cancellation);

        Assert.Equal(["uk"], (await one.Get<StatusReader>().ReadAsync(Cancellation)).Listings.Keys);

        await both.Get<ListingPlanner>().PlanAsync(Cancellation);
        Assert.Equal(["uk", "us-east"], (await both.Get<StatusReader>().ReadAsync(Cancellation)).Listings.Keys.Order());
    }

    [Fact]
    public async Task Gauges_show_the_sample_of_the_status()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: [("Retention__DefaultDays", "10")]);
        var shown = new ConcurrentDictionary<string, double>(StringComparer.Ordinal);
        using var listener = new System.Diagnostics.Metrics.MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name.StartsWith("archiving.status.", StringComparison.Ordinal)
                    && instrument.Meter.Scope == pipeline.Get<System.Diagnostics.Metrics.IMeterFactory>())
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => shown[instrument.Name] = value);
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => shown[instrument.Name] = value);
        listener.Start();
        var now = TimeProvider.System.GetUtcNow();
        await pipeline.Get<ObjectLedger>().ReplaceAsync(Entry("a", "voicemail", now.AddDays(-5), LedgerState.Failed), Cancellation);
        await pipeline.Get<ObjectLedger>().ReplaceAsync(Entry("b", "voicemail", now.AddDays(-1), LedgerState.Queued), Cancellation);

        await pipeline.Get<StatusHistory>().SampleAsync(Cancellation);
        listener.RecordObservableInstruments();

        Assert.Equal((1, 1, 1), (shown["archiving.status.backlog"], shown["archiving.status.failed"], shown["archiving.status.at_risk"]));
        Assert.InRange(shown["archiving.status.oldest_unarchived.retention_share"], 0.49, 0.51);
        Assert.InRange(shown["archiving.status.oldest_unarchived.age"], 5 * 86_400 - 5, 5 * 86_400 + 600);
    }

    [Fact]
    public async Task Status_shows_since_when_a_region_is_listed_that_never_was_to_its_end()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        using var metrics = new MetricCapture(pipeline.Get<System.Diagnostics.Metrics.IMeterFactory>());
        await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation);
        time.Advance(TimeSpan.FromHours(3));

        await pipeline.Get<StatusHistory>().SampleAsync(Cancellation);

        var ages = metrics.Observe().Where(measured => measured.Name == "archiving.status.listing.age").ToList();
        Assert.NotEmpty(ages);
        Assert.All(ages, age => Assert.InRange(age.Value, 3 * 3600, (3 * 3600) + 60));
    }

    [Fact]
    public async Task Status_reports_the_rest_when_the_vault_refuses()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        await using var pipeline = await Pipeline.StartAsync(
            azurite,
            simulator: simulator,
            settings: [("KeyVault__Uri", simulator.VaultUrl.AbsoluteUri), ("KeyVault__CertificateSha256", simulator.VaultCertificateSha256)]);
        await FillAsync(pipeline, 3, days: 1, LedgerState.Archived);
        simulator.Faults.Set(new FaultRule { Call = "vault", Kind = FaultKind.Status, Status = 403 });

        var status = await pipeline.Get<StatusHistory>().SampleAsync(Cancellation);

        Assert.Equal((3, null), (status.Objects["Archived"], status.Token.ExpiresOn));
        Assert.Contains((await pipeline.Get<HealthReader>().ReadAsync(Cancellation)).Checks!, check => check.Name == "Vault");
    }

    [Fact]
    public async Task History_of_months_takes_few_requests_and_has_what_was_sampled_before_there_were_hours()
    {
        var time = new MovableTime();
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, storagePolicy: new CountingPolicy(requests));
        var history = pipeline.Get<StatusHistory>();
        var midday = new DateTimeOffset(time.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero).AddHours(12);
        foreach (var days in Enumerable.Range(1, 91))
        {
            await pipeline.Get<OperationsTable>().WriteAsync(Sample(midday.AddDays(-days), days), Cancellation);
            if (days % 10 == 0)
            {
                await pipeline.Get<OperationsTable>().WriteAsync(Sample(midday.AddDays(-days).AddMinutes(59), 1000 + days), Cancellation);
            }
        }

        var before = await history.ReadAsync(StatusHistory.MaxHours, Cancellation);
        await history.SampleAsync(Cancellation);
        time.Advance(TimeSpan.FromMinutes(90));
        await history.SampleAsync(Cancellation);
        requests.Clear();
        var after = await history.ReadAsync(StatusHistory.MaxHours, Cancellation);

        Assert.InRange(requests.Count, 4, 25);
        Assert.Equal(100, before.Samples.Count);
        Assert.Equal(before.Samples.Where(sample => sample.Archived % 10 != 0 || sample.Archived > 1000), after.Samples.SkipLast(2));
        Assert.Equal(93, after.Samples.Count);
    }

    [Fact]
    public async Task History_deletes_samples_of_every_day_that_is_too_old_however_long_nothing_was_sampled()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        var table = pipeline.Get<OperationsTable>();
        var midnight = new DateTimeOffset(time.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero);
        foreach (var days in (int[])[91, 92, 93, 94, 120, 400])
        {
            var sample = Sample(midnight.AddDays(-days), days);
            await table.WriteAsync(sample, Cancellation);
            await table.WriteAsync(sample.ToHour(), Cancellation);
        }

        await pipeline.Get<StatusHistory>().SampleAsync(Cancellation);

        var kept = (await table.FindKeysAsync("PartitionKey ge 'status|' and PartitionKey lt 'status}' and Archived gt 0L", Cancellation))
            .GroupBy(row => row.PartitionKey.Length)
            .Select(partitions => partitions.Count());
        Assert.Equal([2, 2], kept);
    }

    [Fact]
    public async Task History_keeps_samples_and_shows_few_of_many()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        var history = pipeline.Get<StatusHistory>();
        await FillAsync(pipeline, 3, days: 1, LedgerState.Archived);
        await history.SampleAsync(Cancellation);
        time.Advance(TimeSpan.FromHours(30));
        await history.SampleAsync(Cancellation);

        Assert.Equal([(3L, 0L, 0L)], (await history.ReadAsync(24, Cancellation)).Samples.Select(sample => (sample.Archived, sample.Waiting, sample.Failed)));
        Assert.Equal(2, (await history.ReadAsync(48, Cancellation)).Samples.Count);
        time.Advance(TimeSpan.FromHours(StatusHistory.MaxHours + 24 - 30));
        await history.SampleAsync(Cancellation);
        Assert.Equal(2, (await history.ReadAsync(StatusHistory.MaxHours, Cancellation)).Samples.Count);
    }

    private static DateTimeOffset Start { get; } = new(TimeProvider.System.GetUtcNow().UtcDateTime.Date.AddDays(-100), TimeSpan.Zero);

    /// <summary>A region that was listed to its end just now, so that nothing is unknown.</summary>
    private static Task<bool> NoteListedAsync(Pipeline pipeline)
    {
        var now = TimeProvider.System.GetUtcNow();
        var watermark = new WatermarkRow { Region = "us-east", Began = now.AddDays(-1), LastCompleted = now, Watermark = now };
        return pipeline.Get<ListingStore>().TryWriteWatermarkAsync(watermark, Cancellation);
    }

    private static async Task FillAsync(Pipeline pipeline, int rows, int days, params LedgerState[] states)
    {
        var cycle = states.Length > 0 ? states : [LedgerState.Archived, LedgerState.Queued, LedgerState.Failed];
        var entries = Enumerable.Range(0, rows)
            .Select(number => Entry($"object-{number}", "callrecording", Start.AddDays(number % days), cycle[number % cycle.Length]));
        foreach (var chunk in entries.GroupBy(entry => entry.PartitionKey))
        {
            await pipeline.Get<ObjectLedger>().AddAsync([.. chunk], Cancellation);
        }
    }

    private static LedgerEntry Entry(string id, string type, DateTimeOffset created, LedgerState state)
    {
        var record = StorageObject.Parse(BinaryData.FromString(string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"id":"{{id}}","type":"{{type}}","createdTime":"{{created.UtcDateTime:yyyy-MM-ddTHH:mm:ss}}","objectState":"AVAILABLE"}""")));
        var entry = LedgerEntry.Queued("us-east", record, created);
        entry.State = state.ToString();
        entry.Bytes = state == LedgerState.Archived ? 10 : null;
        return entry;
    }

    private static async Task<int> CountSummariesAsync(Pipeline pipeline) => await pipeline.Account.Tables.GetTableClient(LedgerChanges.TableName)
        .QueryAsync<TableEntity>(cancellationToken: Cancellation).CountAsync(Cancellation);

    private static Dictionary<string, int> Tables(IEnumerable<string> requests) => requests
        .Where(request => request.Contains("()", StringComparison.Ordinal) || request.Contains('(', StringComparison.Ordinal))
        .Select(request => request[(request.LastIndexOf('/') + 1)..request.IndexOf('(', StringComparison.Ordinal)])
        .GroupBy(table => table, StringComparer.Ordinal)
        .ToDictionary(table => table.Key, table => table.Count(), StringComparer.Ordinal);

    private static StatusHistory.Row Sample(DateTimeOffset at, int archived) => new()
    {
        PartitionKey = at.UtcDateTime.ToString("'status|'yyyyMMdd", CultureInfo.InvariantCulture),
        RowKey = at.UtcDateTime.ToString("HHmmss", CultureInfo.InvariantCulture),
        At = at,
        Archived = archived,
    };

    private static string Show(Dictionary<string, int> requests) =>
        string.Join(", ", requests.OrderBy(table => table.Key, StringComparer.Ordinal).Select(table => $"{table.Key} {table.Value}"));

    /// <summary>A storage that is slow to answer queries of the ledger.</summary>
    private sealed class DelayPolicy : HttpPipelinePolicy
    {
        public TimeSpan Delay { get; set; }

        public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            if (message.Request.Method == RequestMethod.Get && message.Request.Uri.Path.EndsWith("/objects()", StringComparison.Ordinal))
            {
                await Task.Delay(Delay, message.CancellationToken);
            }

            await ProcessNextAsync(message, pipeline);
        }

        public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => throw new NotSupportedException();
    }
}
