namespace Archiving.Model;

/// <summary>
/// An outage: a dependency of every object does not work. It says nothing about one object, so work is deferred
/// without counting as an attempt. The message names cause and remedy and holds nothing of the tenant.
/// </summary>
/// <param name="condition">What does not work.</param>
/// <param name="message">Cause and remedy, without names of the tenant.</param>
/// <param name="innerException">What was observed.</param>
public sealed class OutageException(Condition condition, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>What does not work.</summary>
    public Condition Condition { get; } = condition;

    /// <summary>How long to wait before the next try, when the other side said so.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
