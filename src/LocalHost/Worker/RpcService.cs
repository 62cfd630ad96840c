using Grpc.Core;
using LocalHost.Worker.Protocol;

namespace LocalHost.Worker;

/// <summary>The server end of the protocol: gives each stream to the channel whose worker opens it.</summary>
internal sealed class RpcService(WorkerSupervisor supervisor) : FunctionRpc.FunctionRpcBase
{
    public override async Task EventStream(
        IAsyncStreamReader<StreamingMessage> requestStream,
        IServerStreamWriter<StreamingMessage> responseStream,
        ServerCallContext context)
    {
        if (await requestStream.MoveNext(context.CancellationToken)
            && requestStream.Current.StartStream is { } start
            && supervisor.FindChannel(start.WorkerId) is { } channel)
        {
            channel.Receive(requestStream.Current);
            await channel.RunAsync(requestStream, responseStream, context.CancellationToken);
        }
    }
}
