using System.Collections.Immutable;
using System.Net.Sockets;
using Azure.Core.Pipeline;
using Azure.Storage.Queues;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Functions.Tests;

/// <summary>What the worker exports, by the real worker and the real Azure client: neither addresses of accounts nor pop receipts.</summary>
public sealed partial class TelemetryExportTests
{
    private const string Account = "confidentialaccount";
    private const string PopReceipt = "confidentialreceipt";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Export_of_a_failed_queue_call_has_neither_the_account_nor_the_pop_receipt()
    {
        var queue = NewQueue();

        var sent = await ExportAsync(async logger =>
        {
            LogDeletion(logger, queue.Uri, $"{queue.Uri}?popreceipt={PopReceipt}");
            await queue.DeleteMessageAsync("id", PopReceipt, Cancellation);
        });

        Assert.Contains($"({TelemetryRedaction.Placeholder})", sent["/v1/logs"], StringComparison.Ordinal);
        Assert.Contains("http.client.request.duration", sent["/v1/metrics"], StringComparison.Ordinal);
        Assert.Contains("queue.core.windows.net", sent["/v1/metrics"], StringComparison.Ordinal);
        Assert.DoesNotContain(Account, sent.All, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(PopReceipt, sent.All, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Span_of_a_failed_function_has_no_message()
    {
        var sent = await ExportAsync(_ => throw new InvalidOperationException("a confidential message"));

        Assert.DoesNotContain("confidential", sent["/v1/traces"], StringComparison.Ordinal);
        Assert.Contains("a confidential message", sent["/v1/logs"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Span_of_an_invocation_is_what_the_queries_of_alerts_and_workbook_look_for()
    {
        var sent = await ExportAsync(_ => Task.CompletedTask);

        Assert.Contains("function TestFunction", sent["/v1/traces"], StringComparison.Ordinal);
        Assert.Contains("faas.invocation_id", sent["/v1/traces"], StringComparison.Ordinal);
        Assert.DoesNotContain("Azure.Core.Http", sent["/v1/traces"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(Name or service not known (stx1.queue.core.windows.net:443))", "(Name or service not known ([redacted]))")]
    [InlineData("stx1.z12.blob.storage.azure.net, stx1-secondary.table.core.windows.net", "[redacted], [redacted]")]
    [InlineData("kv-1.vault.azure.net and kv-1.privatelink.vaultcore.azure.net", "[redacted] and [redacted]")]
    [InlineData("Connection refused (127.0.0.1:10001), ([::1]:10001)", "Connection refused ([redacted]), ([redacted])")]
    [InlineData("GET https://stx1.queue.core.windows.net/q/messages?popreceipt=a%3D failed", "GET [redacted] failed")]
    [InlineData("popreceipt=AgAAAA%3D%3D&visibilitytimeout=30", "[redacted]&visibilitytimeout=30")]
    [InlineData(
        "2026-11-28T07:41:05.2730990Z at System.Data.Table.Row in File.cs:line 12, version 1.2.3.4",
        "2026-11-28T07:41:05.2730990Z at System.Data.Table.Row in File.cs:line 12, version 1.2.3.4")]
    public void Redaction_takes_addresses_and_pop_receipts_and_nothing_else(string text, string redacted) =>
        Assert.Equal(redacted, TelemetryRedaction.Redact(text));

    [Theory]
    [InlineData("stx1.queue.core.windows.net", "queue.core.windows.net")]
    [InlineData("stx1.z12.blob.storage.azure.net", "blob.storage.azure.net")]
    [InlineData("kv-1.vault.azure.net", "vault.azure.net")]
    [InlineData("api.8x8.com", "api.8x8.com")]
    public void Host_of_a_metric_is_the_service_without_the_account(string host, string redacted) =>
        Assert.Equal(redacted, TelemetryRedaction.RedactHost(host));

    [LoggerMessage(Level = LogLevel.Warning, Message = "Deleting from {Queue}: {Address}")]
    private static partial void LogDeletion(ILogger logger, Uri queue, string address);

    /// <summary>
    /// A client that reaches nothing, so its exceptions name the host. Only the connection is replaced: .NET measures and traces
    /// what it does.
    /// </summary>
    private static QueueClient NewQueue() => new(
        $"DefaultEndpointsProtocol=https;AccountName={Account};AccountKey=AAAA;EndpointSuffix=core.windows.net",
        "archive-objects",
        new QueueClientOptions
        {
            Retry = { MaxRetries = 0 },
            Transport = new HttpClientTransport(
                new SocketsHttpHandler { ConnectCallback = (_, _) => throw new SocketException((int)SocketError.HostNotFound) }),
        });

    /// <summary>Lets the worker invoke a function, and gives what was exported.</summary>
    private static async Task<OtlpReceiver> ExportAsync(Func<ILogger, Task> function)
    {
        var receiver = await OtlpReceiver.StartAsync(Cancellation);
        var builder = FunctionsApplication.CreateBuilder([]);
        builder.Configuration.AddInMemoryCollection([
            new("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.Url),
            new("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ]);
        builder.AddTelemetryExport();
        builder.Services.AddSingleton<FunctionExecutionDelegate>(services =>
            _ => function(services.GetRequiredService<ILoggerFactory>().CreateLogger("Archiving.Test")));
        using (var host = builder.Build())
        {
            // What the host's start does; the rest of it would connect to a Functions host.
            var tracing = host.Services.GetRequiredService<TracerProvider>();
            var metrics = host.Services.GetRequiredService<MeterProvider>();
            await InvokeAsync(host.Services);
            Assert.True(tracing.ForceFlush());
            Assert.True(metrics.ForceFlush());
            Assert.True(host.Services.GetRequiredService<LoggerProvider>().ForceFlush());
        }

        await receiver.DisposeAsync();
        return receiver;
    }

    private static async Task InvokeAsync(IServiceProvider services)
    {
        // The interface is internal to the worker; it is what the worker calls for each message of the host.
        var type = typeof(FunctionContext).Assembly.GetType("Microsoft.Azure.Functions.Worker.IFunctionsApplication", throwOnError: true)!;
        var invoke = type.GetMethod("InvokeFunctionAsync")!;
        await Record.ExceptionAsync(() => (Task)invoke.Invoke(services.GetRequiredService(type), [new TestContextOfFunction(services)])!);
    }

    private sealed class TestContextOfFunction(IServiceProvider services) : FunctionContext
    {
        public override string InvocationId => "00000000-0000-0000-0000-000000000001";

        public override string FunctionId => "1";

        public override TraceContext TraceContext { get; } = new NoTraceContext();

        public override BindingContext BindingContext => throw new NotSupportedException();

        public override RetryContext RetryContext => throw new NotSupportedException();

        public override IServiceProvider InstanceServices { get; set; } = services;

        public override FunctionDefinition FunctionDefinition { get; } = new Definition();

        public override IDictionary<object, object> Items { get; set; } = new Dictionary<object, object>();

        public override IInvocationFeatures Features => throw new NotSupportedException();
    }

    private sealed class NoTraceContext : TraceContext
    {
        public override string TraceParent => "";

        public override string TraceState => "";
    }

    private sealed class Definition : FunctionDefinition
    {
        public override ImmutableArray<FunctionParameter> Parameters => [];

        public override string PathToAssembly => "";

        public override string EntryPoint => "";

        public override string Id => "1";

        public override string Name => "TestFunction";

        public override IImmutableDictionary<string, BindingMetadata> InputBindings => ImmutableDictionary<string, BindingMetadata>.Empty;

        public override IImmutableDictionary<string, BindingMetadata> OutputBindings => ImmutableDictionary<string, BindingMetadata>.Empty;
    }
}
