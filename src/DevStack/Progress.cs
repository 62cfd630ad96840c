using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace DevStack;

/// <summary>The status of the archive, from <c>GET /api/status</c>.</summary>
internal sealed record Progress(JsonElement Status, int Expected)
{
    private static readonly string[] Ended = ["Archived", "Failed", "Gone", "Purged"];

    public long Archived => Count("Archived");

    public long Failed => Count("Failed") + Count("Gone");

    public long Bytes => Status.GetProperty("bytes").GetInt64();

    /// <summary>Whether each object has come to an end, good or bad.</summary>
    public bool IsOver => Ended.Sum(Count) >= Expected;

    public static async Task<Progress> ReadAsync(HttpClient client, Uri functions, int expected, CancellationToken cancellationToken) =>
        new(await client.GetFromJsonAsync<JsonElement>(new Uri(functions, "/api/status"), cancellationToken), expected);

    /// <summary>For a terminal.</summary>
    public IRenderable Render()
    {
        var table = new Table().Border(TableBorder.Rounded).HideHeaders().AddColumn("").AddColumn("");
        table.AddRow("Token", Markup.Escape(Token()));
        table.AddRow("Listed until", Markup.Escape(Listings()));
        table.AddRow("Queues", Markup.Escape(Queues()));
        table.AddRow(
            new Text("Archived"),
            new Markup(string.Create(CultureInfo.InvariantCulture, $"[green]{Archived}[/] of {Expected} objects, {Megabytes(Bytes)}")));
        table.AddRow(new Text("Failures"), new Markup(Failed > 0 ? $"[red]{Failed}[/]" : "0"));
        return table;
    }

    /// <summary>For a log.</summary>
    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"token {Token()}; listed until {Listings()}; queues {Queues()}; archived {Archived} of {Expected}, {Megabytes(Bytes)}; failures {Failed}");

    public static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1_000_000.0:0} MB");

    private long Count(string state) => Status.GetProperty("objects").TryGetProperty(state, out var count) ? count.GetInt64() : 0;

    private string Token() => Status.GetProperty("token").TryGetProperty("expiresOn", out var expiry) && expiry.ValueKind == JsonValueKind.String
        ? $"valid until {expiry.GetDateTimeOffset():HH:mm:ss} UTC"
        : "none yet";

    private string Listings()
    {
        var listings = Status.GetProperty("listings").EnumerateObject()
            .Where(region => region.Value.TryGetProperty("watermark", out var watermark) && watermark.ValueKind == JsonValueKind.String)
            .Select(region => $"{region.Name} {region.Value.GetProperty("watermark").GetDateTimeOffset():HH:mm:ss}")
            .ToList();
        return listings.Count > 0 ? string.Join(", ", listings) : "not yet";
    }

    private string Queues() => string.Join(", ", Status.GetProperty("queues").EnumerateObject()
        .Where(queue => !queue.Name.EndsWith("-poison", StringComparison.Ordinal))
        .Select(queue => $"{queue.Name} {queue.Value}"));
}
