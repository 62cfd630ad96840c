namespace Archiving.Model;

/// <summary>How a reason introduces what it quotes of 8x8. The quote can hold names and numbers of people; what comes before it does not.</summary>
public static class SourceQuote
{
    /// <summary>Before an answer.</summary>
    public const string Answered = "8x8 answered: ";

    /// <summary>Before the answer of a host that a record's address leads to.</summary>
    public const string HostAnswered = ", which answered: ";

    /// <summary>Before a record.</summary>
    public const string Sent = "8x8 sent: ";

    /// <summary>Before the state in a record.</summary>
    public const string SentForState = "8x8 sent for objectState: ";

    private static readonly string[] All = [Answered, HostAnswered, Sent, SentForState];

    /// <summary>What a reason says before it quotes; <see langword="null"/> when it quotes nothing.</summary>
    public static string? FindBefore(string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        var start = All.Select(words => reason.IndexOf(words, StringComparison.Ordinal)).Where(index => index >= 0).DefaultIfEmpty(-1).Min();
        return start < 0 ? null : reason[..start].TrimEnd();
    }
}
