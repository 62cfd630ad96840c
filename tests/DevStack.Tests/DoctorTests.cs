using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Simulator;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace DevStack.Tests;

/// <summary>The command <c>doctor</c> as a process, and <c>GET /api/plan</c> of a running app.</summary>
public sealed class DoctorTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Doctor_ends_with_0_and_the_next_command_when_all_is_well()
    {
        await using var simulator = await StartSimulatorAsync();
        var account = azurite.NewAccount();

        var (exitCode, output) = await RunAsync(Settings(simulator, account));

        Assert.Equal(0, exitCode);
        Assert.Contains("\n  ok         Credentials  8x8 gives a token for 30 minutes", output, StringComparison.Ordinal);
        Assert.Matches(@"\n  us-east +voicemail +AVAILABLE +20 +", output);
        Assert.Matches(@"\n  uk +callrecording +ARCHIVED +20 +", output);
        Assert.Contains("\nVerdict: All is well: a run would copy 60 objects (60.0 kB) from us-east and uk", output, StringComparison.Ordinal);
        Assert.EndsWith("Next:    dotnet run --project src/LocalHost", output, StringComparison.Ordinal);
        Assert.DoesNotContain("problem", output, StringComparison.Ordinal);
        Assert.Empty(await NamesAsync(account));
    }

    [Fact]
    public async Task Doctor_ends_with_1_and_the_remedy_when_something_must_be_fixed()
    {
        await using var simulator = await StartSimulatorAsync();
        simulator.Account.Rights = Rights.Read | Rights.Download;

        var (exitCode, output) = await RunAsync(Settings(simulator, azurite.NewAccount()), "--from", "2026-01-01", "--regions=uk", "--types", "callrecording");

        Assert.Equal(1, exitCode);
        Assert.Contains(
            "\n  problem    Restore      8x8 does not let this API key restore from cold storage (403). Give the\n"
                + "                          API app the right to edit",
            output,
            StringComparison.Ordinal);
        Assert.Contains("\nVerdict: One problem must be fixed", output, StringComparison.Ordinal);
        Assert.DoesNotContain("voicemail", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_ends_with_1_and_names_every_setting_that_is_wrong()
    {
        await using var simulator = await StartSimulatorAsync();

        var (exitCode, output) = await RunAsync(Settings(simulator, azurite.NewAccount(), ("EightByEight__Secret", ""), ("Listing__StartFrom", "soon")));

        Assert.Equal(1, exitCode);
        Assert.Contains("\n  problem    Settings     EightByEight__Secret is not set", output, StringComparison.Ordinal);
        Assert.Contains("\n  problem    Settings     Listing__StartFrom is \"soon\"", output, StringComparison.Ordinal);
        Assert.Contains("\nVerdict: 2 settings have to be fixed before the app can start.", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--from: Expected an ISO 8601 time", "--from", "yesterday")]
    [InlineData("Required argument missing for option: '--to'.", "--to")]
    [InlineData("--to: Expected a time after 2026-02-01T00:00:00Z", "--from", "2026-02-01", "--to", "2026-01-01")]
    [InlineData("--max-pages: Expected a whole number", "--max-pages", "-1")]
    [InlineData("Unrecognized command or argument '--region'.", "--region", "uk")]
    public async Task Doctor_ends_with_1_and_names_the_option_that_is_wrong(string message, params string[] arguments)
    {
        await using var simulator = await StartSimulatorAsync();

        var (exitCode, output) = await RunAsync(Settings(simulator, azurite.NewAccount()), arguments);

        Assert.Equal(1, exitCode);
        Assert.Contains(message, output, StringComparison.Ordinal);
        Assert.Contains("doctor", output, StringComparison.Ordinal);
        Assert.Contains("--help", output, StringComparison.Ordinal);
        Assert.Equal(0, simulator.Counters["token"]);
    }

    [Fact]
    public async Task Doctor_stops_when_it_is_interrupted()
    {
        await using var simulator = await StartSimulatorAsync();
        simulator.Faults.Set(new FaultRule { Call = "search", Kind = FaultKind.Latency, Milliseconds = 60_000 });
        await using var process = ChildProcess.Start("LocalHost", ["doctor"], Settings(simulator, azurite.NewAccount()));
        await Eventually.HoldsAsync(() => simulator.Counters["search"] > 0, "a search");

        using var interrupt = Process.Start("kill", ["-INT", process.ProcessId.ToString(CultureInfo.InvariantCulture)]);
        await Eventually.HoldsAsync(() => process.HasEnded, "the end");

        Assert.Equal(130, process.ExitCode);
    }

    [Fact]
    public async Task Doctor_answers_the_plan_over_http()
    {
        await using var simulator = await StartSimulatorAsync();
        await using var app = new AppProcess(Settings(simulator, azurite.NewAccount()));
        await app.WaitAsync();

        var (status, plan) = await app.GetAsync("/api/plan?from=2026-01-01&regions=uk&types=callrecording,voicemail&code=x");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.True(plan.GetProperty("isReady").GetBoolean(), plan.ToString());
        Assert.Equal(0, plan.GetProperty("missingRights").GetArrayLength());
        Assert.Equal((20, 20_000), Amount(plan.GetProperty("objects").GetProperty("total")));
        Assert.Equal((20, 20_000), Amount(plan.GetProperty("objects").GetProperty("toRestore")));
        var group = Assert.Single(plan.GetProperty("objects").GetProperty("groups").EnumerateArray());
        Assert.Equal(("uk", "callrecording", "ARCHIVED"), (Text(group, "region"), Text(group, "type"), Text(group, "state")));
        Assert.All(plan.GetProperty("checks").EnumerateArray(), check => Assert.NotEqual("Problem", Text(check, "status")));
        Assert.Equal("USD", plan.GetProperty("estimate").GetProperty("cost").GetProperty("currency").GetString());

        simulator.Account.Rights &= ~Rights.Restore;
        (_, plan) = await app.GetAsync("/api/plan?from=2026-01-01");
        Assert.Equal("restore", Assert.Single(plan.GetProperty("missingRights").EnumerateArray()).GetString());
        Assert.False(plan.GetProperty("isReady").GetBoolean());

        foreach (var (query, field) in ((string, string)[])[
            ("from=soon", "from"), ("from=2026-02-01&to=2026-01-01", "to"), ("regions=,", "regions"), ("types=a;b", "types"),
            ("maxPages=many", "maxPages"), ("probeRights=perhaps", "probeRights"), ("region=uk", "region"), ("from=2026-01-01&from=2026-01-02", "from")])
        {
            var (code, problem) = await app.GetAsync($"/api/plan?{query}");

            Assert.Equal((HttpStatusCode.BadRequest, 400), (code, problem.GetProperty("status").GetInt32()));
            Assert.Equal(field, Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
        }
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private static (int Objects, int Bytes) Amount(JsonElement element) => (element.GetProperty("objects").GetInt32(), element.GetProperty("bytes").GetInt32());

    private static async Task<SimulatorServer> StartSimulatorAsync()
    {
        var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        for (var number = 0; number < 60; number++)
        {
            simulator.Objects.Add(new ObjectSpecification
            {
                Region = number % 3 == 0 ? "uk" : "us-east",
                Type = number % 3 == 1 ? "voicemail" : "callrecording",
                State = number % 3 == 0 ? "ARCHIVED" : "AVAILABLE",
                Bytes = 1000,
                CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-number - 1),
            });
        }

        return simulator;
    }

    private static async Task<List<string>> NamesAsync(StorageAccount account)
    {
        var names = new List<string>();
        await foreach (var container in account.Blobs.GetBlobContainersAsync(cancellationToken: Cancellation))
        {
            names.Add(container.Name);
        }

        await foreach (var queue in account.Queues.GetQueuesAsync(cancellationToken: Cancellation))
        {
            names.Add(queue.Name);
        }

        await foreach (var table in account.Tables.QueryAsync(cancellationToken: Cancellation))
        {
            names.Add(table.Name);
        }

        return names;
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(IReadOnlyDictionary<string, string> settings, params IReadOnlyList<string> arguments)
    {
        var lines = new List<string>();
        int exitCode;
        await using (var process = ChildProcess.Start("LocalHost", ["doctor", .. arguments], settings, line =>
        {
            lock (lines)
            {
                lines.Add(line);
            }
        }))
        {
            await Eventually.HoldsAsync(() => process.HasEnded, "the end");
            exitCode = process.ExitCode;
        }

        var output = string.Join('\n', lines);
        TestContext.Current.TestOutputHelper?.WriteLine(output);
        return (exitCode, output);
    }

    private static IReadOnlyDictionary<string, string> Settings(SimulatorServer simulator, StorageAccount account, params (string Name, string Value)[] more) =>
        AppProcess.Settings(simulator.BaseUrl, account, [("ListingSchedule", ApiFixture.Never), ("Listing__StartFrom", ""), .. more]);
}
