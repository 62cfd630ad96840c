using System.Globalization;
using System.Text.Json;
using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Queues.Models;
using EightByEight;
using Operations.Catalogue;
using Operations.Health;
using Simulator;
using Testing;

namespace Operations.Tests;

/// <summary>The catalogue says what the ledger says, whatever interrupts its build.</summary>
public sealed class CatalogueTests(AzuriteFixture azurite)
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Catalogue_of_the_demo_account_equals_the_ledger_row_by_row()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("Catalogue__Format", "Both"));
        DemoObjects.AddTo(pipeline.Simulator.Objects, TimeProvider.System.GetUtcNow());
        await pipeline.RunAsync();
        await BuildAsync(pipeline);

        using var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);

        var expected = await ReadLedgerAsync(pipeline);
        Assert.Equal(DemoObjects.Count, expected.Count);
        Assert.Equal(expected, await ReadRowsAsync(folder, folder.Parquet));
        Assert.Equal(expected.Select(WithoutFormulas), await ReadRowsAsync(folder, folder.Csv));
        var total = Assert.Single(await folder.QueryAsync($"SELECT count(*), sum(bytes)::BIGINT FROM {folder.Parquet} WHERE state = 'Archived'", Cancellation));
        Assert.Equal($"{DemoObjects.Count}|{DemoObjects.TotalBytes}", total);
    }

    [Fact]
    public async Task Catalogue_extracts_who_spoke_with_whom_and_keeps_every_tag()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        const string Tags = """
            [{"key":"direction","value":"outbound"},{"key":"agentName","value":"Ann Löw"},{"key":"agentId","value":"a-7"},{"key":"queueName","value":"Sales"},
            {"key":"callerId","value":"100"},{"key":"calleeId","value":"+1 408 555 0100"},{"key":"calleeName","value":"Bob"},{"key":"callId","value":"c-1"},
            {"key":"startTime","value":"1772323200000"},{"key":"endTime","value":"1772323262500"},{"key":"duration","value":"9"},
            {"key":"note","value":"a"},{"key":"note","value":"b"}]
            """;
        const string Duration = """[{"key":"duration","value":"1271000"}]""";
        await AddAsync(pipeline, Entry("a", "callcenterrecording", Start, Tags), Entry("b", "callrecording", Start.AddHours(1), Duration));
        await BuildAsync(pipeline);

        using var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);

        Assert.Equal(
            ["62.5|outbound|Ann Löw|a-7|+1 408 555 0100|Bob|Sales|Ann Löw|c-1", "1271||||||||"],
            await folder.QueryAsync(
                $"SELECT durationSeconds, direction, person, personId, number, otherParty, queue, agent, callId FROM {folder.Parquet} ORDER BY createdTime",
                Cancellation));
        Assert.Equal(
            ["b"],
            await folder.QueryAsync(
                $"""
                SELECT tag->>'value' FROM (SELECT unnest(from_json(tags, '["JSON"]')) AS tag FROM {folder.Parquet} WHERE id = 'a')
                WHERE tag->>'key' = 'note' OFFSET 1
                """,
                Cancellation));
    }

    [Fact]
    public async Task Catalogue_reads_receipts_for_rows_of_an_earlier_version_and_for_tags_too_long_for_a_row()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var created = TimeProvider.System.GetUtcNow().AddHours(-2);
        var early = pipeline.Simulator.Objects.Add(new() { CreatedTime = created, Tags = [new("userName", "Ann"), new("callId", "c")] });
        var tagged = pipeline.Simulator.Objects.Add(new() { CreatedTime = created, Tags = [new("userName", "Bob"), new("long", new string('x', 9000))] });
        await pipeline.RunAsync();
        Assert.Equal("", (await pipeline.FindAsync(tagged))!.Tags);
        var entry = (await pipeline.FindAsync(early))!;
        entry.Tags = null;
        await pipeline.Get<ObjectLedger>().ReplaceAsync(entry, Cancellation);
        await BuildAsync(pipeline);

        using var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);

        Assert.Equal(
            ["Ann|False", "Bob|True"],
            await folder.QueryAsync($"SELECT person, length(tags) > 9000 FROM {folder.Parquet} ORDER BY person", Cancellation));
    }

    [Fact]
    public async Task Catalogue_of_many_objects_equals_the_ledger_sorted_by_time_in_row_groups_with_statistics()
    {
        var count = int.Parse(Environment.GetEnvironmentVariable("CATALOGUE_ROWS") ?? "6000", CultureInfo.InvariantCulture);
        await using var pipeline = await Pipeline.StartAsync(azurite);
        await FillAsync(pipeline, count, days: 60);
        await BuildAsync(pipeline, new CatalogueLimits { RowsPerGroup = count / 12, RowsPerSlice = count / 150 });

        using var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);

        Assert.Equal(
            ["_catalogue/region=us-east/month=2026-03/objects.parquet", "_catalogue/region=us-east/month=2026-04/objects.parquet", CatalogueColumns.SchemaName],
            folder.Names);
        Assert.Equal(await ReadLedgerAsync(pipeline), await ReadRowsAsync(folder, folder.Parquet));
        var march = folder.PathOf(folder.Names[0]);
        Assert.Equal(
            ["0"],
            await folder.QueryAsync(
                $"""
                SELECT count(*) FROM (
                    SELECT createdTime < lag(createdTime) OVER (ORDER BY file_row_number) AS isUnsorted
                    FROM read_parquet('{march}', file_row_number = true))
                WHERE isUnsorted
                """,
                Cancellation));
        var groups = await folder.QueryAsync(
            $"SELECT row_group_id, stats_min_value, stats_max_value FROM parquet_metadata('{march}') WHERE path_in_schema = 'createdTime' ORDER BY 1",
            Cancellation);
        Assert.InRange(groups.Count, 5, 8);
        var firsts = groups.Select(group => group.Split('|')[1]).Where(text => text.StartsWith("2026-03-", StringComparison.Ordinal));
        Assert.Equal(groups.Count, firsts.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(
            await folder.QueryAsync($"SELECT count(*) FROM {folder.Parquet} WHERE strftime(createdTime, '%Y-%m-%d') = '2026-03-09'", Cancellation),
            await folder.QueryAsync($"SELECT count(*) FROM {folder.Parquet} WHERE createdTime >= '2026-03-09' AND createdTime < '2026-03-10'", Cancellation));
    }

    [Fact]
    public async Task Queries_of_the_document_run_on_the_files()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var created = new DateTimeOffset(2026, 11, 5, 9, 14, 0, TimeSpan.Zero);
        await AddAsync(
            pipeline,
            Entry("a", "callrecording", created, Tags("Ann", "+1 408 555 0100", minutes: 60)),
            Entry("b", "callrecording", created.AddDays(1), Tags("Ann", "(408) 555-0199", minutes: 30)),
            Entry("c", "callrecording", created.AddDays(2), Tags("Bob", "+14085550100", minutes: 6)),
            Entry("d", "voicemail", created, Tags("Bob", "+1 408 555 0123", minutes: 1)),
            Entry("e", "callrecording", created.AddMonths(-1), Tags("Bob", "+1 408 555 0123", minutes: 1)));
        await BuildAsync(pipeline);
        using var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);
        var document = await File.ReadAllTextAsync("Data/catalogue.md", Cancellation);
        var section = document.Split("\n## ").Single(part => part.StartsWith("DuckDB\n", StringComparison.Ordinal));
        var blocks = section.Split("```sql\n")[1..].Select(block => block.Split("\n```")[0]).ToList();
        var view = blocks[0][blocks[0].IndexOf("CREATE VIEW", StringComparison.Ordinal)..].Replace("az://recordings", folder.Root, StringComparison.Ordinal);

        await folder.QueryAsync(view, Cancellation);
        var queries = blocks[1].Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.Equal(3, queries.Length);
        Assert.Equal(["Ann|2|1.5", "Bob|1|0.1"], await folder.QueryAsync(queries[0], Cancellation));
        Assert.Equal(
            [
                $"2026-11-05T09:14:00.000|Ann|+1 408 555 0100|{await BlobOfAsync("a")}",
                $"2026-11-07T09:14:00.000|Bob|+14085550100|{await BlobOfAsync("c")}",
            ],
            await folder.QueryAsync(queries[1], Cancellation));
        Assert.Equal(
            ["a|Ann@example.com", "b|Ann@example.com", "c|Bob@example.com", "d|Bob@example.com", "e|Bob@example.com"],
            (await folder.QueryAsync(queries[2], Cancellation)).Order(StringComparer.Ordinal));
        Assert.Contains("`hive_partitioning = true` also adds `month`", section, StringComparison.Ordinal);
        Assert.Equal(
            ["2026-10|1", "2026-11|4"],
            await folder.QueryAsync(
                $"""
                SELECT month, count(*) FROM read_parquet('{folder.Root}/_catalogue/region=*/month=*/objects.parquet', hive_partitioning = true)
                GROUP BY month ORDER BY month
                """,
                Cancellation));

        async Task<string> BlobOfAsync(string id) =>
            Assert.Single(await folder.QueryAsync($"SELECT blob FROM catalogue WHERE id = '{id}'", Cancellation));

        string Tags(string person, string number, int minutes) =>
            $$"""
            [{"key":"userName","value":"{{person}}"},{"key":"userEmail","value":"{{person}}@example.com"},{"key":"address","value":"{{number}}"},
            {"key":"startTime","value":"{{created.ToUnixTimeMilliseconds()}}"},
            {"key":"endTime","value":"{{created.AddMinutes(minutes).ToUnixTimeMilliseconds()}}"}]
            """;
    }

    [Fact]
    public async Task Build_writes_only_months_whose_archived_objects_changed()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        await FillAsync(pipeline, 60, days: 60);
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(2, await BuildAsync(pipeline));
        Assert.Equal(0, await BuildAsync(pipeline));

        // Verified, and queued for the first time: neither changes what is archived.
        var ledger = pipeline.Get<ObjectLedger>();
        var entry = (await ledger.FindAsync(KeyOf("object-0", Start), Cancellation))!;
        entry.VerifiedAt = time.GetUtcNow();
        await ledger.ReplaceAsync(entry, Cancellation);
        await AddAsync(pipeline, LedgerEntry.Queued("us-east", Record("new", "voicemail", Start, "[]"), time.GetUtcNow()));
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(0, await BuildAsync(pipeline));

        entry.Become(LedgerState.Purged);
        await ledger.ReplaceAsync(entry, Cancellation);
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(1, await BuildAsync(pipeline));
        using var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);
        Assert.Equal(["object-0"], await folder.QueryAsync($"SELECT id FROM {folder.Parquet} WHERE state = 'Purged'", Cancellation));

        await using var both = await Pipeline.StartAsync(azurite, time, pipeline.Account, pipeline.Simulator, settings: ("Catalogue__Format", "Both"));
        Assert.Equal(2, await BuildAsync(both));
        await using var none = await Pipeline.StartAsync(azurite, time, pipeline.Account, pipeline.Simulator, settings: ("Catalogue__Format", "None"));
        Assert.Equal(0, await BuildAsync(none));
    }

    [Fact]
    public async Task Month_is_built_again_whose_object_was_in_another_state_only_while_it_was_read()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        await FillAsync(pipeline, 30, days: 3);
        time.Advance(TimeSpan.FromMinutes(5));
        await pipeline.Get<CataloguePlanner>().PlanAsync(Cancellation);
        var ledger = pipeline.Get<ObjectLedger>();
        var entry = (await ledger.FindAsync(KeyOf("object-0", Start), Cancellation))!;
        entry.Become(LedgerState.Restoring);
        await ledger.ReplaceAsync(entry, Cancellation);
        time.Advance(TimeSpan.FromMinutes(5));
        await DeliverAsync(pipeline, new CatalogueLimits { RunTime = TimeSpan.Zero });
        entry.Become(LedgerState.Archived);
        await ledger.ReplaceAsync(entry, Cancellation);
        time.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal(1, await BuildAsync(pipeline));
        Assert.Equal(0, await BuildAsync(pipeline));
        using var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);
        Assert.Equal(await ReadLedgerAsync(pipeline), await ReadRowsAsync(folder, folder.Parquet));
    }

    [Fact]
    public async Task Month_is_not_built_again_for_what_its_build_has_read_already_nor_for_what_was_verified_meanwhile()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        await FillAsync(pipeline, 30, days: 3);
        time.Advance(TimeSpan.FromMinutes(5));
        await pipeline.Get<CataloguePlanner>().PlanAsync(Cancellation);
        await AddAsync(pipeline, Entry("late", "voicemail", Start, "[]"));
        var ledger = pipeline.Get<ObjectLedger>();
        var entry = (await ledger.FindAsync(KeyOf("object-0", Start), Cancellation))!;
        entry.VerifiedAt = time.GetUtcNow();
        await ledger.ReplaceAsync(entry, Cancellation);
        await DeliverAsync(pipeline, new CatalogueLimits { RowsPerGroup = 5, RowsPerSlice = 3 });
        time.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal(0, await BuildAsync(pipeline));
        using var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);
        Assert.Equal(await ReadLedgerAsync(pipeline), await ReadRowsAsync(folder, folder.Parquet));
    }

    [Fact]
    public async Task Month_whose_build_began_in_another_format_is_built_again()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: ("Catalogue__Format", "Parquet"));
        await FillAsync(pipeline, 30, days: 3);
        time.Advance(TimeSpan.FromMinutes(5));
        await pipeline.Get<CataloguePlanner>().PlanAsync(Cancellation);
        var oneSlice = new CatalogueLimits { RunTime = TimeSpan.Zero };
        await pipeline.DeliverAsync(QueueNames.CatalogueMonths, delivered => HandleAsync(pipeline, oneSlice, delivered));
        await using var both = await Pipeline.StartAsync(azurite, time, pipeline.Account, pipeline.Simulator, settings: ("Catalogue__Format", "Both"));
        await DeliverAsync(both);
        Assert.Null((await both.Get<CatalogueMonths>().FindAsync("us-east", "2026-03", Cancellation))!.Built);

        Assert.Equal(1, await BuildAsync(both));
        using var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);
        Assert.Equal(await ReadLedgerAsync(both), await ReadRowsAsync(folder, folder.Parquet));
        Assert.Equal((await ReadLedgerAsync(both)).Select(WithoutFormulas), await ReadRowsAsync(folder, folder.Csv));
    }

    [Fact]
    public async Task Month_that_is_planned_again_and_again_without_a_build_is_late()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: ("Catalogue__Schedule", "0 0 * * * *"));
        await FillAsync(pipeline, 30, days: 3);
        for (var hour = 0; hour < 8; hour++)
        {
            await AddAsync(pipeline, Entry($"new-{hour}", "voicemail", Start, "[]"));
            time.Advance(TimeSpan.FromHours(1));
            await pipeline.Get<CataloguePlanner>().PlanAsync(Cancellation);
        }

        var problem = Assert.Single((await pipeline.Get<CatalogueInspector>().InspectAsync(Cancellation))!.Problems);
        Assert.StartsWith("1 month of the catalogue is late: us-east 2026-03 waits since", problem, StringComparison.Ordinal);

        await DeliverAsync(pipeline);
        Assert.Empty((await pipeline.Get<CatalogueInspector>().InspectAsync(Cancellation))!.Problems);
    }

    [Fact]
    public async Task Build_that_takes_many_runs_keeps_its_place_and_writes_what_one_run_would()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("Catalogue__Format", "Both"));
        await FillAsync(pipeline, 90, days: 31);

        // Longer than a run may take, each time.
        var runs = await BuildAsync(pipeline, new CatalogueLimits { RowsPerGroup = 7, RunTime = TimeSpan.Zero });

        Assert.Equal(31, runs);
        using var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);
        var expected = await ReadLedgerAsync(pipeline);
        Assert.Equal(expected, await ReadRowsAsync(folder, folder.Parquet));
        Assert.Equal(expected.Select(WithoutFormulas), await ReadRowsAsync(folder, folder.Csv));
        var status = (await pipeline.Get<CatalogueInspector>().InspectAsync(Cancellation))!;
        Assert.Equal((1, 90L, 0), (status.Months, status.Objects, status.Waiting));
        Assert.Equal(folder.Names.Where(name => name != CatalogueColumns.SchemaName).Sum(name => new FileInfo(folder.PathOf(name)).Length), status.Bytes);
    }

    [Fact]
    public async Task Build_that_an_earlier_version_left_unfinished_starts_over()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        await FillAsync(pipeline, 30, days: 3);
        await pipeline.Get<CataloguePlanner>().PlanAsync(Cancellation);
        await pipeline.Get<CatalogueMonths>().UpdateAsync(
            "us-east",
            "2026-03",
            row =>
            {
                row.Progress = JsonSerializer.Serialize(new
                {
                    wanted = row.Wanted,
                    position = Start.AddDays(2),
                    rows = 20,
                    parquet = new { bytes = 900, blocks = new[] { "0123abcd-000000" } },
                });
                return true;
            },
            Cancellation);
        await DeliverAsync(pipeline);

        using var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);
        Assert.Equal(await ReadLedgerAsync(pipeline), await ReadRowsAsync(folder, folder.Parquet));
    }

    [Fact]
    public async Task Build_that_is_killed_at_any_request_leaves_the_last_whole_catalogue_and_is_finished_by_the_next_delivery()
    {
        var kill = new KillPolicy();
        await using var pipeline = await Pipeline.StartAsync(azurite, storagePolicy: kill, settings: ("Catalogue__Format", "Both"));
        await FillAsync(pipeline, 12, days: 2);
        await BuildAsync(pipeline);
        var before = await ReadLedgerAsync(pipeline);
        var limits = new CatalogueLimits { RowsPerGroup = 5, RunTime = TimeSpan.Zero };
        var isFinished = false;
        var kills = 0;
        for (var request = 1; !isFinished; request++)
        {
            // Another object each time, so that there is something to build.
            await AddAsync(pipeline, Entry($"more-{request}", "voicemail", Start.AddHours(request), "[]"));

            // A day that took long to count on a busy machine is counted again only after twenty times as long.
            await Eventually.HoldsAsync(
                async () =>
                {
                    await pipeline.Get<CataloguePlanner>().PlanAsync(Cancellation);
                    return await pipeline.CountAsync(QueueNames.CatalogueMonths) > 0;
                },
                "the month is queued");
            kill.After(request);
            isFinished = await DeliverUntilKilledAsync(pipeline, limits, kill);
            kills += isFinished ? 0 : 1;

            // Everything that reads is alive again; the files are those of before, or already those of now.
            kill.Stop();
            using (var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation))
            {
                var now = await ReadLedgerAsync(pipeline);
                Assert.Contains(await ReadRowsAsync(folder, folder.Parquet), new[] { before, now });
                Assert.Contains(await ReadRowsAsync(folder, folder.Csv), new[] { before.ConvertAll(WithoutFormulas), now.ConvertAll(WithoutFormulas) });
            }

            await DeliverAsync(pipeline, limits);
            before = await ReadLedgerAsync(pipeline);
            using var after = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);
            Assert.Equal(before, await ReadRowsAsync(after, after.Parquet));
            Assert.Equal(before.Select(WithoutFormulas), await ReadRowsAsync(after, after.Csv));
        }

        Assert.InRange(kills, 20, 200);
    }

    [Fact]
    public async Task Builds_of_a_month_that_overlap_leave_a_whole_file()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        await FillAsync(pipeline, 60, days: 10);
        await pipeline.Get<CataloguePlanner>().PlanAsync(Cancellation);
        var message = new CatalogueMessage { Region = "us-east", Month = "2026-03" };
        var limits = new CatalogueLimits { RowsPerGroup = 5, RowsPerSlice = 3 };

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => pipeline.Create<CatalogueBuilder>(limits).BuildAsync(message, Cancellation)));
        await DeliverAsync(pipeline, limits);

        using var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);
        Assert.Equal(await ReadLedgerAsync(pipeline), await ReadRowsAsync(folder, folder.Parquet));
        Assert.Equal(0, (await pipeline.Get<CatalogueInspector>().InspectAsync(Cancellation))!.Waiting);
    }

    [Fact]
    public async Task Month_that_changed_while_a_build_of_it_ended_is_built_at_once_although_the_build_of_the_change_gave_way()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        await FillAsync(pipeline, 30, days: 3);
        await pipeline.Get<CataloguePlanner>().PlanAsync(Cancellation);
        var message = new CatalogueMessage { Region = "us-east", Month = "2026-03" };
        var oneSlice = new CatalogueLimits { RunTime = TimeSpan.Zero };
        await pipeline.DeliverAsync(QueueNames.CatalogueMonths, delivered => HandleAsync(pipeline, oneSlice, delivered));
        await pipeline.Account.Queues.GetQueueClient(QueueNames.CatalogueMonths).ClearMessagesAsync(Cancellation);
        var commit = new HoldPolicy("comp=blocklist");
        var stage = new HoldPolicy("comp=block&");
        await using var ending = await Pipeline.StartAsync(azurite, account: pipeline.Account, simulator: pipeline.Simulator, storagePolicy: commit);
        await using var begun = await Pipeline.StartAsync(azurite, account: pipeline.Account, simulator: pipeline.Simulator, storagePolicy: stage);

        var first = ending.Create<CatalogueBuilder>(new CatalogueLimits()).BuildAsync(message, Cancellation);
        await commit.Reached.WaitAsync(Cancellation);
        await pipeline.Get<CatalogueMonths>().UpdateAsync(
            message.Region,
            message.Month,
            row =>
            {
                // As the planner does.
                (row.Wanted, row.QueuedAt) = ("changed", TimeProvider.System.GetUtcNow());
                return true;
            },
            Cancellation);
        var second = begun.Create<CatalogueBuilder>(oneSlice).BuildAsync(message, Cancellation);
        await stage.Reached.WaitAsync(Cancellation);
        commit.Release();
        await first;
        stage.Release();
        await second;
        await DeliverAsync(pipeline);

        Assert.Equal(0, (await pipeline.Get<CatalogueInspector>().InspectAsync(Cancellation))!.Waiting);
        using var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);
        Assert.Equal(await ReadLedgerAsync(pipeline), await ReadRowsAsync(folder, folder.Parquet));
    }

    [Fact]
    public async Task Month_is_built_again_at_once_when_a_build_of_an_earlier_state_ends_after_that_of_the_present_one()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        await FillAsync(pipeline, 30, days: 3);
        await pipeline.Get<CataloguePlanner>().PlanAsync(Cancellation);
        await pipeline.Account.Queues.GetQueueClient(QueueNames.CatalogueMonths).ClearMessagesAsync(Cancellation);
        var message = new CatalogueMessage { Region = "us-east", Month = "2026-03" };
        var record = new HoldPolicy("us-east%7C2026-03", skipped: 1);
        await using var ending = await Pipeline.StartAsync(azurite, account: pipeline.Account, simulator: pipeline.Simulator, storagePolicy: record);

        var first = ending.Create<CatalogueBuilder>(new CatalogueLimits()).BuildAsync(message, Cancellation);
        await record.Reached.WaitAsync(Cancellation);
        await pipeline.Get<CatalogueMonths>().UpdateAsync(
            message.Region,
            message.Month,
            row =>
            {
                // As the planner does.
                (row.Wanted, row.QueuedAt) = ("changed", TimeProvider.System.GetUtcNow());
                return true;
            },
            Cancellation);
        await pipeline.Create<CatalogueBuilder>(new CatalogueLimits()).BuildAsync(message, Cancellation);
        record.Release();
        await first;
        await DeliverAsync(pipeline);

        var month = (await pipeline.Get<CatalogueMonths>().FindAsync(message.Region, message.Month, Cancellation))!;
        Assert.Equal(("changed", null), (month.Wanted, month.QueuedAt));
        using var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);
        Assert.Equal(await ReadLedgerAsync(pipeline), await ReadRowsAsync(folder, folder.Parquet));
    }

    [Fact]
    public async Task Build_that_commits_after_another_replaces_nothing_and_a_build_that_ends_right_after_its_commit_is_made_again()
    {
        var (isLate, isCommitted) = (true, false);
        var hook = new RequestHook(request =>
        {
            var isCommit = request.Method == RequestMethod.Put && request.Uri.Query.Contains("comp=blocklist", StringComparison.Ordinal);
            var isMeant = isLate ? isCommit : isCommitted && request.Uri.PathAndQuery.Contains("us-east%7C2026-03", StringComparison.Ordinal);
            isCommitted |= isCommit;
            return isMeant;
        });
        await using var pipeline = await Pipeline.StartAsync(azurite);
        await FillAsync(pipeline, 30, days: 3);
        await pipeline.Get<CataloguePlanner>().PlanAsync(Cancellation);
        await pipeline.Account.Queues.GetQueueClient(QueueNames.CatalogueMonths).ClearMessagesAsync(Cancellation);
        var message = new CatalogueMessage { Region = "us-east", Month = "2026-03" };
        await using var other = await Pipeline.StartAsync(azurite, account: pipeline.Account, simulator: pipeline.Simulator, storagePolicy: hook);
        hook.Action = () => pipeline.Create<CatalogueBuilder>(new CatalogueLimits()).BuildAsync(message, Cancellation);

        await other.Create<CatalogueBuilder>(new CatalogueLimits()).BuildAsync(message, Cancellation);
        var built = (await pipeline.Get<CatalogueMonths>().FindAsync(message.Region, message.Month, Cancellation))!;
        Assert.Equal((built.Wanted, null), (built.Built, built.QueuedAt));
        Assert.Equal(1, await pipeline.CountAsync(QueueNames.CatalogueMonths));
        await DeliverAsync(pipeline);
        Assert.Equal(built.BuiltAt, (await pipeline.Get<CatalogueMonths>().FindAsync(message.Region, message.Month, Cancellation))!.BuiltAt);

        (isLate, isCommitted) = (false, false);
        await QueueAgainAsync();
        hook.Action = () => throw new InvalidOperationException("The app ended here.");
        await Assert.ThrowsAsync<InvalidOperationException>(() => other.Create<CatalogueBuilder>(new CatalogueLimits()).BuildAsync(message, Cancellation));
        var ended = (await pipeline.Get<CatalogueMonths>().FindAsync(message.Region, message.Month, Cancellation))!;
        Assert.Null(ended.Built);
        Assert.NotNull(ended.QueuedAt);

        Task QueueAgainAsync() => pipeline.Get<CatalogueMonths>().UpdateAsync(
            message.Region,
            message.Month,
            row =>
            {
                row.QueuedAt = TimeProvider.System.GetUtcNow();
                return true;
            },
            Cancellation);
    }

    [Fact]
    public async Task Month_is_built_again_when_a_build_of_an_earlier_state_replaces_files_that_are_not_on_record_yet()
    {
        var (time, stage, record) = (new MovableTime(), new HoldPolicy("comp=block&"), new HoldPolicy("us-east%7C2026-03", skipped: 1));
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        await using var earlier = await Pipeline.StartAsync(azurite, time, pipeline.Account, pipeline.Simulator, storagePolicy: stage);
        await using var present = await Pipeline.StartAsync(azurite, time, pipeline.Account, pipeline.Simulator, storagePolicy: record);
        await FillAsync(pipeline, 30, days: 3);
        await PlanWithoutMessageAsync();
        var message = new CatalogueMessage { Region = "us-east", Month = "2026-03" };
        var first = earlier.Create<CatalogueBuilder>(new CatalogueLimits()).BuildAsync(message, Cancellation);
        await stage.Reached.WaitAsync(Cancellation);
        await AddAsync(pipeline, Entry("late", "voicemail", Start, "[]"));
        await PlanWithoutMessageAsync();
        var second = present.Create<CatalogueBuilder>(new CatalogueLimits()).BuildAsync(message, Cancellation);
        await record.Reached.WaitAsync(Cancellation);

        stage.Release();
        await first;
        record.Release();
        await second;
        await DeliverAsync(pipeline);

        var month = (await pipeline.Get<CatalogueMonths>().FindAsync(message.Region, message.Month, Cancellation))!;
        Assert.Equal((month.Wanted, null), (month.Built, month.QueuedAt));
        using var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);
        Assert.Equal(await ReadLedgerAsync(pipeline), await ReadRowsAsync(folder, folder.Parquet));

        async Task PlanWithoutMessageAsync()
        {
            time.Advance(TimeSpan.FromMinutes(5));
            await pipeline.Get<CataloguePlanner>().PlanAsync(Cancellation);
            await pipeline.Account.Queues.GetQueueClient(QueueNames.CatalogueMonths).ClearMessagesAsync(Cancellation);
        }
    }

    [Fact]
    public async Task Build_that_stages_nothing_of_its_own_does_not_replace_the_file_of_a_later_state()
    {
        var (time, commit) = (new MovableTime(), new HoldPolicy("comp=blocklist"));
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: ("Catalogue__Format", "Csv"));
        await using var earlier = await Pipeline.StartAsync(
            azurite,
            time,
            pipeline.Account,
            pipeline.Simulator,
            storagePolicy: commit,
            settings: ("Catalogue__Format", "Csv"));
        await FillAsync(pipeline, 30, days: 1);
        time.Advance(TimeSpan.FromMinutes(5));
        await pipeline.Get<CataloguePlanner>().PlanAsync(Cancellation);
        var message = new CatalogueMessage { Region = "us-east", Month = "2026-03" };
        await pipeline.Create<CatalogueBuilder>(new CatalogueLimits { RunTime = TimeSpan.Zero }).BuildAsync(message, Cancellation);
        var first = earlier.Create<CatalogueBuilder>(new CatalogueLimits()).BuildAsync(message, Cancellation);
        await commit.Reached.WaitAsync(Cancellation);
        await AddAsync(pipeline, Entry("late", "voicemail", Start.AddDays(20), "[]"));

        await pipeline.Create<CatalogueBuilder>(new CatalogueLimits()).BuildAsync(message, Cancellation);
        commit.Release();
        await first;
        await DeliverAsync(pipeline);

        using var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);
        Assert.Equal((await ReadLedgerAsync(pipeline)).Select(WithoutFormulas), await ReadRowsAsync(folder, folder.Csv));
        Assert.Equal(0, (await pipeline.Get<CatalogueInspector>().InspectAsync(Cancellation))!.Waiting);
    }

    [Fact]
    public async Task Message_that_failed_too_often_leaves_a_month_that_was_built_meanwhile()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        await FillAsync(pipeline, 30, days: 3);
        await BuildAsync(pipeline);

        await pipeline.Get<CatalogueBuilder>().RecordFailureAsync(new CatalogueMessage { Region = "us-east", Month = "2026-03" }, Cancellation);

        Assert.Empty((await pipeline.Get<CatalogueInspector>().InspectAsync(Cancellation))!.Problems);
    }

    [Fact]
    public async Task Month_is_built_although_the_answers_to_writes_of_its_row_are_lost()
    {
        var (time, lost) = (new MovableTime(), new LostAnswers("us-east|2026-03"));
        await using var pipeline = await Pipeline.StartAsync(azurite, time, storagePolicy: lost);
        await FillAsync(pipeline, 30, days: 3);
        await BuildAsync(pipeline);
        await AddAsync(pipeline, Entry("late", "voicemail", Start, "[]"));
        time.Advance(TimeSpan.FromMinutes(5));

        await pipeline.Get<CataloguePlanner>().PlanAsync(Cancellation);
        await DeliverAsync(pipeline, new CatalogueLimits { RunTime = TimeSpan.Zero });

        Assert.NotEqual(0, lost.Count);
        Assert.Equal(0, (await pipeline.Get<CatalogueInspector>().InspectAsync(Cancellation))!.Waiting);
        using var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);
        Assert.Equal(await ReadLedgerAsync(pipeline), await ReadRowsAsync(folder, folder.Parquet));
    }

    [Fact]
    public async Task Csv_is_quoted_by_RFC_4180_and_holds_no_formula()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("Catalogue__Format", "Csv"));
        string[] names = ["=1+1", "+1 408", "-2", "@SUM(A1)", "\tx", "a,b", "say \"hi\"", "line\r\nbreak", "ünï"];
        await AddAsync(pipeline, [.. names.Select((name, number) => Entry($"o{number}", "callrecording", Start.AddMinutes(number), "[]", name))]);
        await BuildAsync(pipeline);

        using var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);

        Assert.DoesNotContain(folder.Names, name => name.EndsWith(".parquet", StringComparison.Ordinal));
        var text = await File.ReadAllTextAsync(folder.PathOf(folder.Names[0]), Cancellation);
        Assert.StartsWith("region,id,type,createdTime,archivedAt,bytes,", text, StringComparison.Ordinal);
        Assert.EndsWith("\r\n", text, StringComparison.Ordinal);
        Assert.Equal(
            ["'=1+1", "'+1 408", "'-2", "'@SUM(A1)", "'\tx", "a,b", "say \"hi\"", "line\r\nbreak", "ünï"],
            await folder.QueryAsync($"SELECT objectName FROM {folder.Csv} ORDER BY id", Cancellation));
        Assert.Contains(",\"a,b\",", text, StringComparison.Ordinal);
        Assert.Contains(",\"say \"\"hi\"\"\",", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Schema_describes_the_columns_of_the_files()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        await FillAsync(pipeline, 3, days: 1);
        await BuildAsync(pipeline);

        using var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);

        using var schema = JsonDocument.Parse(await File.ReadAllTextAsync(folder.PathOf(CatalogueColumns.SchemaName), Cancellation));
        var columns = schema.RootElement.GetProperty("columns").EnumerateArray()
            .Select(column => $"{column.GetProperty("name")}|{DuckType(column.GetProperty("type").GetString()!)}");
        Assert.Equal(
            [.. columns],
            await folder.QueryAsync($"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {folder.Parquet})", Cancellation));

        static string DuckType(string type) => type switch
        {
            "string" => "VARCHAR",
            "int64" => "BIGINT",
            "double" => "DOUBLE",
            _ => "TIMESTAMP WITH TIME ZONE",
        };
    }

    [Fact]
    public async Task Month_that_cannot_be_built_is_named_in_health_until_it_is_and_a_policy_of_the_container_at_once()
    {
        var refuse = new RefusePolicy();
        await using var pipeline = await Pipeline.StartAsync(azurite, storagePolicy: refuse);
        await FillAsync(pipeline, 3, days: 1);
        await pipeline.Get<CataloguePlanner>().PlanAsync(Cancellation);
        Assert.Empty((await pipeline.Get<CatalogueInspector>().InspectAsync(Cancellation))!.Problems);
        refuse.With = (400, "InvalidHeaderValue");
        await DeliverAsync(pipeline);

        Assert.Equal(
            "The catalogue of us-east 2026-03 could not be built: The storage answered 400 InvalidHeaderValue. Its last files stay, and it is built "
                + "again when Catalogue__Schedule comes up.",
            (await pipeline.Get<HealthReader>().ReadAsync(Cancellation)).Checks!.Single(check => check.Name == "Catalogue").Message);

        refuse.With = (409, "BlobImmutableDueToPolicy");
        await BuildAsync(pipeline);
        Assert.Contains(
            "The container has an immutability policy of its own",
            Assert.Single((await pipeline.Get<CatalogueInspector>().InspectAsync(Cancellation))!.Problems),
            StringComparison.Ordinal);

        refuse.With = null;
        await BuildAsync(pipeline);
        Assert.Empty((await pipeline.Get<CatalogueInspector>().InspectAsync(Cancellation))!.Problems);
    }

    [Fact]
    public async Task Catalogue_that_is_late_is_named()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        var inspector = pipeline.Get<CatalogueInspector>();
        Assert.Empty((await inspector.InspectAsync(Cancellation))!.Problems);
        time.Advance(TimeSpan.FromDays(2.1));
        Assert.StartsWith("No catalogue was ever built", Assert.Single((await inspector.InspectAsync(Cancellation))!.Problems), StringComparison.Ordinal);

        await FillAsync(pipeline, 3, days: 1);
        await pipeline.Get<CataloguePlanner>().PlanAsync(Cancellation);
        Assert.Empty((await inspector.InspectAsync(Cancellation))!.Problems);
        time.Advance(TimeSpan.FromHours(7));
        Assert.StartsWith(
            "1 month of the catalogue is late: us-east 2026-03 waits since",
            Assert.Single((await inspector.InspectAsync(Cancellation))!.Problems),
            StringComparison.Ordinal);

        // The message was lost: the next day's plan sends another.
        await pipeline.Account.Queues.GetQueueClient(QueueNames.CatalogueMonths).ClearMessagesAsync(Cancellation);
        time.Advance(TimeSpan.FromHours(17));
        await BuildAsync(pipeline);
        Assert.Empty((await inspector.InspectAsync(Cancellation))!.Problems);
    }

    [Fact]
    public void Message_names_a_region_and_a_month()
    {
        var message = new CatalogueMessage { Region = "uk", Month = "2026-02" };

        Assert.Equal((message, Start.AddMonths(-1), Start), (CatalogueMessage.Parse(message.ToJson()), message.Start, message.End));
        string[] texts =
            ["", "no message", "{}", """{"region":"uk","month":"2026"}""", """{"region":"","month":"2026-02"}""", """{"region":"uk"}"""];
        foreach (var text in texts)
        {
            Assert.Throws<InvalidMessageException>(() => CatalogueMessage.Parse(BinaryData.FromString(text)));
        }
    }

    /// <summary>Plans and builds.</summary>
    /// <returns>How many messages were handled.</returns>
    private static async Task<int> BuildAsync(Pipeline pipeline, CatalogueLimits? limits = null)
    {
        await pipeline.Get<CataloguePlanner>().PlanAsync(Cancellation);
        return await DeliverAsync(pipeline, limits);
    }

    private static async Task<int> DeliverAsync(Pipeline pipeline, CatalogueLimits? limits = null)
    {
        var total = 0;
        while (await pipeline.DeliverAsync(QueueNames.CatalogueMonths, message => HandleAsync(pipeline, limits, message)) is > 0 and var count)
        {
            total += count;
        }

        return total;
    }

    private static Task HandleAsync(Pipeline pipeline, CatalogueLimits? limits, QueueMessage message) =>
        pipeline.Get<MessageHandler>().HandleAsync<CatalogueMessage>(
            QueueNames.CatalogueMonths,
            message,
            pipeline.Create<CatalogueBuilder>(limits ?? new CatalogueLimits()).BuildAsync,
            Cancellation);

    /// <summary>Handles messages as a process that is killed does: what it was handling comes back, and nothing more is done.</summary>
    /// <returns>Whether it was done before that.</returns>
    private static async Task<bool> DeliverUntilKilledAsync(Pipeline pipeline, CatalogueLimits limits, KillPolicy kill)
    {
        var queue = pipeline.Account.Queues.GetQueueClient(QueueNames.CatalogueMonths);
        while (true)
        {
            if ((await queue.ReceiveMessageAsync(TimeSpan.FromMinutes(5), Cancellation)).Value is not { } message)
            {
                if ((await queue.GetPropertiesAsync(Cancellation)).Value.ApproximateMessagesCountLong == 0)
                {
                    return true;
                }

                // What a run has just sent, or got back, can take a moment to be visible.
                await Task.Delay(TimeSpan.FromMilliseconds(20), Cancellation);
                continue;
            }

            try
            {
                await HandleAsync(pipeline, limits, message);
            }
            catch (Exception) when (kill.HasEnded)
            {
                await queue.UpdateMessageAsync(message.MessageId, message.PopReceipt, visibilityTimeout: TimeSpan.Zero, cancellationToken: Cancellation);
                return false;
            }

            if (kill.HasEnded)
            {
                await queue.UpdateMessageAsync(message.MessageId, message.PopReceipt, visibilityTimeout: TimeSpan.Zero, cancellationToken: Cancellation);
                return false;
            }

            await queue.DeleteMessageAsync(message.MessageId, message.PopReceipt, Cancellation);
        }
    }

    private static async Task<List<string>> ReadRowsAsync(CatalogueFolder folder, string from) => await folder.QueryAsync(
        $"""
        SELECT region, id, type, strftime(createdTime::TIMESTAMP, '%Y-%m-%dT%H:%M:%S.%g'), strftime(archivedAt::TIMESTAMP, '%Y-%m-%dT%H:%M:%S.%g'),
            bytes, coalesce(objectName, ''), blob, coalesce(md5, ''), coalesce(sha256, ''), coalesce(verification, ''), state, coalesce(callId, ''), tags
        FROM {from} ORDER BY region, createdTime::TIMESTAMP, id
        """,
        Cancellation);

    /// <summary>What the catalogue must say, by the ledger.</summary>
    private static async Task<List<string>> ReadLedgerAsync(Pipeline pipeline)
    {
        var rows = new List<LedgerEntry>();
        await foreach (var entry in pipeline.Get<ObjectLedger>().SearchAsync("", columns: null, Cancellation))
        {
            if (entry.ArchivedAt is not null)
            {
                rows.Add(entry);
            }
        }

        return
        [
            .. rows.OrderBy(row => row.Region, StringComparer.Ordinal).ThenBy(row => Milliseconds(row.CreatedTime), StringComparer.Ordinal)
                .ThenBy(row => row.Id, StringComparer.Ordinal)
                .Select(row => string.Join(
                    '|',
                    row.Region,
                    row.Id,
                    row.Type,
                    Milliseconds(row.CreatedTime),
                    Milliseconds(row.ArchivedAt!.Value),
                    row.Bytes,
                    row.ObjectName,
                    row.Blob,
                    row.Md5,
                    row.Sha256,
                    row.Verification,
                    row.State,
                    row.CallId,
                    row.Tags)),
        ];

        static string Milliseconds(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff", CultureInfo.InvariantCulture);
    }

    private static string WithoutFormulas(string row) =>
        string.Join('|', row.Split('|').Select(value => value is ['=' or '+' or '-' or '@' or '\t' or '\r', ..] ? $"'{value}" : value));

    private static LedgerKey KeyOf(string id, DateTimeOffset created) => new(LedgerKey.Partition("us-east", created), id);

    private static async Task AddAsync(Pipeline pipeline, params IEnumerable<LedgerEntry> entries)
    {
        foreach (var day in entries.GroupBy(entry => entry.PartitionKey, StringComparer.Ordinal))
        {
            Assert.Empty(await pipeline.Get<ObjectLedger>().AddAsync([.. day], Cancellation));
        }
    }

    private static async Task FillAsync(Pipeline pipeline, int count, int days)
    {
        var entries = Enumerable.Range(0, count).Select(number => Entry(
            $"object-{number}",
            number % 3 == 0 ? "voicemail" : "callrecording",
            Start.AddDays(number % days).AddSeconds(number * 7919L % 86_400),
            $$"""
            [{"key":"userName","value":"Person {{number % 16}}"},{"key":"address","value":"+1 408 555 {{number % 10_000:D4}}"},
            {"key":"callId","value":"call-{{number / 3}}"}]
            """));
        await AddAsync(pipeline, entries);
    }

    private static LedgerEntry Entry(string id, string type, DateTimeOffset created, string tags, string? name = null)
    {
        var record = Record(id, type, created, tags, name);
        var blob = ArchiveLayout.ContentName("us-east", record);
        var receipt = new Receipt("us-east", record, blob, id.Length, new string('a', 32), new string('b', 64), "md5", created.AddHours(1));
        return LedgerEntry.Archived("us-east", record, receipt);
    }

    private static StorageObject Record(string id, string type, DateTimeOffset created, string tags, string? name = null) =>
        StorageObject.Parse(BinaryData.FromString($$"""
            {"id":"{{id}}","type":"{{type}}","createdTime":"{{created.UtcDateTime:yyyy-MM-ddTHH:mm:ss}}","objectState":"AVAILABLE",
            "objectName":{{JsonSerializer.Serialize(name ?? $"{id}.mp3")}},"tags":{{tags}}}
            """));

    /// <summary>Lets no request through from a given one on, as if the process had ended there.</summary>
    private sealed class KillPolicy : HttpPipelinePolicy
    {
        private int _left = int.MaxValue;

        public bool HasEnded => Volatile.Read(ref _left) <= 0;

        public void After(int requests) => Volatile.Write(ref _left, requests);

        public void Stop() => Volatile.Write(ref _left, int.MaxValue);

        public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => throw new NotSupportedException();

        public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            if (Interlocked.Decrement(ref _left) <= 0)
            {
                Volatile.Write(ref _left, 0);
                throw new InvalidOperationException("The process was killed.");
            }

            await ProcessNextAsync(message, pipeline);
        }
    }

    /// <summary>Refuses to commit blocks.</summary>
    private sealed class RefusePolicy : HttpPipelinePolicy
    {
        public (int Status, string Code)? With { get; set; }

        public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => throw new NotSupportedException();

        public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            if (With is var (status, code) && message.Request.Uri.Query.Contains("comp=blocklist", StringComparison.Ordinal))
            {
                throw new RequestFailedException(status, "Refused.", code, innerException: null);
            }

            await ProcessNextAsync(message, pipeline);
        }
    }

    /// <summary>Holds the first write of a kind until it is let go, or one behind it.</summary>
    private sealed class HoldPolicy(string part, int skipped = 0) : HttpPipelinePolicy
    {
        private int _left = skipped;
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Reached => _reached.Task;

        public void Release() => _released.SetResult();

        public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => ProcessNext(message, pipeline);

        public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            if (message.Request.Method == RequestMethod.Put
                && message.Request.Uri.PathAndQuery.Contains(part, StringComparison.Ordinal)
                && Interlocked.Decrement(ref _left) < 0
                && _reached.TrySetResult())
            {
                await _released.Task.WaitAsync(message.CancellationToken);
            }

            await ProcessNextAsync(message, pipeline);
        }
    }
}
