using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Testing;

namespace LocalHost.Tests;

/// <summary>What an app cannot start with is told at start, by name.</summary>
public sealed class StartTests(AzuriteFixture azurite) : HostTest(azurite)
{
    [Theory]
    [InlineData(typeof(UnknownParameter), "Function 'Odd', parameter 'odd': cannot be bound to Stream")]
    [InlineData(typeof(WrongTimer), "Function 'Odd', parameter 'timer': cannot be bound to String; expected TimerInfo")]
    [InlineData(typeof(TwoTriggers), "Function 'Odd' has 2 triggers")]
    [InlineData(typeof(NoTrigger), "Function 'Odd' has 0 triggers")]
    [InlineData(typeof(Twice), "Function 'Same' is defined more than once")]
    [InlineData(typeof(AsyncVoid), "async void")]
    [InlineData(typeof(MissingSetting), "Function 'Odd', parameter 'timer': the setting NotThere is missing")]
    [InlineData(typeof(WrongSchedule), "Function 'Odd', parameter 'timer': the schedule every day is wrong")]
    public async Task Says_which_function_cannot_be_bound_and_why(Type functions, string expected)
    {
        await using var app = await TestApp.StartAsync(Account, [functions]);

        Assert.NotNull(app.Host.StartFailure);
        Assert.Contains(expected, app.Host.StartFailure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Says_that_storage_is_not_there()
    {
        var nowhere = new StorageAccount("DefaultEndpointsProtocol=http;AccountName=a;AccountKey=c2VjcmV0LWtleQ==;BlobEndpoint=http://127.0.0.1:1/a;QueueEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:1/a;");

        await using var app = await TestApp.StartAsync(nowhere, [typeof(QueueListenerTests.Texts)]);

        Assert.Contains("AzureWebJobsStorage (http://127.0.0.1:1/a) does not work", app.Host.StartFailure!.Message, StringComparison.Ordinal);
        Assert.Contains("npx azurite --skipApiVersionCheck", app.Host.StartFailure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("c2VjcmV0LWtleQ", app.Host.StartFailure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Says_that_the_storage_setting_is_missing()
    {
        await using var app = await TestApp.StartAsync(account: null, [typeof(QueueListenerTests.Texts)]);

        Assert.Contains("The setting AzureWebJobsStorage is missing", app.Host.StartFailure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Says_that_the_storage_setting_is_malformed_and_shows_none_of_it()
    {
        await using var app = await TestApp.StartAsync(account: null, [typeof(QueueListenerTests.Texts)], settings: ("AzureWebJobsStorage", "AccountKey=hunter2"));

        Assert.Contains("AzureWebJobsStorage is not a storage connection string", app.Host.StartFailure!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", app.Host.StartFailure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Says_that_the_port_is_taken()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var inner = LocalHostBuilder.Create([], AppContext.BaseDirectory, new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["urls"] = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}",
            ["AzureWebJobsStorage"] = Account.ConnectionString,
        });
        inner.FunctionTypes = [];
        using var host = (LocalFunctionsHost)inner.Build();

        await host.StartAsync(Cancellation);

        Assert.Contains("ASPNETCORE_URLS", host.StartFailure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reads_local_settings_with_comments_below_the_other_settings()
    {
        var folder = Directory.CreateTempSubdirectory("settings-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "local.settings.json"), """{ /* mine */ "Values": { "Every": "nonsense", "A__B": "from the file", }, }""", Cancellation);
        var builder = LocalHostBuilder.Create([], folder, new Dictionary<string, string?>(StringComparer.Ordinal) { ["Every"] = "0 0 * * * *" });

        Assert.Equal("from the file", builder.Web.Configuration["A:B"]);
        Assert.Equal("0 0 * * * *", builder.Web.Configuration["Every"]);
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("local.settings.json", "{", "Expected depth to be zero")]
    [InlineData("local.settings.json", "[]", "'Array'")]
    [InlineData("local.settings.json", """{ "Values": [] }""", "'Array'")]
    [InlineData("host.json", "{", "Expected depth to be zero")]
    [InlineData("host.json", "[]", "'Array'")]
    public void Says_which_file_cannot_be_read_and_why(string file, string content, string expected)
    {
        var folder = Directory.CreateTempSubdirectory("settings-").FullName;
        File.WriteAllText(Path.Combine(folder, file), content);

        var message = Assert.Throws<FunctionAppException>(() => LocalHostBuilder.Create([], folder, [])).Message;

        Assert.StartsWith($"{file} cannot be read: ", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Ends_with_1_and_that_message_alone_when_a_file_cannot_be_read()
    {
        var file = Path.GetTempFileName();
        await using var app = new AppProcess(new Dictionary<string, string>(StringComparer.Ordinal) { ["LocalHost__SettingsFile"] = file });

        Assert.Equal(1, await app.WaitForEndAsync());
        Assert.StartsWith($"{file} cannot be read: ", Assert.Single(app.Lines), StringComparison.Ordinal);
        File.Delete(file);
    }

    [Fact]
    public void Says_which_log_level_is_unknown()
    {
        var settings = new Dictionary<string, string?>(StringComparer.Ordinal) { ["AzureFunctionsJobHost__logging__logLevel__Some"] = "Loud" };

        var message = Assert.Throws<FunctionAppException>(() => LocalHostBuilder.Create([], AppContext.BaseDirectory, settings)).Message;

        Assert.StartsWith("logging:logLevel:Some is \"Loud\": expected one of Trace, Debug, ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Logs_by_host_json_below_the_environments_overrides()
    {
        var folder = Directory.CreateTempSubdirectory("settings-").FullName;
        File.WriteAllText(Path.Combine(folder, "host.json"), """{ "logging": { "logLevel": { "default": "Warning", "Some": "Error" } } }""");
        using var host = LocalHostBuilder.Create([], folder, new Dictionary<string, string?>(StringComparer.Ordinal) { ["AzureFunctionsJobHost__logging__logLevel__default"] = "Debug" }).Build();
        var loggers = host.Services.GetRequiredService<ILoggerFactory>();

        Assert.True(loggers.CreateLogger("Any").IsEnabled(LogLevel.Debug));
        Assert.False(loggers.CreateLogger("Some").IsEnabled(LogLevel.Warning));
        Directory.Delete(folder, recursive: true);
    }

#pragma warning disable CA1812 // Found by reflection, as function classes are.
    public sealed class UnknownParameter
    {
        [Function("Odd")]
        public void Odd([QueueTrigger("q")] string text, Stream odd)
        {
        }
    }

    public sealed class WrongTimer
    {
        [Function("Odd")]
        public void Odd([TimerTrigger("0 0 * * * *")] string timer)
        {
        }
    }

    public sealed class TwoTriggers
    {
        [Function("Odd")]
        public void Odd([QueueTrigger("q")] string text, [TimerTrigger("0 0 * * * *")] TimerInfo timer)
        {
        }
    }

    public sealed class NoTrigger
    {
        [Function("Odd")]
        public void Odd(HttpRequest request)
        {
        }
    }

    public sealed class Twice
    {
        [Function("Same")]
        public void One([QueueTrigger("q")] string text)
        {
        }

        [Function("Same")]
        public void Two([QueueTrigger("q")] string text)
        {
        }
    }

    public sealed class AsyncVoid
    {
        [Function("Odd")]
#pragma warning disable MA0155, VSTHRD100
        public async void Odd([QueueTrigger("q")] string text) => await Task.Yield();
#pragma warning restore MA0155, VSTHRD100
    }

    public sealed class MissingSetting
    {
        [Function("Odd")]
        public void Odd([TimerTrigger("%NotThere%")] TimerInfo timer)
        {
        }
    }

    public sealed class WrongSchedule
    {
        [Function("Odd")]
        public void Odd([TimerTrigger("every day")] TimerInfo timer)
        {
        }
    }
}
