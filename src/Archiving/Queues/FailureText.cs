using Archiving.Model;
using EightByEight;

namespace Archiving.Queues;

/// <summary>What an exception says, for people.</summary>
internal static class FailureText
{
    /// <summary>What went wrong, in one line.</summary>
    public static string Of(Exception exception) =>
        exception is AggregateException { InnerExceptions: [.., var last] } ? Of(last) : exception.Message.ReplaceLineEndings(" ");

    /// <summary>What went wrong, and what 8x8 answered. The answer can hold names and numbers: it is for the row and not for the log.</summary>
    public static string WithQuote(Exception exception) =>
        WithQuote(exception is PermanentFailureException { Detail: { } detail } ? $"{Of(exception)} {detail}" : Of(exception), exception);

    /// <summary>A text, and what 8x8 answered.</summary>
    public static string WithQuote(string text, Exception exception) => ErrorQuote.Of(exception) is { } quote ? $"{text} {SourceQuote.Answered}{quote}" : text;
}
