using System.Collections.Concurrent;
using System.Globalization;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Comparison;

/// <summary>Counts requests to the storage by what Azure takes money for.</summary>
internal sealed class RequestCounter(Uri queues, Uri tables) : HttpPipelineSynchronousPolicy
{
    private readonly ConcurrentDictionary<string, int> _counts = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, int> Counts => _counts;

    public override void OnSendingRequest(HttpMessage message) => _counts.AddOrUpdate(Kind(message.Request), 1, (_, count) => count + 1);

    private string Kind(Request request)
    {
        var method = request.Method.Method;
        return request.Uri.Port == queues.Port ? method switch { "GET" => "queue read", "DELETE" => "queue delete", _ => "queue write" }
            : request.Uri.Port == tables.Port ? method is "GET" ? "table query" : "table write"
            : method is "GET" or "HEAD" ? "blob read" : "blob write";
    }
}

/// <summary>How many operations of Azure a new object costs.</summary>
internal static class Operations
{
    public static async Task RunAsync(Report report, int objects)
    {
        var workload = new Workload("operations", objects, 30_000, 32);
        await using var stage = await Stage.StartAsync(workload);
        await using var worker = Contenders.StartWorker("operations", 32, stage, stage.Settings(workload));
        var counts = (await worker.WaitForLineAsync("counted ", TimeSpan.FromMinutes(20))).Split(';')
            .Select(part => part.Split('='))
            .ToDictionary(part => part[0], part => int.Parse(part[1], CultureInfo.InvariantCulture), StringComparer.Ordinal);
        await stage.AssertCompleteAsync(workload);
        report.Expect("own cost: Azure operations for a new object", Ratio.Of([counts.Values.Sum() / (double)objects]), atMost: 6.2);
        report.Add(
            string.Create(CultureInfo.InvariantCulture, $"Azure operations for {objects:N0} new objects"),
            [
                "| operation | in all | per object |",
                "| --- | ---: | ---: |",
                .. counts
                    .OrderBy(count => count.Key, StringComparer.Ordinal)
                    .Select(count => string.Create(
                        CultureInfo.InvariantCulture,
                        $"| {count.Key} | {count.Value:N0} | {count.Value / (double)objects:0.000} |")),
                "",
                "Counted by a policy in the pipelines of the storage clients, planning and listing included; 32 messages at once. "
                + "[Scale](../../docs/scale.md#operations) has the same counted one after the other, and a test holds it to that.",
            ],
            counts);
    }
}
