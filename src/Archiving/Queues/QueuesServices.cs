using Archiving.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Archiving.Queues;

internal static class QueuesServices
{
    /// <summary>Registers the queues and the handling of their messages.</summary>
    public static IServiceCollection AddQueues(this IServiceCollection services) => services
        .AddSingleton<WorkQueues>()
        .AddSingleton<Deferral>()
        .AddSingleton<MessageTelemetry>()
        .AddSingleton<OutcomeDecider>()
        .AddSingleton<OutcomeRecorder>()
        .AddSingleton<ObjectRequeuer>()
        .AddSingleton<MessageHandler>()
        .AddStorageResource<WorkQueues>();
}
