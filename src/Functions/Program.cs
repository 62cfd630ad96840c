using Archiving;
using Archiving.Doctor;
using Archiving.Settings;
using Functions;
using Functions.Dashboard;
using Functions.Http;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

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
    builder.Services.AddSingleton<ApiDocument>();
    builder.Services.AddSingleton<DashboardFiles>();
    builder.AddTelemetryExport();
    await builder.Build().RunAsync();
}
catch (SettingsException exception)
{
    await Console.Error.WriteLineAsync(exception.Message);
    Environment.ExitCode = 1;
}
