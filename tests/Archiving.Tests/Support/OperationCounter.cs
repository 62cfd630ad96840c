using System.Collections.Concurrent;
using Azure.Core;
using Azure.Core.Pipeline;
using Testing;

namespace Archiving.Tests;

/// <summary>Counts the requests to a storage account by what Azure takes money for. Whether one is retried makes no difference.</summary>
internal sealed class OperationCounter(StorageAccount account) : HttpPipelineSynchronousPolicy
{
    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);
    private long _indexing;

    /// <summary>Every kind of operation.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
        ["queue write", "queue read", "queue delete", "blob write", "blob read", "blob list", "table write", "table query", "function run"];

    /// <summary>The counts since they were last taken.</summary>
    public IReadOnlyDictionary<string, long> Take()
    {
        var taken = Kinds.ToDictionary(kind => kind, kind => _counts.TryRemove(kind, out var count) ? count : 0, StringComparer.Ordinal);
        Assert.Empty(_counts);
        return taken;
    }

    /// <summary>Whether requests belong to the index of searches: they are counted apart, because its key, and so what it writes together, is chance.</summary>
    public bool IsIndexing { get; set; }

    /// <summary>How many requests the index has cost since that was last asked.</summary>
    public long TakeIndexing() => Interlocked.Exchange(ref _indexing, 0);

    /// <summary>Counts a run of a function.</summary>
    public void CountRun() => Count("function run");

    public override void OnSendingRequest(HttpMessage message)
    {
        var request = message.Request;
        var port = request.Uri.Port;
        Count(port == account.Queues.Uri.Port ? Queue(request) : port == account.Tables.Uri.Port ? Table(request) : Blob(request));
    }

    private void Count(string kind)
    {
        if (IsIndexing)
        {
            Interlocked.Increment(ref _indexing);
        }
        else
        {
            _counts.AddOrUpdate(kind, 1, (_, count) => count + 1);
        }
    }

    private static string Queue(Request request) => request.Method.Method switch
    {
        "GET" => "queue read",
        "DELETE" => "queue delete",
        _ => "queue write",
    };

    // A transaction of up to a hundred rows is one request, and is paid for as one.
    private static string Table(Request request) => request.Method == RequestMethod.Get ? "table query" : "table write";

    private static string Blob(Request request) => request.Method.Method switch
    {
        "GET" when request.Uri.Query.Contains("comp=list", StringComparison.Ordinal) => "blob list",
        "GET" or "HEAD" => "blob read",
        _ => "blob write",
    };
}
