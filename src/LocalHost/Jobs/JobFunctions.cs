using Binder = Microsoft.Azure.WebJobs.Binder;

namespace LocalHost.Jobs;

/// <summary>Base of the class that <see cref="JobTypes"/> makes: what each of its methods calls.</summary>
/// <param name="invoker">Runs the function.</param>
public abstract class JobFunctions(IJobInvoker invoker)
{
    /// <summary>Runs a function.</summary>
    protected Task InvokeAsync(string name, object trigger, Binder binder, CancellationToken cancellationToken) =>
        invoker.InvokeAsync(name, trigger, binder, cancellationToken);
}
