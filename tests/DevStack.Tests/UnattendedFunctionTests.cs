using System.Reflection;
using System.Text.Json;
using Archiving.Queues;
using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Queues;
using Functions;
using Microsoft.Azure.Functions.Worker;
using Simulator;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace DevStack.Tests;

/// <summary>The functions that no request calls, in the running app: those of queues, of poison queues and of schedules.</summary>
public sealed class UnattendedFunctionTests(AzuriteFixture azurite)
{
    private static readonly DateTimeOffset Created = TimeProvider.System.GetUtcNow().AddHours(-2);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Every_queue_has_one_function_and_its_poison_queue_another()
    {
        var triggers = typeof(FailureFunctions).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods())
            .SelectMany(method => method.GetParameters())
            .Select(parameter => parameter.GetCustomAttribute<QueueTriggerAttribute>()?.QueueName)
            .OfType<string>();

        Assert.Equal(
            QueueNames.All.Concat(QueueNames.All.Select(name => name + QueueNames.PoisonSuffix)).Order(StringComparer.Ordinal),
            triggers.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Functions_record_what_fails_at_every_attempt_and_leave_nothing_in_a_poison_queue()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        var cut = simulator.Objects.Add(new ObjectSpecification { CreatedTime = Created });
        var cold = simulator.Objects.Add(new ObjectSpecification { CreatedTime = Created, State = "ARCHIVED" });
        simulator.Objects.Add(new ObjectSpecification { CreatedTime = Created });
        simulator.Objects.Add(new ObjectSpecification { CreatedTime = Created, Region = "uk" });
        simulator.Faults.Set(
            new FaultRule { Call = "content", Kind = FaultKind.Cut, Id = cut.Id },
            new FaultRule { Call = "record", Kind = FaultKind.Status, Status = 400, Id = cold.Id });
        var account = azurite.NewAccount();
        await using var app = await AppProcess.StartAsync(
            simulator.BaseUrl,
            account,
            ("AzureFunctionsJobHost__extensions__queues__visibilityTimeout", "00:00:01"));

        // Nothing can be recorded of these, but they may not stay either.
        foreach (var name in QueueNames.All)
        {
            await account.Queues.GetQueueClient(name).SendMessageAsync("no message", Cancellation);
        }

        // Nor of these, which a host that expects Base64 could not even hand on.
        var plain = new QueueServiceClient(account.ConnectionString);
        foreach (var name in QueueNames.All.SelectMany(name => new[] { name, name + QueueNames.PoisonSuffix }))
        {
            await plain.GetQueueClient(name).SendMessageAsync("neither Base64 nor JSON", Cancellation);
        }

        await WaitForCountsAsync(app, archived: 2, failed: 2);
        await Eventually.HoldsAsync(
            () => Task.FromResult(
                app.Lines.Count(line => line.Contains("A message from a poison queue was dropped", StringComparison.Ordinal)) == 3 * QueueNames.All.Count),
            "three messages of each queue were dropped");
        await Eventually.HoldsAsync(
            async () =>
            {
                var queues = (await app.GetAsync("/api/status")).Body.GetProperty("queues").EnumerateObject();
                var counts = queues.Where(queue => queue.Name.EndsWith(QueueNames.PoisonSuffix, StringComparison.Ordinal))
                    .Select(queue => queue.Value.GetInt64())
                    .ToList();
                return counts.Count == QueueNames.All.Count && counts.TrueForAll(count => count == 0);
            },
            "the poison queues are empty");
        foreach (var failed in (SimulatedObject[])[cut, cold])
        {
            var item = (await app.GetAsync($"/api/objects/{failed.Region}/{failed.Id}")).Body;
            Assert.Equal(("Failed", 5), (item.GetProperty("state").GetString(), item.GetProperty("attempts").GetInt32()));
            Assert.NotEmpty(item.GetProperty("lastError").GetString()!);
        }
    }

    [Fact]
    public async Task Functions_verify_compare_and_delete_what_is_archived_when_they_are_fired()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        var proven = simulator.Objects.Add(new ObjectSpecification { CreatedTime = Created });
        var unproven = simulator.Objects.Add(new ObjectSpecification { CreatedTime = Created, Checksum = "" });
        var account = azurite.NewAccount();
        await using var app = await AppProcess.StartAsync(
            simulator.BaseUrl,
            account,
            [
                ("VerifySchedule", ApiFixture.Never), ("ReconcileSchedule", ApiFixture.Never),
                ("Verify__Days", "1"), ("Purge__Enabled", "true"), ("Purge__AfterDays", "0"),
            ]);
        await WaitForCountsAsync(app, archived: 2, failed: 0);

        await FireAsync(app, "VerifyArchive");
        await Eventually.HoldsAsync(
            async () => (await ReadRowsAsync(account)).TrueForAll(row => row.GetDateTimeOffset("VerifiedAt") is not null),
            "both are verified");

