using Archiving.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Operations.Access;

internal static class AccessServices
{
    /// <summary>Registers who may do what, and the audit log.</summary>
    public static IServiceCollection AddAccess(this IServiceCollection services) => services
        .AddSingleton<CallerReader>()
        .AddSingleton<AuditContainer>()
        .AddSingleton<IStorageResource>(provider => provider.GetRequiredService<AuditContainer>())
        .AddSingleton<AuditLog>()
        .AddSingleton<AuditReader>()
        .AddSingleton<AuditVerifier>();
}
