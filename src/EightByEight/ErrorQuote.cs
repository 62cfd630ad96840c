using Azure;

namespace EightByEight;

/// <summary>
/// The beginning of what 8x8 answered to a call that failed, at most 500 characters. It is no part of the exception's
/// message, because messages end up in logs and telemetry, and the answer can hold names and numbers of people.
/// </summary>
public static class ErrorQuote
{
    private const string Key = "EightByEight.Quote";

    /// <summary>What 8x8 answered, from the exception or the ones behind it; <see langword="null"/> when nothing is known of it.</summary>
    public static string? Of(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        for (var present = exception; present is not null; present = Behind(present))
        {
            if (present.Data[Key] is string quote)
            {
                return quote;
            }
        }

        return null;
    }

    internal static T Attach<T>(T exception, string quote)
        where T : RequestFailedException
    {
        if (quote.Length > 0)
        {
            exception.Data[Key] = quote;
        }

        return exception;
    }

    private static Exception? Behind(Exception exception) =>
        exception is AggregateException { InnerExceptions: [.., var last] } ? last : exception.InnerException;
}
