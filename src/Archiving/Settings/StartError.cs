namespace Archiving.Settings;

/// <summary>What the app writes to standard error when it cannot start.</summary>
public static class StartError
{
    private const string Prefix = "error: ";

    /// <summary>
    /// Each line begins with <c>error:</c>, because the Functions host logs a line of standard error as an error only if it
    /// holds that word or one like it. <see langword="null"/> for an exception that is a bug of the app and needs its stack trace.
    /// </summary>
    public static string? Describe(Exception exception) => exception is SettingsException settings
        ? string.Concat(settings.Message
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => $"{Prefix}{line}{Environment.NewLine}"))
        : null;
}
