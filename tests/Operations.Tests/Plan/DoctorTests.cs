using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using Archiving.Model;
using Archiving.Outages;
using Archiving.Queues;
using Archiving.Settings;
using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Azure.Storage.Sas;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Operations.Health;
using Operations.Plan;
using Simulator;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Operations.Tests;

/// <summary>The first contact with an account: finds what is wrong, counts what is there, and touches nothing.</summary>
public sealed class DoctorTests(AzuriteFixture azurite)
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Doctor_finds_nothing_wrong_where_nothing_is()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        Fill(pipeline.Simulator);

        var plan = await RunAsync(pipeline, new PlanRequest { ProbeRights = true });

        Assert.All(plan.Checks, check => Assert.True(check.Status == CheckStatus.Ok, $"{check}"));
        Assert.Equal(
            ["Settings", "Vault", "Credentials", "Regions", "Clock", "List", "Download", "Restore", "Delete", "Container", "Queues", "Table"],
            plan.Checks.Select(check => check.Name));
        Assert.True(plan.IsReady);
        Assert.Empty(plan.MissingRights);
        Assert.Equal(["us-east", "uk"], plan.Regions);
        Assert.StartsWith("All is well: a run would copy ", plan.Verdict, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_names_what_health_names()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__Regions", "uk"));
        await pipeline.Create<StorageCreator>().CreateAllAsync(Cancellation);
        var record = new ObjectSpecification { Region = "uk", CreatedTime = Now.AddHours(-1), RawRecord = """{"type":"callrecording"}""" };
        var bad = pipeline.Simulator.Objects.Add(record);
        await pipeline.RunAsync();
        await pipeline.Get<SharedConditions>().ReportAsync(new OutageException(Condition.Integrity, "Bytes are damaged."), Cancellation);
        using var reader = pipeline.Create<HealthReader>();
        var health = await reader.ReadAsync(Cancellation);
        pipeline.Simulator.Objects.Remove("uk", bad.Id);

        var plan = await RunAsync(pipeline);

        Assert.Equal(["Listing", "Integrity"], health.Checks!.Select(check => check.Name));
        Assert.Equal(
            health.Checks!.Select(check => (check.Name, check.Message)),
            plan.Checks.Where(check => check.Status == CheckStatus.Problem).Select(check => (check.Name, check.Message)));
        Assert.False(plan.IsReady);
        Assert.StartsWith("2 problems must be fixed", plan.Verdict, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_names_records_that_cannot_be_read_before_the_first_run()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__Regions", "uk"));
        Fill(pipeline.Simulator);
        pipeline.Simulator.Objects.Add(new ObjectSpecification { Region = "uk", CreatedTime = Now.AddHours(-1), RawRecord = """{"type":"callrecording"}""" });

        await AssertProblemAsync(pipeline, "List", "8x8 lists a record that cannot be read");
    }

    [Fact]
    public async Task Doctor_counts_what_8x8_holds_by_region_type_state_and_age()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("Retention__voicemail", "12"));
        Fill(pipeline.Simulator);
        pipeline.Simulator.Objects.Search = new SearchBehaviour { Total = "pages" };

        var plan = await RunAsync(pipeline);

        var expected = pipeline.Simulator.Objects.GetAll().Where(item => item.State is "AVAILABLE" or "ARCHIVED").ToList();
        Assert.Equal(
            expected
                .GroupBy(item => (item.Region, item.Type, item.State))
                .OrderBy(group => group.Key.Region, StringComparer.Ordinal)
                .ThenBy(group => group.Key.Type, StringComparer.Ordinal)
                .ThenBy(group => group.Key.State, StringComparer.Ordinal)
                .Select(group => new ObjectGroup(
                    group.Key.Region,
                    group.Key.Type,
                    group.Key.State,
                    group.Count(),
                    group.Sum(item => item.StoredBytes),
                    Archived: 0,
                    group.Count(item => DaysLeft(item) <= 0),
                    group.Count(item => DaysLeft(item) is > 0 and <= 7))),
            plan.Objects!.Groups);
        Assert.Equal(new Amount(expected.Count, expected.Sum(item => item.StoredBytes)), plan.Objects.Total);
        Assert.Equal(plan.Objects.Total, plan.Objects.ToCopy);
        Assert.Equal(Sum(expected.Where(item => item.State == "ARCHIVED")), plan.Objects.ToRestore);
        Assert.Equal(Sum(expected.Where(item => DaysLeft(item) <= 0)), plan.Objects.PastRetention);
        Assert.Equal(Sum(expected.Where(item => DaysLeft(item) is > 0 and <= 7)), plan.Objects.WithinSevenDays);
        Assert.Equal(Sum(expected.Where(item => DaysLeft(item) > 7)), plan.Objects.Later);
        Assert.False(plan.Objects.IsEstimate);
        Assert.True(plan.Objects.Groups.Count > 8, $"{plan.Objects.Groups.Count} groups");
        Assert.All(
            new[] { plan.Objects.PastRetention, plan.Objects.WithinSevenDays, plan.Objects.Later, plan.Objects.ToRestore },
            amount => Assert.True(amount.Objects > 10));

        static double DaysLeft(SimulatedObject item) =>
            ((item.Type == "voicemail" ? item.CreatedTime.AddDays(12) : item.CreatedTime.AddDays(30)) - Now).TotalDays;
        static Amount Sum(IEnumerable<SimulatedObject> items) => new(items.Count(), items.Sum(item => item.StoredBytes));
    }

    [Fact]
    public async Task Doctor_shows_the_oldest_object_of_each_type_and_user_group_beside_what_is_set()
    {
        await using var pipeline = await Pipeline.StartAsync(
            azurite,
            settings:
            [
                ("Retention__voicemail", "90"),
                ("Retention__Rules", """[{"match":{"queueName":"Sales","region":"uk"},"days":130},{"match":{"userName":"a;b"},"days":10}]"""),
            ]);
        Add("callrecording", 25, queue: null);
        Add("callrecording", 40, queue: null);
        Add("callrecording", 41, queue: "Sales", region: "us-east");
        Add("callrecording", 129, queue: "Sales");
        Add("callrecording", 12, queue: "Sales");
        Add("voicemail", 29, queue: null);

        var plan = await RunAsync(pipeline);

        Assert.Equal(
            [
                ("callrecording", "Retention__DefaultDays", 30, 41, false),
                ("callrecording", "Retention__Rules, rule 1", 130, 129, false),
                ("voicemail", "Retention__voicemail", 90, 29, true),
            ],
            plan.Oldest.Select(item => (item.Type, item.Setting, item.SetDays, item.AgeDays, item.IsYoungerThanSet)));
        Assert.Contains("8x8 could not be asked for the oldest objects of Retention__Rules, rule 2 in uk.", plan.Notes);
        var text = PlanText.Write(plan);
        Assert.Contains("voicemail      Retention__voicemail            90            29  younger than set", text, StringComparison.Ordinal);

        void Add(string type, int days, string? queue, string region = "uk") => pipeline.Simulator.Objects.Add(new ObjectSpecification
        {
            Type = type,
            Region = region,
            CreatedTime = Now.AddDays(-days).AddHours(-1),
            Tags = queue is null ? [] : [new("queueName", queue)],
        });
    }

    [Fact]
    public async Task Doctor_names_types_that_8x8_lists_nothing_of()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__Types", "callrecording,voicemial"));
        pipeline.Simulator.Objects.Add(new ObjectSpecification { Type = "callrecording", CreatedTime = Now.AddDays(-2), Bytes = 10 });

        var plan = await RunAsync(pipeline, new PlanRequest());

        var note = Assert.Single(plan.Notes, text => text.Contains("lists no object of the type", StringComparison.Ordinal));
        Assert.Contains("voicemial", note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_shows_the_names_of_five_files_of_different_types()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("Archive__DownloadName", "{type} {objectName}{ext}"));
        Fill(pipeline.Simulator);
        pipeline.Simulator.Objects.Add(new ObjectSpecification { Type = "summary", CreatedTime = Now.AddMinutes(-1), ObjectName = "a/b.json" });

        var plan = await RunAsync(pipeline);

        Assert.Equal(5, plan.FileNames.Count);
        Assert.Equal(["callrecording", "meeting", "summary", "voicemail"], plan.FileNames.Select(file => file.Type).Distinct().Order(StringComparer.Ordinal));
        Assert.All(plan.FileNames, file => Assert.StartsWith($"{file.Type} ", file.FileName, StringComparison.Ordinal));
        Assert.Contains(new NamedFile("summary", "a/b.json", "summary a_b.json"), plan.FileNames);
        Assert.Contains("\n  summary a_b.json", PlanText.Write(plan).ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_counts_a_range_of_some_regions_and_types()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        Fill(pipeline.Simulator);
        var from = Now.AddDays(-20);
        var to = Now.AddDays(-5);

        var plan = await RunAsync(pipeline, new PlanRequest { From = from, To = to, Regions = ["uk"], Types = ["voicemail", "meeting"] });

        var expected = pipeline.Simulator.Objects.GetAll().Count(item =>
            item.Region == "uk" && item.Type is "voicemail" or "meeting" && item.State is "AVAILABLE" or "ARCHIVED" && item.CreatedTime >= from
                && item.CreatedTime < to);
        Assert.True(expected > 3, $"{expected}");
        Assert.Equal(expected, plan.Objects!.Total.Objects);
        Assert.All(plan.Objects.Groups, group => Assert.True(group.Region == "uk" && group.Type is "voicemail" or "meeting"));
        Assert.Contains(plan.Notes, note => note.StartsWith("uk has objects since ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Doctor_reports_what_is_archived_already()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var items = Enumerable.Range(1, 12)
            .Select(number => pipeline.Simulator.Objects.Add(new ObjectSpecification { Bytes = 1000, CreatedTime = Now.AddDays(-number) }))
            .ToList();
        await pipeline.RunAsync();
        pipeline.Simulator.Objects.ReplaceContent(items[3].Region, items[3].Id, seed: 7, bytes: 2000);
        pipeline.Simulator.Objects.Add(new ObjectSpecification { Bytes = 500, CreatedTime = Now.AddDays(-2) });

        var plan = await RunAsync(pipeline);

        Assert.Equal((13, 2), (plan.Objects!.Total.Objects, plan.Objects.ToCopy.Objects));
        Assert.Equal(2500, plan.Objects.ToCopy.Bytes);
        Assert.Equal(11, Assert.Single(plan.Objects.Groups).Archived);
    }

    [Theory]
    [InlineData(Rights.Read, "List", "list")]
    [InlineData(Rights.Download, "Download", "download")]
    [InlineData(Rights.Restore, "Restore", "restore")]
    [InlineData(Rights.Delete, "Delete", "delete")]
    public async Task Doctor_names_the_missing_right_and_no_other(Rights missing, string check, string name)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        Fill(pipeline.Simulator);
        pipeline.Simulator.Account.Rights &= ~missing;

        var plan = await RunAsync(pipeline, new PlanRequest { ProbeRights = true });

        Assert.Equal([name], plan.MissingRights);
        var problem = Assert.Single(plan.Checks, item => item.Status == CheckStatus.Problem);
        Assert.Equal(check, problem.Name);
        Assert.Contains("(403). Give ", problem.Message, StringComparison.Ordinal);
        Assert.False(plan.IsReady);
        Assert.Equal("One problem must be fixed before archiving can be relied on.", plan.Verdict);
        Assert.Equal(missing == Rights.Read, plan.Objects is null);
    }

    [Fact]
    public async Task Doctor_asks_8x8_to_restore_and_delete_nothing_that_it_has()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        Fill(pipeline.Simulator);

        await RunAsync(pipeline, new PlanRequest { ProbeRights = true });

        var counters = pipeline.Simulator.Counters;
        Assert.Equal((1, 1, 2, 1), (counters["restore"], counters["delete"], counters["record"], counters["content"]));
        Assert.Equal(0, counters["presign"]);
    }

    [Fact]
    public async Task Doctor_sends_no_request_to_restore_or_delete_before_8x8_says_that_it_does_not_know_the_id()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        Fill(pipeline.Simulator);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "record", Kind = FaultKind.Status, Status = 405 });

        var plan = await RunAsync(pipeline, new PlanRequest { ProbeRights = true });

        Assert.Equal((0, 0), (pipeline.Simulator.Counters["restore"], pipeline.Simulator.Counters["delete"]));
        Assert.Equal(["Restore", "Delete"], plan.Checks.Where(check => check.Status == CheckStatus.Unknown).Select(check => check.Name));
        Assert.True(plan.IsReady);
    }

    [Theory]
    [InlineData(null, null, 1, 0)]
    [InlineData(null, "30", 1, 1)]
    [InlineData(true, null, 1, 1)]
    [InlineData(false, "30", 0, 0)]
    public async Task Doctor_tries_the_rights_to_restore_and_delete_as_they_are_needed_or_asked_for(
        bool? asked,
        string? purgeAfterDays,
        int restores,
        int deletes)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("Purge__AfterDays", purgeAfterDays ?? ""));

        await RunAsync(pipeline, new PlanRequest { ProbeRights = asked });

        Assert.Equal((restores, deletes), (pipeline.Simulator.Counters["restore"], pipeline.Simulator.Counters["delete"]));
    }

    [Fact]
    public async Task Doctor_lets_a_key_be_that_may_not_restore_where_nothing_is_in_cold_storage()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = Now.AddDays(-1) });
        pipeline.Simulator.Account.Rights = Rights.Read | Rights.Download;

        var plan = await RunAsync(pipeline);

        Assert.True(plan.IsReady);
        Assert.Equal(["restore"], plan.MissingRights);
        Assert.Contains("it need not", Find(plan, "Restore").Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_says_that_downloading_could_not_be_tried_where_there_is_nothing()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);

        var plan = await RunAsync(pipeline);

        Assert.Equal(CheckStatus.Unknown, Find(plan, "Download").Status);
        Assert.Equal("All is well, and there is nothing to copy in us-east and uk.", plan.Verdict);
        pipeline.Simulator.Account.Rights &= ~Rights.Download;
        Assert.Equal(["download"], (await RunAsync(pipeline)).MissingRights);
    }

    [Fact]
    public async Task Doctor_distinguishes_a_wrong_secret_a_missing_product_and_a_missing_role()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);

        pipeline.Simulator.Account.Products = ["meetings"];
        await AssertProblemAsync(pipeline, "Credentials", "its app lacks the product Call recordings & Storage");
        pipeline.Simulator.Account.Secret = "another";
        await AssertProblemAsync(pipeline, "Credentials", "8x8 refuses the API key (401). Compare EightByEight__Key");
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "token", Kind = FaultKind.Status, Status = 403 });
        var plan = await AssertProblemAsync(pipeline, "Credentials", "gives it no token (403). Give the key's user the role Storage API");
        Assert.Equal(
            ["Regions", "Clock", "List", "Download", "Restore"],
            plan.Checks.Where(check => check.Status == CheckStatus.Unknown).Select(check => check.Name));
        Assert.Null(plan.Objects);
    }

    [Fact]
    public async Task Doctor_reports_that_8x8_is_unreachable()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__BaseUrl", "http://127.0.0.1:1"));

        await AssertProblemAsync(pipeline, "Credentials", "does not answer. Check the network and EightByEight__BaseUrl");
    }

    [Fact]
    public async Task Doctor_reports_that_8x8_gives_a_token_and_no_answer_then()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "regions", Kind = FaultKind.Reset });

        var plan = await AssertProblemAsync(pipeline, "Regions", "8x8 does not answer. Check the network");
        Assert.Equal(["Clock", "List", "Download", "Restore"], plan.Checks.Where(check => check.Status == CheckStatus.Unknown).Select(check => check.Name));
        Assert.Equal(["Container", "Queues", "Table"], plan.Checks.TakeLast(3).Where(check => check.Status == CheckStatus.Ok).Select(check => check.Name));
    }

    [Fact]
    public async Task Doctor_reports_a_vault_that_refuses()
    {
        await using var pipeline = await StartWithVaultAsync();
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "vault", Kind = FaultKind.Status, Status = 403 });

        var plan = await AssertProblemAsync(
            pipeline,
            "Vault",
            "refuses to let the app read secrets (403). Assign the app's identity the role Key Vault Secrets");
        Assert.Equal(CheckStatus.Unknown, Find(plan, "Credentials").Status);
    }

    [Fact]
    public async Task Doctor_reports_a_secret_that_the_vault_lacks()
    {
        await using var pipeline = await StartWithVaultAsync(withKey: false);

        var plan = await AssertProblemAsync(pipeline, "Credentials", "The vault holds no secret eightbyeight-key");
        Assert.Equal(CheckStatus.Ok, Find(plan, "Vault").Status);
    }

    [Fact]
    public async Task Doctor_reports_a_clock_that_is_wrong()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        Assert.Equal(CheckStatus.Ok, Find(await RunAsync(pipeline), "Clock").Status);
        using var client = new HttpClient { BaseAddress = pipeline.Simulator.BaseUrl };
        using var answer = await client.PostAsJsonAsync("/__admin/clock", new { seconds = -300 }, Cancellation);

        await AssertProblemAsync(pipeline, "Clock", "This machine's clock is (29[5-9]|30[0-9]) seconds ahead of 8x8's");
    }

    [Fact]
    public async Task Doctor_names_a_region_that_the_account_does_not_have()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__Regions", "uk,mars"));
        Fill(pipeline.Simulator);

        var plan = await AssertProblemAsync(pipeline, "Regions", "EightByEight__Regions name mars, which the account does not have. It has us-east and uk");
        Assert.Equal(["uk"], plan.Regions);
        Assert.Contains(plan.Notes, note => note.Contains("also has us-east", StringComparison.Ordinal));
        await AssertProblemAsync(pipeline, "Regions", "The regions asked for name venus", new PlanRequest { Regions = ["venus"] });
    }

    [Fact]
    public async Task Doctor_names_a_filter_that_8x8_rejects()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__Filter", "direction=~inbound"));

        await AssertProblemAsync(pipeline, "List", "8x8 rejects EightByEight__Filter");
    }

    [Fact]
    public async Task Doctor_counts_a_region_that_rejects_filters_on_times()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        Fill(pipeline.Simulator);
        pipeline.Simulator.Objects.Search = new SearchBehaviour { RejectTimeFilters = 400 };

        var plan = await RunAsync(pipeline);

        Assert.Equal(pipeline.Simulator.Objects.GetAll().Count(item => item.State is "AVAILABLE" or "ARCHIVED"), plan.Objects!.Total.Objects);
        Assert.Contains("rejects filters on times", Find(plan, "List").Message, StringComparison.Ordinal);
        Assert.True(plan.IsReady);
    }

    [Fact]
    public async Task Doctor_reports_that_a_listing_broke_off()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        Fill(pipeline.Simulator);
        pipeline.Simulator.Faults.Set(
            new FaultRule { Call = "search", Kind = FaultKind.Latency, Milliseconds = 0, First = 8 },
            new FaultRule { Call = "search", Kind = FaultKind.Status, Status = 403 });

        await AssertProblemAsync(pipeline, "List", "could not be listed to the end. 8x8 does not let this API key search");
    }

    [Fact]
    public async Task Doctor_finds_nothing_wrong_with_storage_that_is_not_made_yet_and_with_storage_that_is()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var plan = await RunAsync(pipeline);
        Assert.StartsWith("recordings is not there and will be made", Find(plan, "Container").Message, StringComparison.Ordinal);
        Assert.StartsWith("None of the queues is there yet", Find(plan, "Queues").Message, StringComparison.Ordinal);
        Assert.Contains("will be made by the first run", Find(plan, "Table").Message, StringComparison.Ordinal);

        await pipeline.Container.CreateAsync(cancellationToken: Cancellation);
        await pipeline.Account.Queues.CreateQueueAsync("list-windows", cancellationToken: Cancellation);
        await pipeline.Account.Tables.CreateTableAsync("objects", Cancellation);
        plan = await RunAsync(pipeline);
        Assert.StartsWith(
            "recordings is there, and private. The app may write. Immutability policy: no. Legal hold: no.",
            Find(plan, "Container").Message,
            StringComparison.Ordinal);
        Assert.StartsWith($"1 of {QueueNames.All.Count} queues are there", Find(plan, "Queues").Message, StringComparison.Ordinal);
        Assert.Contains("table is there. The app may write.", Find(plan, "Table").Message, StringComparison.Ordinal);
        Assert.True(plan.IsReady);
    }

    [Fact]
    public async Task Doctor_reports_a_container_that_allows_anonymous_access()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        await pipeline.Container.CreateAsync(PublicAccessType.Blob, cancellationToken: Cancellation);

        await AssertProblemAsync(pipeline, "Container", "allows anonymous access");
    }

    [Fact]
    public async Task Doctor_reports_storage_that_is_not_there()
    {
        const string Nowhere = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=c2VjcmV0;"
            + "BlobEndpoint=http://127.0.0.1:1/a;QueueEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:1/a";
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("AzureWebJobsStorage", Nowhere));
        Fill(pipeline.Simulator);
        var planBuilder = ActivatorUtilities.CreateInstance<PlanBuilder>(pipeline.Get<IServiceProvider>(), TimeSpan.FromSeconds(3));

        var plan = await planBuilder.BuildAsync(new PlanRequest(), progress: null, Cancellation);

        Assert.Equal(["Container", "Queues", "Table"], plan.Checks.Where(check => check.Status == CheckStatus.Problem).Select(check => check.Name));
        Assert.All(
            plan.Checks.Where(check => check.Status == CheckStatus.Problem),
            check => Assert.Contains("not answer", check.Message, StringComparison.Ordinal));
        Assert.Equal("3 problems must be fixed before archiving can be relied on; begin with the first.", plan.Verdict);
        Assert.Contains(plan.Notes, note => note.StartsWith("The ledger could not be read", StringComparison.Ordinal));
        Assert.True(plan.Objects!.Total.Objects > 0);
    }

    [Fact]
    public async Task Doctor_reports_storage_that_the_app_may_read_and_not_write()
    {
        var account = azurite.NewAccount();
        await account.Blobs.CreateBlobContainerAsync("recordings", cancellationToken: Cancellation);
        var sas = account.Blobs.GenerateAccountSasUri(new AccountSasBuilder(
            AccountSasPermissions.Read | AccountSasPermissions.List,
            TimeProvider.System.GetUtcNow().AddHours(1),
            AccountSasServices.All,
            AccountSasResourceTypes.All)).Query.TrimStart('?');
        var readOnly = $"BlobEndpoint={account.Blobs.Uri};QueueEndpoint={account.Queues.Uri};TableEndpoint={account.Tables.Uri};SharedAccessSignature={sas}";
        await using var pipeline = await Pipeline.StartAsync(azurite, account: account, settings: ("AzureWebJobsStorage", readOnly));

        var plan = await RunAsync(pipeline);

        Assert.Equal(["Container", "Queues", "Table"], plan.Checks.Where(check => check.Status == CheckStatus.Problem).Select(check => check.Name));
        Assert.Contains("Storage Blob Data Contributor", Find(plan, "Container").Message, StringComparison.Ordinal);
        Assert.Contains("Storage Queue Data Contributor", Find(plan, "Queues").Message, StringComparison.Ordinal);
        Assert.Contains("was not tried", Find(await RunAsync(pipeline, new PlanRequest { ProbeRights = false }), "Queues").Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Doctor_writes_nothing(bool afterARun)
    {
        await using var pipeline = await StartWithVaultAsync();
        Fill(pipeline.Simulator, count: 60);

        // What the run asks to be restored must not come back in the middle.
        pipeline.Simulator.Account.RestoreTime = TimeSpan.FromDays(1);
        if (afterARun)
        {
            await pipeline.Create<StorageCreator>().CreateAllAsync(Cancellation);
            await pipeline.RunAsync();
        }

        var before = await SnapshotAsync(pipeline);
        Assert.Equal(afterARun, before.Contains("container recordings", StringComparison.Ordinal));
        var plan = await RunAsync(pipeline, new PlanRequest { ProbeRights = true });
        await RunAsync(pipeline, new PlanRequest { MaxPages = 2 });

        Assert.True(plan.IsReady, plan.Verdict);
        Assert.Equal(before, await SnapshotAsync(pipeline));
    }

    [Fact]
    public async Task Doctor_estimates_from_a_part_of_a_large_account_and_says_so()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        for (var number = 0; number < 20_000; number++)
        {
            // Busier by day than by night, and busier of late.
            var hours = 24 * 28 * Math.Sqrt(number / 20_000.0);
            pipeline.Simulator.Objects.Add(new ObjectSpecification
            {
                Type = number % 4 == 0 ? "voicemail" : "callrecording",
                Bytes = 1000 + (number % 1000),
                CreatedTime = Now.AddDays(-29).AddHours(Math.Floor(hours) + (hours % 1 / 2)),
            });
        }

        var plan = await RunAsync(pipeline, new PlanRequest { MaxPages = 60 });

        Assert.True(plan.Objects!.IsEstimate);
        Assert.InRange(plan.Objects.Listed, 2_000, 6_200);
        Assert.InRange(plan.Objects.Total.Objects, 16_000, 24_000);
        Assert.InRange(plan.Objects.Groups.Single(group => group.Type == "voicemail").Objects, 4_000, 6_000);
        Assert.InRange(pipeline.Simulator.Counters["search"], 30, 75);
        Assert.Contains("would copy about ", plan.Verdict, StringComparison.Ordinal);
        Assert.Contains("Estimated from ", PlanText.Write(plan), StringComparison.Ordinal);

        var whole = await RunAsync(pipeline, new PlanRequest { MaxPages = 1000 });
        Assert.Equal((false, 20_000L), (whole.Objects!.IsEstimate, whole.Objects.Total.Objects));
    }

    [Fact]
    public async Task Doctor_estimates_well_in_spite_of_bursts()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        for (var number = 0; number < 24_000; number++)
        {
            // Three hundred in one second, every eight hours.
            pipeline.Simulator.Objects.Add(
                new ObjectSpecification { Region = number % 2 == 0 ? "uk" : "us-east", Bytes = 10, CreatedTime = Now.AddDays(-27).AddHours(number / 300 * 8) });
        }

        var plan = await RunAsync(pipeline, new PlanRequest { MaxPages = 120 });

        Assert.True(plan.Objects!.IsEstimate);
        Assert.InRange(plan.Objects.Total.Objects, 14_000, 34_000);
        Assert.InRange(pipeline.Simulator.Counters["search"], 60, 150);
    }

    [Fact]
    public async Task Doctor_estimates_the_requests_that_a_run_then_makes()
    {
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await Pipeline.StartAsync(azurite, storagePolicy: new CountingPolicy(requests));
        for (var number = 0; number < 200; number++)
        {
            pipeline.Simulator.Objects.Add(new ObjectSpecification
            {
                Region = number % 3 == 0 ? "uk" : "us-east",
                Bytes = number % 50 == 0 ? 5_000_000 : 3000,
                Checksum = number % 20 == 0 ? "" : null,
                CreatedTime = Now.AddMinutes(-30 - (number * 180)),
            });
        }

        var estimate = (await RunAsync(pipeline)).Estimate!;
        requests.Clear();
        pipeline.Simulator.Counters.Reset();
        await pipeline.RunAsync();

        var blobWrites = 0L;
        await foreach (var blob in pipeline.Container.GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix: null, Cancellation))
        {
            var blocks = (await pipeline.Container.GetBlockBlobClient(blob.Name).GetBlockListAsync(cancellationToken: Cancellation)).Value.CommittedBlocks
                .Count();
            blobWrites += 1 + blocks;
        }

        var counters = pipeline.Simulator.Counters;
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{estimate}; tables {requests.Count(IsToTable)}, sent {requests.Count(IsMessage)}, blobs {blobWrites}, search {counters["search"]}, "
            + $"content {counters["content"]}");
        Assert.Equal(blobWrites, estimate.BlobWrites);
        AssertAbout(counters["search"] + counters["content"] + counters["record"], estimate.SourceRequests);

        // Rows that end at the same moment share a request, and when they do is chance: fewer it may be, not more.
        var tables = requests.Count(IsToTable);
        Assert.InRange(estimate.TableOperations, tables * 0.9, tables * 1.6);

        // The host takes messages off by the thirty-two and deletes each; the test does that itself, uncounted.
        AssertAbout(requests.Count(IsMessage) * (2 + (1.0 / 32)), estimate.QueueOperations);

        static bool IsMessage(string request) => request.Contains("/messages", StringComparison.Ordinal);
        static bool IsToTable(string request) => !IsMessage(request) && !request.Contains("/recordings", StringComparison.Ordinal);
        static void AssertAbout(double actual, double estimated) => Assert.InRange(estimated, actual * 0.9, actual * 1.1);
    }

    [Fact]
    public async Task Doctor_estimates_when_its_time_is_up()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        for (var number = 0; number < 3000; number++)
        {
            pipeline.Simulator.Objects.Add(
                new ObjectSpecification { Region = number % 2 == 0 ? "us-east" : "uk", Bytes = 10, CreatedTime = Now.AddDays(-30).AddMinutes(number * 14.4) });
        }

        var plan = await RunAsync(pipeline, new PlanRequest { MaxDuration = TimeSpan.Zero });

        Assert.Equal((true, true), (plan.Objects!.IsEstimate, plan.Objects.Listed < 500));
        Assert.InRange(plan.Objects.Total.Objects, 2400, 3600);
        Assert.Empty(plan.Oldest);
        Assert.Contains(plan.Notes, note => note.StartsWith("8x8 takes too long to be asked for the oldest objects", StringComparison.Ordinal));
    }

    [Fact]
    public void Estimate_calculates_hours_restores_and_cost()
    {
        var counted = new CountedObjects();
        for (var number = 0; number < 1000; number++)
        {
            var state = number < 100 ? "ARCHIVED" : "AVAILABLE";
            var record = $$"""{"id":"{{number}}","type":"meeting","objectState":"{{state}}","storedBytes":72000000,"checksum":"x"}""";
            counted.Add("uk", EightByEight.StorageObject.Parse(BinaryData.FromString(record)), isArchived: false, TimeSpan.FromDays(9));
        }

        var free = RunEstimate.Of(counted, windows: 30, TimeSpan.FromMilliseconds(320), Options());
        var capped = RunEstimate.Of(
            counted,
            windows: 30,
            TimeSpan.FromMilliseconds(320),
            Options(("EightByEight:MaxRequestsPerSecond", "0.5"), ("Restore:MaxPerDay", "30"), ("Restore:PollInterval", "01:00:00")));

        // 72 GB at 20 MB/s are an hour; 18 blocks, a list of them and a receipt are 20 writes.
        Assert.Equal((1.0, 1, 20_000), (free.Hours, free.RestoreDays, free.BlobWrites));
        Assert.Equal(30 + 10 + 1000 + (100 * (1 + 48)), free.SourceRequests);
        Assert.Equal(72_000_000_000 / 1024.0 / 1024 / 1024 * 0.026, free.Cost.PerMonth, 3);

        // Queues, tables and runs of functions cost the rest.
        Assert.InRange(free.Cost.Once - (20_000 * 0.0625 / 10_000) - (3600 * 2 * 0.000026), 0.001, 0.01);
        Assert.Equal(4, capped.RestoreDays);
        Assert.Equal((30 + 10 + 1000 + (100 * 13)) / 0.5 / 3600, capped.Hours, 3);
        Assert.Equal("EightByEight__MaxRequestsPerSecond is 0.5", capped.HoursBasis);

        static ArchiverOptions Options(params (string Name, string Value)[] settings) => ArchiverOptions.Read(new ConfigurationBuilder()
            .AddInMemoryCollection(settings
                .Append(("AzureWebJobsStorage", "UseDevelopmentStorage=true"))
                .Append(("EightByEight:Key", "k"))
                .Append(("EightByEight:Secret", "s"))
                .Concat(Schedules.All.Select(schedule => (schedule.Key.Replace("__", ":", StringComparison.Ordinal), schedule.Value)))
                .ToDictionary(setting => setting.Item1, string? (setting) => setting.Item2))
            .Build());
    }

    [Fact]
    public void Estimate_uses_the_prices_that_the_documentation_names()
    {
        var page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Data", "scale.md"));

        Assert.Contains($"list prices of {AzurePrices.AsOf}: {AzurePrices.Basis}.", page, StringComparison.Ordinal);
        Assert.All(
            ((string What, double Price)[])[
                ("GiB kept for a month", AzurePrices.StoragePerGibibyteMonth),
                ("10,000 blob writes", AzurePrices.BlobWritesPer10000),
                ("10,000 queue operations", AzurePrices.QueueOperationsPer10000),
                ("10,000 table operations", AzurePrices.TableOperationsPer10000),
                ("1,000,000 function runs", AzurePrices.ExecutionsPerMillion),
                ("GB-second", AzurePrices.GigabyteSecond),
            ],
            row => Assert.Matches(string.Create(CultureInfo.InvariantCulture, $@"\| {row.What} \| {row.Price:0.0#####}0? \|"), page));
    }

    [Fact]
    public void Count_cuts_a_range_into_slices_that_begin_at_different_hours()
    {
        var from = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var asTaken = ObjectCounter.Slices(from, from.AddDays(24), 24).ToList();
        var slices = asTaken.OrderBy(slice => slice.From).ToList();

        // The first few of them already reach over the whole span.
        Assert.True(asTaken.Take(6).Max(slice => slice.From) - asTaken.Take(6).Min(slice => slice.From) > TimeSpan.FromDays(12));
        Assert.Equal(from, slices[0].From);
        Assert.Equal(from.AddDays(24), slices[^1].To);
        Assert.All(slices.Zip(slices.Skip(1)), pair => Assert.Equal(pair.First.To, pair.Second.From));
        Assert.All(slices, slice => Assert.True(slice.From <= slice.Begin && slice.Begin < slice.To));
        Assert.InRange(slices.Select(slice => slice.Begin.Hour).Distinct().Count(), 18, 24);
    }

    private static async Task<PlanReport> RunAsync(Pipeline pipeline, PlanRequest? request = null)
    {
        var plan = await pipeline.Get<PlanBuilder>().BuildAsync(request ?? new PlanRequest(), progress: null, Cancellation);
        TestContext.Current.TestOutputHelper?.WriteLine(PlanText.Write(plan));
        return plan;
    }

    private static async Task<PlanReport> AssertProblemAsync(Pipeline pipeline, string name, string message, PlanRequest? request = null)
    {
        var plan = await RunAsync(pipeline, request);
        var problem = Assert.Single(plan.Checks, check => check.Status == CheckStatus.Problem);
        Assert.Equal(name, problem.Name);
        Assert.Matches(message.Replace("(4", "\\(4", StringComparison.Ordinal).Replace("3).", "3\\).", StringComparison.Ordinal)
            .Replace("1).", "1\\).", StringComparison.Ordinal), problem.Message);
        Assert.False(plan.IsReady);
        return plan;
    }

    private static Check Find(PlanReport plan, string name) => Assert.Single(plan.Checks, check => check.Name == name);

    private async Task<Pipeline> StartWithVaultAsync(bool withKey = true)
    {
        var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        if (withKey)
        {
            simulator.SetSecret("eightbyeight-key", simulator.Account.Key);
            simulator.SetSecret("eightbyeight-secret", simulator.Account.Secret);
        }

        return await Pipeline.StartAsync(
            azurite,
            simulator: simulator,
            settings:
            [
                ("KeyVault__Uri", simulator.VaultUrl.AbsoluteUri),
                ("KeyVault__CertificateSha256", simulator.VaultCertificateSha256),
                ("EightByEight__Key", ""),
                ("EightByEight__Secret", ""),
            ]);
    }

    private static void Fill(SimulatorServer simulator, int count = 360)
    {
        for (var number = 0; number < count; number++)
        {
            simulator.Objects.Add(new ObjectSpecification
            {
                Region = number % 3 == 0 ? "uk" : "us-east",
                Type = (number % 4) switch { 0 => "voicemail", 1 => "meeting", _ => "callrecording" },
                State = (number % 10) switch { 7 or 8 => "ARCHIVED", 9 => "PENDING", _ => "AVAILABLE" },
                Bytes = 100 * (number % 37),
                CreatedTime = Now.AddMinutes(-number * (29.0 * 24 * 60 / count) - 5),
            });
        }
    }

    /// <summary>Everything that there is at 8x8, in the vault and in the storage account.</summary>
    private static async Task<string> SnapshotAsync(Pipeline pipeline)
    {
        var lines = new List<string>();
        lines.AddRange(pipeline.Simulator.Objects.GetAll()
            .Select(item => string.Create(CultureInfo.InvariantCulture, $"object {item.Region} {item.Id} {item.State} {item.UpdatedTime:O}")));
        foreach (var secret in (string[])["eightbyeight-key", "eightbyeight-secret", "eightbyeight-access-token"])
        {
            lines.AddRange(pipeline.Simulator.GetSecretVersions(secret).Select(version => $"secret {secret} {version}"));
        }

        var blobs = pipeline.Account.Blobs;
        await foreach (var container in blobs.GetBlobContainersAsync(BlobContainerTraits.Metadata, cancellationToken: Cancellation))
        {
            lines.Add($"container {container.Name} {container.Properties.ETag}");
            await foreach (var blob in blobs.GetBlobContainerClient(container.Name)
                .GetBlobsAsync(BlobTraits.Metadata, BlobStates.Uncommitted, prefix: null, Cancellation))
            {
                lines.Add($"blob {blob.Name} {blob.Properties.ETag}");
            }
        }

        await foreach (var queue in pipeline.Account.Queues.GetQueuesAsync(cancellationToken: Cancellation))
        {
            lines.Add($"queue {queue.Name} {await pipeline.CountAsync(queue.Name)}");
        }

        await foreach (var table in pipeline.Account.Tables.QueryAsync(cancellationToken: Cancellation))
        {
            lines.Add($"table {table.Name}");
            await foreach (var row in pipeline.Account.Tables.GetTableClient(table.Name).QueryAsync<TableEntity>(cancellationToken: Cancellation))
            {
                lines.Add($"row {row.PartitionKey} {row.RowKey} {row.ETag}");
            }
        }

        return new StringBuilder().AppendJoin('\n', lines.Order(StringComparer.Ordinal)).ToString();
    }
}
