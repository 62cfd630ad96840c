namespace Archiving.Settings;

/// <summary>What the app must know of the Functions host that runs it.</summary>
public sealed record HostOptions
{
    private const string Name = "AzureFunctionsJobHost__functionTimeout";

    // host.json says the same; a test compares them.
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan MaxMargin = TimeSpan.FromMinutes(1);

    /// <summary>How long a function may run before the host cancels it and restarts the app; <see langword="null"/> for any time.</summary>
    public required TimeSpan? FunctionTimeout { get; init; }

    /// <summary>
    /// How long a function works at most; <see langword="null"/> for any time. It is shorter than <see cref="FunctionTimeout"/>,
    /// so that the app itself ends the work and has time to record why.
    /// </summary>
    public TimeSpan? WorkTimeout => FunctionTimeout - (FunctionTimeout / 10 < MaxMargin ? FunctionTimeout / 10 : MaxMargin);

    // The host takes -1 for no timeout.
    internal static HostOptions Read(SettingsReader settings) => new()
    {
        FunctionTimeout = settings.Text(Name) == "-1" ? null : settings.Duration(Name, DefaultTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(20)),
    };
}
