using Microsoft.Extensions.Hosting;

namespace LocalHost;

/// <summary>Leaves signals to the one host that answers them and stops the others in their order.</summary>
internal sealed class ManualLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
