using Archiving;
using Archiving.Model;
using Archiving.Outages;
using Functions;
using Functions.Access;
using Functions.Dashboard;
using Functions.Http;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Operations;
using Operations.Access;
using Operations.Commands;

try
{
    if (args is ["doctor", .. var options])
    {
        Environment.ExitCode = await DoctorCommand.RunAsync(FunctionsApplication.CreateBuilder([]).Configuration, options);
        return;
    }

    if (args is ["audit", .. var auditOptions])
    {
        Environment.ExitCode = await AuditCommand.RunAsync(FunctionsApplication.CreateBuilder([]).Configuration, auditOptions);
        return;
    }

    if (args is ["drill", .. var drillOptions])
    {
        Environment.ExitCode = await DrillCommand.RunAsync(FunctionsApplication.CreateBuilder([]).Configuration, drillOptions);
        return;
    }

    if (args is [[not '-', ..] command, ..])
    {
        await Console.Error.WriteLineAsync($"error: There is no command \"{command}\". The commands are doctor, drill and audit.");
        Environment.ExitCode = 1;
        return;
    }

    var builder = FunctionsApplication.CreateBuilder(args);
    builder.ConfigureFunctionsWebApplication();
    builder.UseMiddleware<OverdueListingMiddleware>();
    builder.UseMiddleware<ProblemDetailsMiddleware>();
    builder.UseMiddleware<AccessMiddleware>();
    builder.Services.AddArchiving(builder.Configuration).AddOperations();
    builder.AddAccess();
    builder.Services.AddHostedService<StorageCreator>();
    builder.Services.AddSingleton<ApiDocument>();
    builder.Services.AddSingleton<DashboardFiles>();
    builder.Services.AddSingleton<IFunctionMetadataTransformer, TimerSchedules>();
    builder.AddTelemetryExport();
    await builder.Build().RunAsync();
}
catch (SettingsException exception)
{
    // The Functions host logs these lines as errors; it logs an exception that escapes as one, too.
    await Console.Error.WriteAsync(exception.ToErrorLines());
    Environment.ExitCode = 1;
}
