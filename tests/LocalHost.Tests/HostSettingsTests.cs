using Microsoft.Extensions.Configuration;

namespace LocalHost.Tests;

public sealed class HostSettingsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("host-settings-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Has_the_functions_hosts_defaults()
    {
        var settings = Read("{}", isDevelopment: false);

        Assert.Equal((16, 8, 5), (settings.BatchSize, settings.NewBatchThreshold, settings.MaxDequeueCount));
        Assert.Equal((TimeSpan.Zero, TimeSpan.FromMinutes(1), "api", true), (settings.VisibilityTimeout, settings.MaxPollingInterval, settings.RoutePrefix, settings.IsBase64));
    }

    [Fact]
    public void Reads_host_json_below_the_environments_overrides()
    {
        const string Json = """{"version":"2.0","extensions":{"http":{"routePrefix":"v1"},"queues":{"batchSize":4,"maxDequeueCount":3,"visibilityTimeout":"00:00:30","messageEncoding":"none"}}}""";

        var settings = Read(Json, isDevelopment: false, ("AzureFunctionsJobHost:extensions:queues:batchSize", "32"));

        Assert.Equal((32, 16, 3), (settings.BatchSize, settings.NewBatchThreshold, settings.MaxDequeueCount));
        Assert.Equal(("v1", false, TimeSpan.FromSeconds(30)), (settings.RoutePrefix, settings.IsBase64, settings.VisibilityTimeout));
    }

    [Fact]
    public void Polls_at_least_every_two_seconds_in_development()
    {
        Assert.Equal(TimeSpan.FromSeconds(2), Read("{}", isDevelopment: true).MaxPollingInterval);
    }

    [Theory]
    [InlineData("""{"extensions":{"queues":{"batchSize":33}}}""", "batchSize")]
    [InlineData("""{"extensions":{"queues":{"maxDequeueCount":0}}}""", "maxDequeueCount")]
    [InlineData("""{"extensions":{"queues":{"visibilityTimeout":"soon"}}}""", "visibilityTimeout")]
    [InlineData("""{"extensions":{"queues":{"messageEncoding":"hex"}}}""", "messageEncoding")]
    [InlineData("{", "host.json")]
    public void Says_which_value_is_wrong(string json, string name)
    {
        Assert.Contains(name, Assert.Throws<FunctionAppException>(() => Read(json, isDevelopment: true)).Message, StringComparison.Ordinal);
    }

    private HostSettings Read(string json, bool isDevelopment, params (string Name, string Value)[] app)
    {
        File.WriteAllText(Path.Combine(_folder, "host.json"), json);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(app.ToDictionary(setting => setting.Name, setting => (string?)setting.Value, StringComparer.Ordinal)).Build();
        return HostSettings.Read(_folder, configuration, isDevelopment);
    }
}
