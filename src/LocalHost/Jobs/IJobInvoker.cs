using Binder = Microsoft.Azure.WebJobs.Binder;

namespace LocalHost.Jobs;

/// <summary>Runs a function for which the WebJobs SDK has received a message or a tick.</summary>
public interface IJobInvoker
{
    /// <summary>Runs a function.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="trigger">The message or tick.</param>
    /// <param name="binder">Holds what the trigger says beside, such as the count of deliveries.</param>
    /// <param name="cancellationToken">Cancels the function.</param>
    Task InvokeAsync(string name, object trigger, Binder binder, CancellationToken cancellationToken);
}
