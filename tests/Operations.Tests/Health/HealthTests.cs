using Archiving.Model;
using Archiving.Outages;
using Archiving.Source;
using Azure.Storage.Sas;
using EightByEight;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;
using Moq;
using Operations.Health;
using Simulator.Faults;
using Testing;

namespace Operations.Tests;

/// <summary>Each outage gives one clear error with cause and remedy, and passes when its cause does.</summary>
public sealed class HealthTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Health_is_healthy_when_everything_works()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);

        var report = await pipeline.Get<HealthReader>().ReadAsync(Cancellation);

        Assert.Equal(("Healthy", null), (report.Status, report.Checks));
        Assert.Empty(await pipeline.ReadContainerAsync());
    }

    [Fact]
    public async Task Health_reports_a_wrong_secret()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__Secret", "wrong"));

        await AssertUnhealthyAsync(pipeline, "Credentials", "8x8 refuses the API key (401). Compare EightByEight__Key and EightByEight__Secret");
    }

    [Fact]
    public async Task Health_reports_that_8x8_is_unreachable()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__BaseUrl", "http://127.0.0.1:1"));

        await AssertUnhealthyAsync(pipeline, "Credentials", "does not answer. Check the network and EightByEight__BaseUrl");
    }

    [Fact]
    public async Task Health_reports_a_region_to_ask_at_that_8x8_does_not_have()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__DiscoveryRegion", "us-eats"));

        await AssertUnhealthyAsync(pipeline, "Source", "Check EightByEight__DiscoveryRegion");
    }

    [Theory]
    [InlineData(429, "8x8 asked the app to wait (429)")]
    [InlineData(503, "8x8 answers with an error (503)")]
    public async Task Health_reports_at_once_what_8x8_answers_instead_of_trying_again(int status, string problem)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "regions", Kind = FaultKind.Status, Status = status });

        await AssertUnhealthyAsync(pipeline, "Source", problem);

        Assert.Equal(1, pipeline.Simulator.Counters["regions"]);
    }

    [Theory]
    [InlineData(Condition.Restore, "EightByEight__IncludeArchived", "false")]
    [InlineData(Condition.Purge, "Purge__Enabled", "false")]
    public async Task Health_forgets_the_outage_of_what_was_switched_off(Condition condition, string setting, string value)
    {
        await using var on = await Pipeline.StartAsync(azurite, settings: [("Purge__Enabled", "true"), ("Purge__AfterDays", "30")]);
        await on.Get<SharedConditions>().ReportAsync(new OutageException(condition, "8x8 refuses."), Cancellation);
        Assert.Equal(condition.ToString(), Assert.Single((await on.Get<HealthReader>().ReadAsync(Cancellation)).Checks!).Name);

        await using var off = await Pipeline.StartAsync(azurite, account: on.Account, settings: (setting, value));

        Assert.Equal("Healthy", (await off.Get<HealthReader>().ReadAsync(Cancellation)).Status);
    }

    [Fact]
    public async Task Health_reports_a_vault_that_refuses()
    {
        var simulator = await global::Simulator.SimulatorServer.StartAsync(cancellationToken: Cancellation);
        simulator.Faults.Set(new FaultRule { Call = "vault", Kind = FaultKind.Status, Status = 403 });
        await using var pipeline = await Pipeline.StartAsync(
            azurite,
            simulator: simulator,
            settings: [("KeyVault__Uri", simulator.VaultUrl.AbsoluteUri), ("KeyVault__CertificateSha256", simulator.VaultCertificateSha256)]);

        await AssertUnhealthyAsync(pipeline, "Vault", "Assign the app's identity the role Key Vault Secrets");
    }

    [Fact]
    public async Task Health_reports_a_vault_that_can_be_read_and_does_not_take_the_token()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var account = pipeline.Simulator.Account;
        var store = new Mock<ITokenStore>();
        store.Setup(vault => vault.ReadApiKeyAsync(It.IsAny<CancellationToken>())).ReturnsAsync(new ApiKey(account.Key, account.Secret));
        store.Setup(vault => vault.WriteTokenAsync(It.IsAny<AccessToken>(), It.IsAny<CancellationToken>()))
            .ThrowsAsync(new OutageException(Condition.Vault, "The secret was deleted."));
        using var tokens = new AccessTokens(
            store.Object, new TokenClient(pipeline.Simulator.BaseUrl), pipeline.Get<HealthBoard>(), TimeProvider.System, NullLogger<AccessTokens>.Instance);
        var check = new VaultCheck(store.Object, tokens, pipeline.Get<HealthBoard>());
        Assert.Equal(HealthStatus.Healthy, (await check.CheckHealthAsync(new HealthCheckContext(), Cancellation)).Status);

        await tokens.GetTokenAsync(Cancellation);

        Assert.Equal("The secret was deleted.", (await check.CheckHealthAsync(new HealthCheckContext(), Cancellation)).Description);
    }

    [Fact]
    public async Task Outage_of_the_content_of_a_region_is_in_the_health_of_every_instance_until_it_gives_content()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: ("EightByEight__Regions", "uk"));
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Status, Status = 503 });
        for (var number = 0; number < FailingObjects.Outage + 5; number++)
        {
            pipeline.Simulator.Objects.Add(
                new global::Simulator.Objects.ObjectSpecification { Region = "uk", Bytes = 10, CreatedTime = time.GetUtcNow().AddHours(-1) });
        }

        await pipeline.RunAsync();
        await using var other = await Pipeline.StartAsync(azurite, time, pipeline.Account, pipeline.Simulator, settings: ("EightByEight__Regions", "uk"));
        Assert.Contains("8x8 answers for objects of uk with an error (503)", await FindAsync(), StringComparison.Ordinal);

        // As when nothing of the region is left to be asked for.
        time.Advance(TimeSpan.FromMinutes(31));
        Assert.Null(await FindAsync());
        var outage = new OutageException(Condition.Content, "8x8 answers for objects of uk with an error (503).");
        await pipeline.Get<SharedConditions>().ReportAsync(outage, Cancellation, "uk");
        Assert.NotNull(await FindAsync());

        pipeline.Simulator.Faults.Set();
        pipeline.Simulator.Objects.Add(
            new global::Simulator.Objects.ObjectSpecification { Region = "uk", Bytes = 10, CreatedTime = time.GetUtcNow().AddMinutes(-2) });
        await pipeline.RunAsync();
        Assert.Null(await FindAsync());

        async Task<string?> FindAsync()
        {
            // An answer is kept for some seconds.
            time.Advance(TimeSpan.FromMinutes(1));
            var report = await other.Get<HealthReader>().ReadAsync(Cancellation);
            return report.Checks?.FirstOrDefault(check => check.Name == "Content")?.Message;
        }
    }

    [Fact]
    public async Task Health_reports_a_container_that_cannot_be_written_to()
    {
        var account = azurite.NewAccount();
        var container = account.Blobs.GetBlobContainerClient("recordings");
        await container.CreateAsync(cancellationToken: Cancellation);
        var sas = new Azure.Storage.Sas.AccountSasBuilder(
            AccountSasPermissions.Read | AccountSasPermissions.List,
            TimeProvider.System.GetUtcNow().AddHours(1),
            AccountSasServices.Blobs,
            AccountSasResourceTypes.All);
        var readOnly = account.Blobs.GenerateAccountSasUri(sas);
        await using var pipeline = await Pipeline.StartAsync(
            azurite,
            account: account,
            settings: ("ArchiveStorage", $"BlobEndpoint={readOnly.GetLeftPart(UriPartial.Path)};SharedAccessSignature={readOnly.Query.TrimStart('?')}"));
        var item = pipeline.Simulator.Objects
            .Add(new global::Simulator.Objects.ObjectSpecification { CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1) });

        await AssertUnhealthyAsync(pipeline, "Archive", "Storage Blob Data");
        await pipeline.RunAsync();
        Assert.Equal("Queued", await pipeline.StateAsync(item));
    }

    [Fact]
    public async Task Every_condition_has_a_check()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);

        var report = await pipeline.Get<HealthCheckService>().CheckHealthAsync(Cancellation);

        string[] others = ["Listing", "Catalogue", "Drill", "Audit", "Notifications"];
        Assert.Equal(Enum.GetNames<Condition>(), report.Entries.Keys.Except(others, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Health_reports_a_check_that_takes_too_long_once_in_the_log()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var entry = new HealthReportEntry(
            HealthStatus.Unhealthy,
            "A timeout occurred.",
            TimeSpan.FromSeconds(10),
            new OperationCanceledException(),
            data: null);
        var checks = new Mock<HealthCheckService>();
        checks.Setup(service => service.CheckHealthAsync(It.IsAny<Func<HealthCheckRegistration, bool>?>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync(
                new HealthReport(new Dictionary<string, HealthReportEntry>(StringComparer.Ordinal) { ["Archive"] = entry }, TimeSpan.FromSeconds(10)));
        const string Message = "Archive did not answer within 10 seconds. Check the network between the app and it.";

        for (var round = 0; round < 2; round++)
        {
            using var reader = new HealthReader(checks.Object, pipeline.Get<HealthBoard>(), TimeProvider.System);
            Assert.Equal(new FailedCheck("Archive", "Unhealthy", Message), Assert.Single((await reader.ReadAsync(Cancellation)).Checks!));
        }

        Assert.Single(pipeline.Logs.Lines, line => line.Message.Contains(Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Outage_is_logged_once_however_many_objects_meet_it_and_so_is_its_end()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var board = pipeline.Get<HealthBoard>();
        for (var meeting = 0; meeting < 100; meeting++)
        {
            board.Report(new OutageException(Condition.Source, "8x8 does not answer."));
        }

        board.Clear(Condition.Source);
        board.Clear(Condition.Source);

        Assert.Equal(1, pipeline.Logs.Lines.Count(line => line.Message.Contains("8x8 does not answer", StringComparison.Ordinal)));
        Assert.Equal(1, pipeline.Logs.Lines.Count(line => line.Message.Contains("recovered", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Log_holds_no_secret_and_no_personal_data_at_information_and_above()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        pipeline.Simulator.Objects.Add(new global::Simulator.Objects.ObjectSpecification
        {
            ObjectName = "jane.doe+14085550100.mp3",
            Tags = [new("caller", "+14085550100")],
            CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1),
        });
        pipeline.Simulator.Faults
            .Set(new FaultRule { Call = "content", Kind = FaultKind.Status, Status = 500, Body = """{"error":"no channel for jane.doe"}""" });
        await pipeline.RunAsync();

        Assert.Contains(pipeline.Logs.Lines, line => line.Message.Contains("cannot be archived", StringComparison.Ordinal));
        Assert.All(
            pipeline.Logs.Lines.Where(line => line.Level >= Microsoft.Extensions.Logging.LogLevel.Information),
            line => Assert.DoesNotMatch("jane|14085550100|demo-secret|sim-[0-9a-f]{8}|AccountKey", line.Message));
    }

    private static async Task AssertUnhealthyAsync(Pipeline pipeline, string name, string message)
    {
        var report = await pipeline.Get<HealthReader>().ReadAsync(Cancellation);
        Assert.Equal("Unhealthy", report.Status);
        var check = Assert.Single(report.Checks!, check => check.Name == name);
        Assert.Contains(message, check.Message, StringComparison.Ordinal);
        Assert.Equal(1, pipeline.Logs.Lines.Count(line => line.Message.Contains(message, StringComparison.Ordinal)));
    }
}
