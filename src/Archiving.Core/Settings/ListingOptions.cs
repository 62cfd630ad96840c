namespace Archiving.Settings;

/// <summary>What a listing looks at.</summary>
public sealed record ListingOptions
{
    /// <summary>How far back the first listing of a region looks; <see langword="null"/> means <see cref="FirstLookBack"/> before it.</summary>
    public DateTimeOffset? StartFrom { get; init; }

    /// <summary>How far each incremental listing reaches back before its watermark.</summary>
    public required TimeSpan Overlap { get; init; }

    /// <summary>An incremental window ends this long before now, because 8x8 may show records of the last moments late or in part.</summary>
    public required TimeSpan Settle { get; init; }

    /// <summary>How far the first listing looks back without <see cref="StartFrom"/>: 8x8's shortest usual retention.</summary>
    public static TimeSpan FirstLookBack { get; } = TimeSpan.FromDays(30);

    internal static ListingOptions Read(SettingsReader settings) => new()
    {
        StartFrom = settings.Instant("Listing__StartFrom"),
        Overlap = TimeSpan.FromMinutes(settings.Integer("Listing__OverlapMinutes", 60, 0, 60 * 24 * 7)),
        Settle = TimeSpan.FromSeconds(settings.Integer("Listing__SettleSeconds", 60, 0, 3600)),
    };
}
