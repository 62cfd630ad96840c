using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Hosting;
using Testing;

namespace LocalHost.Tests;

public sealed class HttpFunctionTests(AzuriteFixture azurite) : HostTest(azurite)
{
    [Fact]
    public async Task Answers_under_the_route_prefix_with_route_values()
    {
        await using var app = await StartAsync();

        Assert.Equal("uk 7 ", await GetAsync(app, "/api/things/uk/7"));
        Assert.Equal("uk 7 verbose", await GetAsync(app, "/api/things/uk/7?mode=verbose"));
    }

    [Theory]
    [InlineData("POST", "/api/things/uk/7", HttpStatusCode.NotFound)]
    [InlineData("GET", "/api/nothing", HttpStatusCode.NotFound)]
    [InlineData("GET", "/things/uk/7", HttpStatusCode.NotFound)]
    [InlineData("GET", "/api/fails", HttpStatusCode.InternalServerError)]
    [InlineData("GET", "/api/teapot", (HttpStatusCode)418)]
    [InlineData("GET", "/", HttpStatusCode.OK)]
    public async Task Answers_as_the_functions_host_does(string method, string path, HttpStatusCode expected)
    {
        await using var app = await StartAsync();

        using var response = await app.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), Cancellation);

        Assert.Equal(expected, response.StatusCode);
        if (expected == HttpStatusCode.InternalServerError)
        {
            Assert.Empty(await response.Content.ReadAsByteArrayAsync(Cancellation));
        }
    }

    [Fact]
    public async Task Gives_each_invocation_a_span_as_the_real_worker_does()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.Azure.Functions.Worker",

            // As a sampler does that goes by the parent: what is not recorded has no children that are.
            Sample = (ref ActivityCreationOptions<ActivityContext> span) =>
                span.Parent == default || span.Parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using var app = await StartAsync();

        await StatusAsync(app, "/api/things/uk/7");
        await StatusAsync(app, "/api/fails");

        var good = spans.First(span => span.DisplayName == "function Thing");
        Assert.Equal(("Thing", ActivityStatusCode.Unset), (good.GetTagItem("faas.name"), good.Status));
        Assert.True(Guid.TryParse((string?)good.GetTagItem("faas.invocation_id"), out _));
        var failed = spans.First(span => span.DisplayName == "function Fails");
        Assert.Equal((ActivityStatusCode.Error, null), (failed.Status, failed.StatusDescription));
    }

    [Fact]
    public async Task Asks_for_no_key_unless_one_is_set()
    {
        await using var app = await StartAsync();

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(app, "/api/things/uk/7"));
    }

    [Theory]
    [InlineData("/api/things/uk/7", null, HttpStatusCode.Unauthorized)]
    [InlineData("/api/things/uk/7", "wrong", HttpStatusCode.Unauthorized)]
    [InlineData("/api/things/uk/7", "the-key", HttpStatusCode.OK)]
    [InlineData("/api/things/uk/7?code=the-key", null, HttpStatusCode.OK)]
    [InlineData("/api/things/uk/7?code=wrong", null, HttpStatusCode.Unauthorized)]
    [InlineData("/api/open", null, HttpStatusCode.OK)]
    public async Task Asks_for_the_key_that_is_set(string path, string? key, HttpStatusCode expected)
    {
        await using var app = await StartAsync(settings: ("LocalHost__FunctionKey", "the-key"));
        if (key is not null)
        {
            app.Client.DefaultRequestHeaders.Add("x-functions-key", key);
        }

        Assert.Equal(expected, await StatusAsync(app, path));
    }

    [Theory]
    [InlineData("TakesNothing", "{}", HttpStatusCode.NotFound)]
    [InlineData("Open", "{}", HttpStatusCode.NotFound)]
    public async Task Fires_only_what_can_be_fired_by_hand(string name, string body, HttpStatusCode expected)
    {
        await using var app = await StartAsync();

        using var response = await app.Client.PostAsync(new Uri($"/admin/functions/{name}", UriKind.Relative), new StringContent(body), Cancellation);

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Cancels_the_invocation_when_the_client_goes()
    {
        var cancelled = new TaskCompletionSource();
        Recorder.Do = async (call, cancellationToken) =>
        {
            if (call == "waits")
            {
                await using var registration = cancellationToken.Register(cancelled.SetResult);
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
        };
        await using var app = await StartAsync();
        using var client = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);

        var waiting = app.Client.GetAsync(new Uri("/api/waits", UriKind.Relative), client.Token);
        await Eventually.HoldsAsync(() => Recorder.Count("waits") == 1, "the call");
        await client.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(10), Cancellation);
    }

    [Fact]
    public async Task Runs_middleware_around_every_function_in_order()
    {
        await using var app = await TestApp.StartAsync(Account, [typeof(Functions)], Recorder, configure: builder => builder.UseMiddleware<Outer>().UseMiddleware<Inner>());

        await GetAsync(app, "/api/open");

        Assert.Equal(["outer before Open /api/open", "inner before", "inner after", "outer after"], Recorder.Calls);
    }

    private Task<TestApp> StartAsync(params (string, string)[] settings) => TestApp.StartAsync(Account, [typeof(Functions)], Recorder, settings: settings);

    private static Task<string> GetAsync(TestApp app, string path) => app.Client.GetStringAsync(new Uri(path, UriKind.Relative), Cancellation);

    private static async Task<HttpStatusCode> StatusAsync(TestApp app, string path)
    {
        using var response = await app.Client.GetAsync(new Uri(path, UriKind.Relative), Cancellation);
        return response.StatusCode;
    }

    public sealed class Functions(Recorder recorder)
    {
        [Function("Thing")]
        public IActionResult Thing([HttpTrigger(AuthorizationLevel.Function, "get", Route = "things/{region}/{number}")] HttpRequest request, string region, int number) =>
            new ContentResult { Content = $"{region} {number} {request.Query["mode"]}" };

        [Function("Open")]
        public string Open([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "open")] HttpRequest request) => "open";

        [Function("Fails")]
        public IResult Fails([HttpTrigger(AuthorizationLevel.Function, Route = "fails")] HttpRequest request) => throw new InvalidOperationException("secret");

        [Function("Teapot")]
        public IResult Teapot([HttpTrigger(AuthorizationLevel.Function, Route = "teapot")] HttpRequest request) => Results.StatusCode(418);

        [Function("Waits")]
        public Task WaitsAsync([HttpTrigger(AuthorizationLevel.Function, Route = "waits")] HttpRequest request, CancellationToken cancellationToken) => recorder.CallAsync("waits", cancellationToken);
    }

    public sealed class Outer(Recorder recorder) : IFunctionsWorkerMiddleware
    {
        public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
        {
            await recorder.CallAsync($"outer before {context.FunctionDefinition.Name} {context.GetHttpContext()?.Request.Path}");
            await next(context);
            await recorder.CallAsync("outer after");
        }
    }

    public sealed class Inner(Recorder recorder) : IFunctionsWorkerMiddleware
    {
        public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
        {
            await recorder.CallAsync("inner before");
            await next(context);
            await recorder.CallAsync("inner after");
        }
    }
}
