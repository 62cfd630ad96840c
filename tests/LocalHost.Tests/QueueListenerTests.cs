using System.Diagnostics;
using System.Text;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using LocalHost.Functions;
using LocalHost.Queues;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Testing;

namespace LocalHost.Tests;

public sealed class QueueListenerTests(AzuriteFixture azurite) : HostTest(azurite)
{
    [Fact]
    public async Task Runs_a_function_for_each_message_and_deletes_it()
    {
        await using var app = await StartAsync(typeof(Texts));
        await SendAsync("texts", "one", "two", "three");

        await Eventually.HoldsAsync(() => Recorder.Calls.Count == 3, "three calls");
        await Eventually.HoldsAsync(async () => await CountAsync("texts") == 0, "an empty queue");
        Assert.Equal(["one", "three", "two"], Recorder.Calls.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Binds_every_type_that_the_worker_binds()
    {
        await using var app = await StartAsync(typeof(EveryType));
        await SendAsync("as-bytes", "b");
        await SendAsync("as-binary", "d");
        await SendAsync("as-class", """{"name":"p","Number":4}""");
        await SendAsync("as-message", "m");

        await Eventually.HoldsAsync(() => Recorder.Calls.Count == 4, "four calls");
        Assert.Equal(["binary d", "bytes b", "class p 4", "message m 1 True"], Recorder.Calls.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Waits_after_a_failure_and_moves_the_message_to_the_poison_queue_after_too_many()
    {
        Recorder.Do = (_, _) => throw new InvalidOperationException("always");
        await using var app = await StartAsync(typeof(Texts));
        var clock = Stopwatch.StartNew();
        await SendAsync("texts", "bad");

        await Eventually.HoldsAsync(async () => await Queue("texts-poison").ExistsAsync(Cancellation) && await CountAsync("texts-poison") == 1, "a poison message");
        Assert.Equal(3, Recorder.Count("bad"));
        Assert.True(clock.Elapsed >= TimeSpan.FromSeconds(2), $"two delays of a second, but it took {clock.Elapsed}");
        Assert.Equal("bad", (await Queue("texts-poison").ReceiveMessageAsync(cancellationToken: Cancellation)).Value.Body.ToString());
        await Eventually.HoldsAsync(async () => await CountAsync("texts") == 0, "an empty queue");
    }

    [Fact]
    public async Task Gives_a_message_that_failed_once_another_try()
    {
        var tries = 0;
        Recorder.Do = (_, _) => Interlocked.Increment(ref tries) == 1 ? throw new InvalidOperationException("once") : Task.CompletedTask;
        await using var app = await StartAsync(typeof(Texts));
        await SendAsync("texts", "bad");

        await Eventually.HoldsAsync(() => Recorder.Count("bad") == 2, "a second try");
        await Eventually.HoldsAsync(async () => await CountAsync("texts") == 0, "an empty queue");
        Assert.False(await Queue("texts-poison").ExistsAsync(Cancellation));
    }

    [Fact]
    public async Task Has_no_poison_queue_for_a_poison_queue()
    {
        Recorder.Do = (_, _) => throw new InvalidOperationException("always");
        await using var app = await StartAsync(typeof(Poison), lease: TimeSpan.FromSeconds(1));
        await SendAsync("work-poison", "bad");

        await Eventually.HoldsAsync(() => Recorder.Count("bad") >= 5, "more tries than maxDequeueCount");
        Assert.False(await Queue("work-poison-poison").ExistsAsync(Cancellation));
        Assert.Equal(1, await CountAsync("work-poison"));
    }

    [Fact]
    public async Task Moves_a_message_that_killed_its_process_too_often_to_the_poison_queue_unrun()
    {
        await Queue("texts").CreateAsync(cancellationToken: Cancellation);
        await SendAsync("texts", "deadly");
        for (var delivery = 0; delivery < 3; delivery++)
        {
            await Eventually.HoldsAsync(async () => (await Queue("texts").ReceiveMessageAsync(TimeSpan.FromSeconds(1), Cancellation)).Value is not null, "a delivery");
        }

        await using var app = await StartAsync(typeof(Texts));

        await Eventually.HoldsAsync(async () => await Queue("texts-poison").ExistsAsync(Cancellation) && await CountAsync("texts-poison") == 1, "a poison message");
        Assert.Empty(Recorder.Calls);
    }

    [Fact]
    public async Task Keeps_a_message_hidden_while_its_function_runs_longer_than_the_lease()
    {
        var end = new TaskCompletionSource();
        Recorder.Do = (_, _) => end.Task;
        await using var app = await StartAsync(typeof(Texts), lease: TimeSpan.FromSeconds(6));
        await SendAsync("texts", "long");

        await Eventually.HoldsAsync(() => Recorder.Count("long") == 1, "the call");
        await Task.Delay(TimeSpan.FromSeconds(9), Cancellation);
        Assert.Empty((await Queue("texts").PeekMessagesAsync(cancellationToken: Cancellation)).Value);
        end.SetResult();

        await Eventually.HoldsAsync(async () => await CountAsync("texts") == 0, "an empty queue");
        Assert.Equal(1, Recorder.Count("long"));
    }

    [Fact]
    public async Task Gets_a_message_again_when_the_process_that_ran_it_is_gone()
    {
        await Queue("texts").CreateAsync(cancellationToken: Cancellation);
        await SendAsync("texts", "orphan");

        // What a process does that is killed: receives, and is heard of no more.
        await Queue("texts").ReceiveMessageAsync(TimeSpan.FromSeconds(2), Cancellation);
        await using var app = await StartAsync(typeof(Texts));

        await Eventually.HoldsAsync(() => Recorder.Count("orphan") == 1, "the call after the lease");
    }

    [Fact]
    public async Task Lets_running_functions_end_when_it_stops_and_takes_nothing_new()
    {
        var end = new TaskCompletionSource();
        Recorder.Do = (_, _) => end.Task;
        var app = await StartAsync(typeof(Texts), queues: """{"batchSize":1,"newBatchThreshold":0,"maxPollingInterval":"00:00:00.200"}""");
        await SendAsync("texts", "first", "second");
        await Eventually.HoldsAsync(() => Recorder.Calls.Count == 1, "the first call");

        var stopping = app.Host.StopAsync(CancellationToken.None);
        await Task.Delay(300, Cancellation);
        Assert.False(stopping.IsCompleted);
        end.SetResult();
        await stopping;
        await app.DisposeAsync();

        Assert.Single(Recorder.Calls);
        Assert.Equal(1, await CountAsync("texts"));
    }

    [Fact]
    public async Task Cancels_what_does_not_end_in_time_and_gives_its_message_back()
    {
        Recorder.Do = (_, cancellationToken) => Task.Delay(Timeout.Infinite, cancellationToken);
        var app = await StartAsync(typeof(Texts), settings: ("LocalHost__DrainTimeout", "00:00:00.300"));
        await SendAsync("texts", "endless");
        await Eventually.HoldsAsync(() => Recorder.Calls.Count == 1, "the call");

        await app.DisposeAsync();

        Assert.Single((await Queue("texts").PeekMessagesAsync(cancellationToken: Cancellation)).Value);
    }

    [Fact]
    public async Task Runs_no_more_at_once_than_host_json_allows()
    {
        var running = 0;
        var most = 0;
        Recorder.Do = async (_, cancellationToken) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            await Task.Delay(50, cancellationToken);
            Interlocked.Decrement(ref running);
        };
        await using var app = await StartAsync(typeof(Texts), queues: """{"batchSize":2,"newBatchThreshold":1,"maxPollingInterval":"00:00:00.200"}""");
        await SendAsync("texts", [.. Enumerable.Range(0, 20).Select(number => $"m{number}")]);

        await Eventually.HoldsAsync(() => Recorder.Calls.Count == 20, "twenty calls");
        Assert.InRange(most, 2, 3);
    }

    [Fact]
    public async Task Reads_messages_without_base64_when_host_json_says_so()
    {
        await using var app = await StartAsync(typeof(Texts), queues: """{"messageEncoding":"none","maxPollingInterval":"00:00:00.200"}""");
        var plain = new QueueServiceClient(Account.ConnectionString).GetQueueClient("texts");
        await plain.SendMessageAsync("plain", Cancellation);

        await Eventually.HoldsAsync(() => Recorder.Count("plain") == 1, "the call");
    }

    [Fact]
    public async Task Fires_by_hand_with_the_given_input()
    {
        await using var app = await StartAsync(typeof(Texts));

        using var response = await app.Client.PostAsync(new Uri("/admin/functions/TakeText", UriKind.Relative), new StringContent("""{"input":"by hand"}""", Encoding.UTF8, "application/json"), Cancellation);

        Assert.Equal(System.Net.HttpStatusCode.Accepted, response.StatusCode);
        await Eventually.HoldsAsync(() => Recorder.Count("by hand") == 1, "the call");
    }

    [Fact]
    public async Task Goes_on_when_a_queue_is_deleted_under_it()
    {
        await using var app = await StartAsync(typeof(Texts));
        await Queue("texts").DeleteAsync(Cancellation);
        await Eventually.HoldsAsync(async () => await Queue("texts").ExistsAsync(Cancellation), "the queue made again");
        await SendAsync("texts", "after");

        await Eventually.HoldsAsync(() => Recorder.Count("after") == 1, "the call");
    }

    [Fact]
    public async Task Moves_aside_what_cannot_be_decoded_and_goes_on()
    {
        var texts = new QueueServiceClient(Account.ConnectionString).GetQueueClient("texts");
        await texts.CreateAsync(cancellationToken: Cancellation);
        await texts.SendMessageAsync("{no Base64}", Cancellation);
        await using var app = await StartAsync(typeof(Texts));
        await SendAsync("texts", "after");

        await Eventually.HoldsAsync(() => Recorder.Count("after") == 1, "the call");
        await Eventually.HoldsAsync(async () => await CountAsync("texts") == 0, "an empty queue");
        var moved = Assert.Single((await Queue("texts-poison").ReceiveMessagesAsync(32, cancellationToken: Cancellation)).Value);
        Assert.Equal("{no Base64}", moved.Body.ToString());
    }

    [Fact]
    public async Task Reads_its_queue_again_once_a_login_that_lapsed_is_back()
    {
        await Queue("texts").CreateAsync(cancellationToken: Cancellation);
        await SendAsync("texts", "waiting");
        using var stop = new CancellationTokenSource();

        var running = RunAsync(new LapsedOnce(RequestMethod.Get), stop.Token);

        await Eventually.HoldsAsync(() => Recorder.Count("waiting") == 1, "the call");
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Keeps_a_message_hidden_when_a_login_lapses_for_one_renewal()
    {
        var end = new TaskCompletionSource();
        Recorder.Do = (_, _) => end.Task;
        await Queue("texts").CreateAsync(cancellationToken: Cancellation);
        await SendAsync("texts", "long");
        using var stop = new CancellationTokenSource();

        var running = RunAsync(new LapsedOnce(RequestMethod.Put), stop.Token, lease: TimeSpan.FromSeconds(6));

        await Eventually.HoldsAsync(() => Recorder.Count("long") == 1, "the call");
        await Task.Delay(TimeSpan.FromSeconds(9), Cancellation);
        Assert.Equal(1, Recorder.Count("long"));
        end.SetResult();
        await Eventually.HoldsAsync(async () => await CountAsync("texts") == 0, "an empty queue");
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Ends_in_order_when_a_login_lapses_before_the_last_message_is_deleted()
    {
        var end = new TaskCompletionSource();
        Recorder.Do = (_, _) => end.Task;
        await Queue("texts").CreateAsync(cancellationToken: Cancellation);
        await SendAsync("texts", "last");
        using var stop = new CancellationTokenSource();
        var running = RunAsync(new LapsedOnce(RequestMethod.Delete), stop.Token);
        await Eventually.HoldsAsync(() => Recorder.Count("last") == 1, "the call");

        await stop.CancelAsync();
        end.SetResult();
        await running;

        Assert.Equal(1, await CountAsync("texts"));
    }

    /// <summary>Listens without a host around it, by way of a login.</summary>
    private Task RunAsync(LapsedOnce login, CancellationToken stop, TimeSpan? lease = null)
    {
        var options = new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 };
        options.AddPolicy(login, HttpPipelinePosition.PerRetry);
        var settings = HostSettings.Read(AppContext.BaseDirectory, new ConfigurationBuilder().Build(), isDevelopment: true) with
        {
            MaxPollingInterval = TimeSpan.FromMilliseconds(200),
            Lease = lease ?? TimeSpan.FromSeconds(30),
        };
        var invoker = new FunctionInvoker(new ServiceCollection().AddSingleton(Recorder).BuildServiceProvider(), [], NullLogger<FunctionInvoker>.Instance);
        return new QueueListener(
            FunctionDescriptor.Find([typeof(Texts)]).Single(),
            new QueueServiceClient(Account.ConnectionString, options),
            "texts",
            settings,
            invoker,
            TimeProvider.System,
            NullLogger<QueueListener>.Instance).RunAsync(stop, Cancellation);
    }

    private Task<TestApp> StartAsync(Type functions, TimeSpan? lease = null, string? queues = null, params (string, string)[] settings) => queues is null
        ? TestApp.StartAsync(Account, [functions], Recorder, lease: lease, settings: settings)
        : TestApp.StartAsync(Account, [functions], Recorder, lease: lease, queues: queues, settings: settings);

    private async Task SendAsync(string queue, params string[] messages)
    {
        foreach (var message in messages)
        {
            await Queue(queue).SendMessageAsync(message, Cancellation);
        }
    }

    /// <summary>A login that has lapsed when the first request of a kind is made, and is back for the next.</summary>
    private sealed class LapsedOnce(RequestMethod method) : HttpPipelineSynchronousPolicy
    {
        private int _requests;

        public override void OnSendingRequest(HttpMessage message)
        {
            if (message.Request.Method == method && Interlocked.Increment(ref _requests) == 1)
            {
                throw new AuthenticationFailedException("Run az login.");
            }
        }
    }

    public sealed class Texts(Recorder recorder)
    {
        [Function("TakeText")]
        public Task TakeAsync([QueueTrigger("texts")] string text, CancellationToken cancellationToken) => recorder.CallAsync(text, cancellationToken);
    }

    public sealed class Poison(Recorder recorder)
    {
        [Function("TakePoison")]
        public Task TakeAsync([QueueTrigger("work-poison")] string text) => recorder.CallAsync(text);
    }

    public sealed record Thing(string Name, int Number);

    public sealed class EveryType(Recorder recorder)
    {
        [Function("Bytes")]
        public Task TakeBytesAsync([QueueTrigger("as-bytes")] byte[] bytes) => recorder.CallAsync($"bytes {Encoding.UTF8.GetString(bytes)}");

        [Function("Binary")]
        public Task TakeBinaryAsync([QueueTrigger("as-binary")] BinaryData data) => recorder.CallAsync($"binary {data}");

        [Function("Class")]
        public Task TakeClassAsync([QueueTrigger("as-class")] Thing thing) => recorder.CallAsync($"class {thing.Name} {thing.Number}");

        [Function("Message")]
        public Task TakeMessageAsync([QueueTrigger("as-message")] QueueMessage message, FunctionContext context) =>
            recorder.CallAsync($"message {message.Body} {message.DequeueCount} {message.InsertedOn is not null && context.BindingContext.BindingData.ContainsKey("dequeuecount")}");
    }
}
