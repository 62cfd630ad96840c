using Archiving.Model;
using Archiving.Settings;

namespace Archiving.Outages;

/// <summary>
/// Ends the work of a function shortly before the Functions host would. The host cancels a function at its
/// <c>functionTimeout</c> and when the app stops, and the token does not show which: by ending the work first, the app
/// can distinguish a timeout from a stop, and has time to record it before the host restarts the app.
/// </summary>
public sealed class WorkTimeout(HostOptions options, TimeProvider timeProvider)
{
    /// <summary>Does work, and cancels it when it takes too long.</summary>
    /// <param name="name">What the work is, for the error: "Archiving".</param>
    /// <param name="work">The work.</param>
    /// <param name="cancellationToken">The host's token.</param>
    /// <exception cref="WorkTimeoutException">The work was cancelled because it took too long.</exception>
    public async Task RunAsync(string name, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        if (options.WorkTimeout is not { } limit)
        {
            await work(cancellationToken);
            return;
        }

        using var timeout = new CancellationTokenSource(limit, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            await work(either.Token);
        }
        catch (Exception exception) when (timeout.IsCancellationRequested)
        {
            throw new WorkTimeoutException(
                $"{name} did not finish within {limit:c}; the Functions host ends a function after {options.FunctionTimeout:c}. If that is "
                    + "too short, raise functionTimeout in host.json or AzureFunctionsJobHost__functionTimeout.",
                exception);
        }
    }
}
