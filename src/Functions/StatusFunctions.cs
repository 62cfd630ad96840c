using Archiving.Status;
using Functions.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;

namespace Functions;

/// <summary>Tells where everything stands.</summary>
public sealed class StatusFunctions(StatusReader reader)
{
    /// <summary>Counts by state and type, queues, token, listings, and what is nearest to being lost.</summary>
    [Function("GetStatus")]
    public async Task<IActionResult> GetStatusAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "status")] HttpRequest request,
        CancellationToken cancellationToken) =>
        ApiJson.Result(await reader.ReadAsync(cancellationToken), ApiJson.Default.StatusReport);
}
