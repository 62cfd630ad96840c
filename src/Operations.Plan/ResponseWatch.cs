using Azure.Core;
using Azure.Core.Pipeline;
using EightByEight;

namespace Operations.Plan;

/// <summary>Watches 8x8's answers: how long each takes, and what time it is there.</summary>
internal sealed class ResponseWatch(TimeProvider timeProvider) : AsyncPolicy
{
    private TimeSpan _taken;

    /// <summary>How many requests got an answer.</summary>
    public long Answers { get; private set; }

    /// <summary>How far this machine's clock is ahead of 8x8's, to a second or two; <see langword="null"/> when no answer bore a date.</summary>
    public TimeSpan? Ahead { get; private set; }

    /// <summary>How long a request takes on average.</summary>
    public TimeSpan Average => Answers == 0 ? TimeSpan.Zero : _taken / Answers;

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        var started = timeProvider.GetTimestamp();
        await ProcessNextAsync(message, pipeline);
        if (!message.HasResponse)
        {
            return;
        }

        var taken = timeProvider.GetElapsedTime(started);
        Answers++;
        _taken += taken;
        if (message.Response.Headers.Date is { } date)
        {
            Ahead = timeProvider.GetUtcNow() - (taken / 2) - date;
        }
    }
}
