using Archiving.Planning;
using Microsoft.Extensions.DependencyInjection;

namespace Archiving.Verifying;

internal static class VerifyingServices
{
    /// <summary>Registers the nightly verification.</summary>
    public static IServiceCollection AddVerifying(this IServiceCollection services) => services
        .AddSingleton<DayWork, VerificationPlanner>()
        .AddSingleton<ObjectVerifier>();
}
