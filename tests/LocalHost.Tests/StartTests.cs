using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Testing;

namespace LocalHost.Tests;

/// <summary>What the host cannot start with: told in one message, by exit code 1.</summary>
public sealed class StartTests(AzuriteFixture azurite)
{
    private static readonly Uri NoSource = new("http://127.0.0.1:1");

    private readonly StorageAccount _account = azurite.NewAccount();

    [Theory]
    [InlineData("LocalHost__SettingsFile", "nowhere.json", "LocalHost__SettingsFile is \"nowhere.json\": there is no such file in ")]
    [InlineData("ASPNETCORE_URLS", "http://0.0.0.0:7071", "ASPNETCORE_URLS is \"http://0.0.0.0:7071\": expected one http address of this machine's loopback interface")]
    [InlineData("ASPNETCORE_URLS", "http://localhost:7071/;http://0.0.0.0:7072", "ASPNETCORE_URLS is \"http://localhost:7071/;http://0.0.0.0:7072\": expected one")]
    [InlineData("AzureFunctionsJobHost__extensions__queues__batchSize", "999", "The WebJobs SDK refuses a value of host.json")]
    [InlineData("ASPNETCORE_URLS", "http://+:80", "ASPNETCORE_URLS is \"http://+:80\": expected")]
    [InlineData("LocalHost__DrainTimeout", "soon", "LocalHost:DrainTimeout is \"soon\": expected a time span")]
    [InlineData("AzureFunctionsJobHost__functionTimeout", "long", "AzureFunctionsJobHost:functionTimeout is \"long\": expected a time span")]
    [InlineData("AzureFunctionsJobHost__logging__logLevel__Some", "Loud", "AzureFunctionsJobHost:logging:logLevel:Some is \"Loud\": expected one of Trace, Debug, ")]
    public async Task Malformed_setting_of_the_host_is_named(string name, string value, string expected)
    {
        Assert.Contains(expected, await FailAsync([], (name, value)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_file_that_cannot_be_read_is_named()
    {
        var file = Path.GetTempFileName();

        Assert.StartsWith($"{file} cannot be read: ", await FailAsync([], ("LocalHost__SettingsFile", file)), StringComparison.Ordinal);
        File.Delete(file);
    }

    [Theory]
    [InlineData("""{ /* mine */ "Values": { "Some": "file", "TAKEN": "file", }, }""", "Some=file")]
    [InlineData("""{ "Values": {} }""", "")]
    public void Settings_file_applies_below_the_environment(string content, string expected)
    {
        var folder = Directory.CreateTempSubdirectory("settings-").FullName;
        File.WriteAllText(Path.Combine(folder, "local.settings.json"), content);

        var file = SettingsFile.Read(folder, named: null, ["Taken"]);

        Assert.Equal(expected, string.Join(';', file.Values.Select(pair => $"{pair.Key}={pair.Value}")));
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    public void Settings_file_may_begin_with_a_byte_order_mark(string encoding)
    {
        var folder = Directory.CreateTempSubdirectory("settings-").FullName;
        File.WriteAllText(Path.Combine(folder, "local.settings.json"), "{ \"Values\": { \"Some\": \"\uFEFFé\" } }", System.Text.Encoding.GetEncoding(encoding));

        Assert.Equal("é", SettingsFile.Read(folder, named: null, []).Values["Some"]);
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("{", "cannot be read")]
    [InlineData("[]", "cannot be read")]
    [InlineData("""{ "Values": [] }""", "cannot be read")]
    [InlineData("""{ "values": {} }""", "has no object \"Values\"")]
    [InlineData("""{ "Values": { "": "x" } }""", "names a setting \"\"")]
    [InlineData("""{ "Values": { "A=B": "x" } }""", "names a setting \"A=B\"")]
    public void Malformed_settings_file_is_refused(string content, string expected)
    {
        var folder = Directory.CreateTempSubdirectory("settings-").FullName;
        File.WriteAllText(Path.Combine(folder, "local.settings.json"), content);

        Assert.Contains(expected, Assert.Throws<LocalHostException>(() => SettingsFile.Read(folder, named: null, [])).Message, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Malformed_host_json_is_refused()
    {
        var folder = Directory.CreateTempSubdirectory("app-").FullName;
        File.WriteAllText(Path.Combine(folder, "host.json"), "{");

        Assert.StartsWith("host.json cannot be read: ", Assert.Throws<LocalHostException>(() => HostSettings.Open(folder)).Message, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Storage_that_does_not_answer_is_named_without_its_key()
    {
        var output = await FailAsync([], ("AzureWebJobsStorage", "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=c2VjcmV0;BlobEndpoint=http://127.0.0.1:1/a;QueueEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:1/a;"));

        Assert.Contains("The storage account of AzureWebJobsStorage (http://127.0.0.1:1/a) does not work: ", output, StringComparison.Ordinal);
        Assert.Contains("npx azurite --skipApiVersionCheck", output, StringComparison.Ordinal);
        Assert.DoesNotContain("c2VjcmV0", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Storage_setting_that_is_malformed_is_not_shown()
    {
        var output = await FailAsync([], ("AzureWebJobsStorage", "AccountKey=hunter2"));

        Assert.Contains("AzureWebJobsStorage", output, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Port_that_is_taken_is_named_with_the_way_out()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        var output = await FailAsync([], ("ASPNETCORE_URLS", string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}")));

        Assert.Contains("choose another address with ASPNETCORE_URLS", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Problems_of_the_apps_own_settings_end_the_host()
    {
        var output = await FailAsync([], ("EightByEight__Key", ""), ("Listing__StartFrom", "soon"));

        // The Functions host logs only such lines of standard error as errors.
        var errors = output.Split('\n').Where(line => line.StartsWith("error: ", StringComparison.Ordinal)).ToList();
        Assert.Contains(errors, line => line.Contains("EightByEight__Key is not set", StringComparison.Ordinal));
        Assert.Contains(errors, line => line.Contains("Listing__StartFrom is \"soon\"", StringComparison.Ordinal));
        Assert.Contains("The function app does not start: the worker (process ", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--app /nowhere", " holds no function app: ")]
    [InlineData("--attach 99999", "--attach takes a port from 1 to 65535")]
    [InlineData("--attach soon", "--attach takes a port from 1 to 65535")]
    [InlineData("nosuch", "There is no command \"nosuch\"")]
    public async Task Command_line_that_is_wrong_is_named(string arguments, string expected)
    {
        Assert.Contains(expected, await FailAsync(arguments.Split(' ')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_of_Kestrel_do_not_open_other_addresses()
    {
        await using var simulator = await Simulator.SimulatorServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        await using var app = await AppProcess.StartAsync(simulator.BaseUrl, _account, [.. HostFixture.NoSchedules, ("Kestrel__Endpoints__Open__Url", "http://0.0.0.0:0")]);

        Assert.True(app.Url.IsLoopback);
        Assert.DoesNotContain(app.Lines, line => line.Contains("Overriding address", StringComparison.Ordinal));
    }

    private async Task<string> FailAsync(string[] arguments, params IEnumerable<(string Name, string Value)> settings)
    {
        await using var app = new AppProcess(AppProcess.Settings(NoSource, _account, settings), arguments);

        var code = await app.WaitForEndAsync();
        var output = string.Join('\n', app.Lines);
        Assert.True(code == 1, $"Exit code {code}. {output}");
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        return output;
    }
}
