using Archiving.Planning;
using Archiving.Settings;
using Archiving.Source;
using Microsoft.Extensions.DependencyInjection;
using Operations.Drill;
using Operations.Failures;
using Operations.Health;
using Operations.Notifications;
using Operations.Plan;
using Operations.Runs;
using Operations.Status;

namespace Operations;

/// <summary>Registers what people look at and steer.</summary>
public static class OperationsServiceCollectionExtensions
{
    /// <summary>Registers access, status, search, objects, cases, failures, runs, catalogue, health and plan, on top of the pipeline.</summary>
    public static IServiceCollection AddOperations(this IServiceCollection services) => services
        .AddFinding()
        .AddExporting()
        .AddPlan()
        .AddSingleton<StatusGauges>()
        .AddSingleton<PoisonCounts>()
        .AddSingleton<TokenStatusReader>()
        .AddSingleton<StatusReader>()
        .AddSingleton<OverdueTimers>()
        .AddSingleton<StatusHistory>()
        .AddSingleton<DrillRecord>()
        .AddSingleton<DrillDownload>()
        .AddSingleton<RestoreDrill>()
        .AddSingleton<SummaryWriter>()
        .AddSingleton<Webhook>(provider => new Webhook(
            provider.GetRequiredService<ArchiverOptions>(),
            provider.GetRequiredService<ITokenStore>(),
            provider.GetRequiredService<TimeProvider>()))
        .AddSingleton<Notifier>()
        .AddSingleton<FailureRedriver>()
        .AddSingleton<DayWork>(provider => provider.GetRequiredService<FailureRedriver>())
        .AddSingleton<RunPlanner>()
        .AddSingleton<RunStarter>()
        .AddSingleton<RunReader>()
        .AddSingleton<DayWork, RunCounter>()
        .AddHealth();
}
