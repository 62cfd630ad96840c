using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Simulator.Objects;

namespace Simulator.Tests;

/// <summary>A simulator of its own for each test, and a plain HTTP client: what is under test is what goes over the wire.</summary>
public abstract class SimulatorTest : IAsyncLifetime
{
    protected static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected FakeTimeProvider Time { get; } = new(Now);

    protected SimulatorServer Server { get; private set; } = null!;

    protected HttpClient Client { get; } = new(new SocketsHttpHandler { AllowAutoRedirect = false });

    public async ValueTask InitializeAsync()
    {
        Server = await SimulatorServer.StartAsync(new SimulatorOptions { TimeProvider = Time });
        Client.BaseAddress = Server.BaseUrl;
        await AuthorizeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected async Task AuthorizeAsync()
    {
        var json = await RequestTokenAsync("demo-key:demo-secret");
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", json.GetProperty("access_token").GetString());
    }

    protected async Task<JsonElement> RequestTokenAsync(string credentials)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/oauth/v2/token");
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
        request.Content = new FormUrlEncodedContent([KeyValuePair.Create("grant_type", "client_credentials")]);
        using var response = await Client.SendAsync(request, Cancellation);
        response.EnsureSuccessStatusCode();
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancellation)).RootElement;
    }

    protected SimulatedObject Add(
        string type = "callrecording",
        int minutesAgo = 60,
        string state = "AVAILABLE",
        long bytes = 1000,
        string region = "us-east") =>
        Server.Objects.Add(new ObjectSpecification { Region = region, Type = type, State = state, Bytes = bytes, CreatedTime = Now.AddMinutes(-minutesAgo) });

    protected async Task<HttpStatusCode> StatusAsync(HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await Client.SendAsync(request, Cancellation);
        return response.StatusCode;
    }

    protected Task<HttpStatusCode> SearchStatusAsync(string query) => StatusAsync(HttpMethod.Get, $"/storage/us-east/v3/objects?{query}");

    protected async Task<(IReadOnlyList<string> Ids, bool IsLast, string PageKey)> SearchAsync(
        string filter = "",
        string pageKey = "0",
        int limit = 100,
        string region = "us-east",
        string sort = "createdTime",
        string direction = "ASC")
    {
        var query = $"filter={Uri.EscapeDataString(filter)}&pageKey={pageKey}&sortField={sort}&sortDirection={direction}";
        var path = string.Create(CultureInfo.InvariantCulture, $"/storage/{region}/v3/objects?{query}&limit={limit}");
        using var page = JsonDocument.Parse(await Client.GetStringAsync(new Uri(path, UriKind.Relative), Cancellation));
        return (
            [.. page.RootElement.GetProperty("content").EnumerateArray().Select(record => record.GetProperty("id").GetString()!)],
            page.RootElement.GetProperty("lastPage").GetBoolean(),
            page.RootElement.GetProperty("pageKey").GetString()!);
    }
}
