using Archiving.Source;
using Functions.Access;
using Functions.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Operations.Access;
using Operations.Plan;

namespace Functions;

/// <summary>Tells what a run would copy, and whether it can.</summary>
public sealed class PlanFunctions(PlanBuilder planBuilder, SourceHold hold)
{
    private const int MaxTextLength = 2000;

    // Azure cuts an HTTP request after 230 seconds: twice this, the checks and a last page, which 8x8 may have 30 seconds for, must fit.
    private static readonly TimeSpan MaxDuration = TimeSpan.FromSeconds(60);

    /// <summary>What 8x8 has, what needs restoring, and which rights are missing: <c>from,to,regions,types,maxPages,probeRights</c>. Changes nothing.</summary>
    [Function("GetPlan")]
    [AllowedRoles(Role.Operator)]
    public async Task<IActionResult> GetPlanAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "plan")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var query = new RequestQuery(request, [.. PlanRequest.Names]);
        try
        {
            var asked = PlanRequest.Parse(PlanRequest.Names
                .Select(name => KeyValuePair.Create(name, query.Text(name, MaxTextLength) ?? ""))
                .Where(item => item.Value.Length > 0));
            hold.ThrowIfOn();
            var plan = await planBuilder.BuildAsync(asked with { MaxDuration = MaxDuration }, progress: null, cancellationToken);

            // Names of files are names of people.
            var seesNames = request.HttpContext.GetCaller().ContentScope.IsEverything;
            return ApiJson.Result(seesNames ? plan : plan with { FileNames = [] }, ApiJson.Default.PlanReport);
        }
        catch (PlanRequestException exception)
        {
            throw new BadRequestException(exception.Name, exception.Message);
        }
    }
}
