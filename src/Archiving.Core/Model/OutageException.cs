using System.Globalization;

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

    /// <summary>The message, and until when the other side asked to wait.</summary>
    /// <param name="message">The message.</param>
    /// <param name="until">That time; <see langword="null"/> when it named none.</param>
    public static string Describe(string message, DateTimeOffset? until) => until is { } time
        ? string.Create(CultureInfo.InvariantCulture, $"{message} The app waits until {time.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC.")
        : message;
}
