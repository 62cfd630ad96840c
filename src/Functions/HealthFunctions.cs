using Functions.Http;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Operations.Health;

namespace Functions;

/// <summary>Tells whether archiving works.</summary>
public sealed class HealthFunctions(HealthReader reader)
{
    /// <summary>200 when everything works, 503 with cause and remedy when something does not. Needs no key and holds no tenant data.</summary>
    [Function("GetHealth")]
    [AllowAnonymous]
    public async Task<IActionResult> GetHealthAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "health")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var health = await reader.ReadAsync(cancellationToken);
        return ApiJson.Result(
            health,
            ApiJson.Default.HealthAnswer,
            health.IsHealthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }
}