        await FireAsync(app, "Reconcile");
        await Eventually.HoldsAsync(async () => await ReadReportsAsync(account, "reconcile", ".json") is [_], "the comparison is reported");
        var total = Assert.Single(await ReadReportsAsync(account, "reconcile", ".json")).GetProperty("total");
        Assert.Equal((2, 2), (total.GetProperty("source").GetInt32(), total.GetProperty("archived").GetInt32()));

        // The first run after purging was switched on only tells what it would delete.
        await FireAsync(app, "PlanPurge");
        var plan = Assert.Single(await ReadReportsAsync(account, "purge", ".dry-run.json"));
        Assert.Equal((1, 1, 0), (plan.GetProperty("candidates").GetInt32(), plan.GetProperty("unproven").GetInt32(), plan.GetProperty("queued").GetInt32()));
        Assert.Equal(2, simulator.Objects.GetAll().Count);

        await FireAsync(app, "PlanPurge");
        await Eventually.HoldsAsync(async () => (await ReadRowsAsync(account)).Exists(row => row.GetString("State") == "Purged"), "one is deleted");
        Assert.Equal([unproven.Id], simulator.Objects.GetAll().Select(item => item.Id));
        Assert.Equal(proven.Id, Assert.Single(await ReadRowsAsync(account), row => row.GetString("State") == "Purged").GetString("Id"));
    }

    [Fact]
    public async Task Functions_without_a_schedule_in_the_settings_run_by_their_own_and_the_drill_when_it_is_set_or_started_by_hand()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        simulator.Objects.Add(new ObjectSpecification { CreatedTime = Created });
        await using var app = await AppProcess.StartAsync(
            simulator.BaseUrl,
            azurite.NewAccount(),
            ("Notifications__Schedule", ""),
            ("Notifications__WebhookUrl", "http://127.0.0.1:1/not-listening"));
        await WaitForCountsAsync(app, archived: 1, failed: 0);
        Assert.DoesNotContain(app.Lines, line => line.Contains("RestoreDrill", StringComparison.Ordinal) && line.Contains("rror", StringComparison.Ordinal));

        await FireAsync(app, "SendSummary");
        var status = (await app.GetAsync("/api/status")).Body;
        Assert.StartsWith("The webhook cannot be reached.", status.GetProperty("notifications").GetProperty("lastError").GetString(), StringComparison.Ordinal);
        Assert.False(status.TryGetProperty("drill", out _));
        await FireAsync(app, "RestoreDrill");
        Assert.True((await app.GetAsync("/api/status")).Body.GetProperty("drill").GetProperty("isPassed").GetBoolean());
        Assert.Equal(System.Net.HttpStatusCode.OK, (await app.GetAsync("/api/health")).Status);
        Assert.DoesNotContain(app.Lines, line => line.Contains("not-listening", StringComparison.Ordinal));

        await using var drilling = await AppProcess.StartAsync(simulator.BaseUrl, azurite.NewAccount(), ("Drill__Schedule", "*/2 * * * * *"));
        await WaitForCountsAsync(drilling, archived: 1, failed: 0);
        await Eventually.HoldsAsync(
            async () => (await drilling.GetAsync("/api/status")).Body.TryGetProperty("drill", out var drill) && drill.GetProperty("isPassed").GetBoolean(),
            "a drill passed");
    }

    /// <summary>Fires a function of a schedule, and waits until it has run once more.</summary>
    private static async Task FireAsync(AppProcess app, string function)
    {
        var runs = CountRuns();
        await app.FireAsync(function);
        await Eventually.HoldsAsync(() => Task.FromResult(CountRuns() > runs), $"{function} has run");

        int CountRuns() => app.Lines.Count(line => line.Contains($"Executed 'Functions.{function}' (Succeeded", StringComparison.Ordinal));
    }

    private static Task WaitForCountsAsync(AppProcess app, int archived, int failed) => Eventually.HoldsAsync(
        async () =>
        {
            var objects = (await app.GetAsync("/api/status")).Body.GetProperty("objects");
            return (objects.GetProperty("Archived").GetInt32(), objects.GetProperty("Failed").GetInt32()) == (archived, failed);
        },
        $"{archived} archived, {failed} failed");

    private static async Task<List<TableEntity>> ReadRowsAsync(StorageAccount account) =>
        await account.Tables.GetTableClient("objects").QueryAsync<TableEntity>("State ne ''", cancellationToken: Cancellation).ToListAsync(Cancellation);

    private static async Task<List<JsonElement>> ReadReportsAsync(StorageAccount account, string folder, string ending)
    {
        var container = account.Blobs.GetBlobContainerClient("recordings");
        var reports = new List<JsonElement>();
        await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, $"_reports/{folder}/", Cancellation))
        {
            if (blob.Name.EndsWith(ending, StringComparison.Ordinal))
            {
                var content = (await container.GetBlobClient(blob.Name).DownloadContentAsync(Cancellation)).Value.Content;
                reports.Add(JsonDocument.Parse(content).RootElement);
            }
        }

        return reports;
    }
}
