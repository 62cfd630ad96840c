using Archiving.Listing;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;

namespace Functions;

/// <summary>Lets every function but the timers look, when it is done, whether listing is overdue: they may be all that still runs.</summary>
public sealed class OverdueListingMiddleware(OverdueListing overdue) : IFunctionsWorkerMiddleware
{
    /// <inheritdoc/>
    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        await next(context);
        if (!context.FunctionDefinition.InputBindings.Values.Any(binding => binding.Type == "timerTrigger"))
        {
            await overdue.PlanAsync(context.FunctionDefinition.Name, context.CancellationToken);
        }
    }
}
