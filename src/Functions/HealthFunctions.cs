using Functions.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Operations.Health;

namespace Functions;

/// <summary>Tells whether archiving works.</summary>
public sealed class HealthFunctions(HealthReporter reporter)
{
    /// <summary>200 when everything works, 503 with cause and remedy when something does not. Needs no key and holds no tenant data.</summary>
    [Function("GetHealth")]
    public async Task<IActionResult> GetHealthAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "health")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var report = await reporter.CheckAsync(cancellationToken);
        return ApiJson.Result(
            report,
            ApiJson.Default.HealthReport,
            report.Status == HealthReporter.Healthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }
}
