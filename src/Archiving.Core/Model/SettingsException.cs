namespace Archiving.Model;

/// <summary>One or more settings are missing or malformed. The message names each of them, what it holds and what is allowed.</summary>
public sealed class SettingsException : Exception
{
    /// <summary>Initializes the exception from the problems found.</summary>
    /// <param name="problems">One sentence for each setting.</param>
    public SettingsException(IReadOnlyList<string> problems)
        : base(Describe(problems))
    {
        Problems = problems;
    }

    /// <summary>One sentence for each setting that is missing or malformed.</summary>
    public IReadOnlyList<string> Problems { get; }

    /// <summary>
    /// The message for standard error. Each line begins with <c>error:</c>, because the Functions host logs a line of
    /// standard error as an error only if it holds that word or one like it.
    /// </summary>
    public string ToErrorLines() => string.Concat(Message
        .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(line => $"error: {line}{Environment.NewLine}"));

    private static string Describe(IReadOnlyList<string> problems) =>
        problems.Count == 1
            ? problems[0]
            : $"{problems.Count} settings are missing or malformed:{Environment.NewLine}  - {string.Join($"{Environment.NewLine}  - ", problems)}";
}
