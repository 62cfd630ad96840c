using Archiving.Doctor;
using Functions.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;

namespace Functions;

/// <summary>Tells what a run would copy, and whether it can.</summary>
public sealed class PlanFunctions(Checkup checkup)
{
    // The function key can come as a parameter.
    private const string KeyParameter = "code";

    // Azure cuts an HTTP request after 230 seconds.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>What 8x8 has, what needs restoring, and which rights are missing: <c>from,to,regions,types,maxPages,probeRights</c>. Changes nothing.</summary>
    [Function("GetPlan")]
    public async Task<IActionResult> GetPlanAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "plan")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        try
        {
            var asked = PlanRequest.Parse(request.Query.Where(item => item.Key != KeyParameter).Select(item => KeyValuePair.Create(item.Key, item.Value.ToString())));
            return ApiJson.Result(await checkup.RunAsync(asked with { Patience = Patience }, progress: null, cancellationToken), ApiJson.Default.Plan);
        }
        catch (PlanRequestException exception)
        {
            throw new BadRequestException(exception.Name, exception.Message);
        }
    }
}
