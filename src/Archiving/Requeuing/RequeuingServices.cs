using Microsoft.Extensions.DependencyInjection;

namespace Archiving.Requeuing;

internal static class RequeuingServices
{
    /// <summary>Registers what becomes of messages that failed.</summary>
    public static IServiceCollection AddRequeuing(this IServiceCollection services) => services
        .AddSingleton<FailureRecorder>();
}
