using Archiving;
using Archiving.Doctor;
using Archiving.Settings;
using Archiving.Storage;
using Functions;
using Functions.Dashboard;
using Functions.Http;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

IHost? host = null;
try
{
    if (args is ["doctor", .. var options])
    {
        Environment.ExitCode = await DoctorCommand.RunAsync(FunctionsApplication.CreateBuilder([]).Configuration, options);
        return;
    }

    var builder = FunctionsApplication.CreateBuilder(args);
    builder.ConfigureFunctionsWebApplication();
    builder.UseMiddleware<ProblemDetailsMiddleware>();
    builder.Services.AddArchiving(builder.Configuration);
    builder.Services.AddHostedService<StorageCreator>();
    builder.Services.AddSingleton<ApiDocument>();
    builder.Services.AddSingleton<DashboardFiles>();
    builder.AddTelemetryExport();
    host = builder.Build();
}
catch (Exception exception) when (StartError.Describe(exception) is { } lines)
{
    await Console.Error.WriteAsync(lines);
    Environment.ExitCode = 1;
    return;
}

await host.RunAsync();
