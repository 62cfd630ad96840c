using Azure.Core;
using Azure.Core.Pipeline;
using EightByEight;

namespace Archiving.Telemetry;

/// <summary>
/// Counts repeated calls to 8x8, by how the call before ended. It stands behind the retry policy
/// in the pipeline, and so sees each call.
/// </summary>
internal sealed class RetryMeter(ArchivingMetrics metrics) : AsyncPolicy
{
    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        if (message.TryGetProperty(typeof(RetryMeter), out var before) && before is RetryCause cause)
        {
            metrics.CountRetry(RetryScope.Request, cause);
        }

        try
        {
            await ProcessNextAsync(message, pipeline);
            message.SetProperty(typeof(RetryMeter), RetryCauses.Of(message.Response.Status));
        }
        catch (Exception exception)
        {
            message.SetProperty(typeof(RetryMeter), RetryCauses.Of(exception));
            throw;
        }
    }
}
