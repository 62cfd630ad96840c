using Microsoft.Extensions.DependencyInjection;

namespace Archiving.Verifying;

internal static class VerifyingServices
{
    /// <summary>Registers the nightly verification.</summary>
    public static IServiceCollection AddVerifying(this IServiceCollection services) => services
        .AddSingleton<VerificationPlanner>()
        .AddSingleton<ObjectVerifier>();
}
