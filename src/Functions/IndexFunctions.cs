using Archiving.Indexing;
using Archiving.Ledger;
using Archiving.Outages;
using Functions.Access;
using Functions.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Operations.Access;

namespace Functions;

/// <summary>Keeps the index that searches use.</summary>
public sealed class IndexFunctions(TimerHandler timers, ObjectIndexer indexer, SearchIndex index)
{
    /// <summary>Indexes what was listed and archived since.</summary>
    [Function("IndexObjects")]
    public Task IndexObjectsAsync([TimerTrigger("15 */5 * * * *")] TimerInfo timer, CancellationToken cancellationToken) =>
        timers.RunAsync("IndexObjects", indexer.IndexAsync, cancellationToken);

    /// <summary>Has all of the ledger indexed again. Searches work meanwhile, more slowly.</summary>
    [Function("RebuildIndex")]
    [AllowedRoles(Role.Administrator)]
    public async Task<IActionResult> RebuildIndexAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "index/rebuild")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        await RequestBody.ReadAsync(request, RequestJson.Default.EmptyRequest, cancellationToken);
        await index.RebuildAsync(cancellationToken);
        return new StatusCodeResult(StatusCodes.Status202Accepted);
    }
}
