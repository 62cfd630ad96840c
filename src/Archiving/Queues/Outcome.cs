using Archiving.Model;

namespace Archiving.Queues;

/// <summary>How work on an object ended that did not succeed.</summary>
internal abstract record Outcome
{
    /// <summary>It failed for good.</summary>
    /// <param name="Reason">Why, in a word.</param>
    /// <param name="Message">Why, for the log.</param>
    /// <param name="LastError">Why, for the row, which may quote what 8x8 answered.</param>
    public sealed record Failed(FailureReason Reason, string Message, string LastError) : Outcome;

    /// <summary>8x8 no longer has the object.</summary>
    /// <param name="Reason">How that is known.</param>
    public sealed record Gone(string Reason) : Outcome;

    /// <summary>It says nothing about the object: a dependency of every object does not work.</summary>
    /// <param name="Exception">What does not work.</param>
    public sealed record Outage(OutageException Exception) : Outcome;

    /// <summary>It failed this time. The queue delivers the message again.</summary>
    /// <param name="Explanation">What that means, where the exception does not say it.</param>
    public sealed record FailedThisTime(string? Explanation = null) : Outcome;

    /// <summary>It was interrupted, because the app is stopping.</summary>
    public sealed record Interrupted : Outcome;
}
