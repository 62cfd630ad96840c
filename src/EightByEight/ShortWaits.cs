using Azure.Core;

namespace EightByEight;

/// <summary>
/// Takes a response for final when it asks for a long delay: the retry policy would wait as long as it says, and other
/// work, or the time limit of a function, waits with it. Within <see cref="CloudStorageClient.TryOnce"/>, every response is final.
/// </summary>
internal sealed class ShortWaits(TimeProvider timeProvider) : ResponseClassifier
{
    /// <summary>Maximum delay within a call.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromMinutes(1);

    public override bool IsRetriableResponse(HttpMessage message) =>
        !IsTriedOnce(message) && base.IsRetriableResponse(message) && !(RetryAfter.Read(message.Response, timeProvider.GetUtcNow()) > MaxWait);

    public override bool IsRetriable(HttpMessage message, Exception exception) => !IsTriedOnce(message) && base.IsRetriable(message, exception);

    private static bool IsTriedOnce(HttpMessage message) => message.TryGetProperty(nameof(CloudStorageClient.TryOnce), out _);
}
