using Archiving.Settings;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;
using Microsoft.Extensions.DependencyInjection;

namespace Functions.Access;

/// <summary>Registers what tells callers apart.</summary>
internal static class AccessBuilderExtensions
{
    // A principal with many groups is larger than the web server's default for all headers together.
    private const int MaxHeaderBytes = 256 * 1024;

    public static void AddAccess(this FunctionsApplicationBuilder builder)
    {
        builder.Services.AddSingleton(new FunctionRoles());
        builder.Services.Configure<KestrelServerOptions>(kestrel => kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes);
        if (builder.Services.Select(service => service.ImplementationInstance).OfType<AccessOptions>().Single().Mode == AccessMode.EntraId)
        {
            builder.Services.AddSingleton<IFunctionMetadataTransformer, AnonymousTriggers>();
        }
    }
}
