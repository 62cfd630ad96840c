namespace Archiving.Settings;

/// <summary>How 8x8 is reached and what of the account is wanted.</summary>
public sealed record EightByEightOptions
{
    /// <summary>8x8's public address.</summary>
    public static readonly Uri PublicAddress = new("https://api.8x8.com");

    /// <summary>Where the authorization server and the Cloud Storage Service are.</summary>
    public required Uri BaseUrl { get; init; }

    /// <summary>The API key; <see langword="null"/> when the vault holds it.</summary>
    public string? Key { get; init; }

    /// <summary>The API secret; <see langword="null"/> when the vault holds it.</summary>
    public string? Secret { get; init; }

    /// <summary>The regions to archive; empty means every region that the account has.</summary>
    public required IReadOnlyList<string> Regions { get; init; }

    /// <summary>The region in the path of the discovery call; it need not be one of the account's.</summary>
    public required string DiscoveryRegion { get; init; }

    /// <summary>The object types to archive; empty means all.</summary>
    public required IReadOnlyList<string> Types { get; init; }

    /// <summary>An extra FIQL filter, joined with AND.</summary>
    public string? Filter { get; init; }

    /// <summary>Whether objects in cold storage are listed and restored too.</summary>
    public required bool IncludeArchived { get; init; }

    /// <summary>How many days a restored copy lasts, 1–10 (8x8, POST objects/{id}/restore).</summary>
    public required int RestoreDays { get; init; }

    /// <summary>Ceiling of requests per second and instance; 0 means none.</summary>
    public required double MaxRequestsPerSecond { get; init; }

    internal static EightByEightOptions Read(SettingsReader settings)
    {
        var key = settings.Text("EightByEight__Key");
        var secret = settings.Text("EightByEight__Secret");
        if (settings.Text("KeyVault__Uri") is null)
        {
            if (key is null)
            {
                settings.Missing("EightByEight__Key", "give the key of the 8x8 API app, or KeyVault__Uri and the secret eightbyeight-key in that vault");
            }

            if (secret is null)
            {
                settings.Missing("EightByEight__Secret", "give the secret of the 8x8 API app, or KeyVault__Uri and the secret "
                    + "eightbyeight-secret in that vault");
            }
        }
        else if (key is null != secret is null)
        {
            settings.Problem("EightByEight__Key and EightByEight__Secret belong together: set both, or neither to take them from the vault.");
        }

        return new EightByEightOptions
        {
            BaseUrl = settings.Address("EightByEight__BaseUrl") ?? PublicAddress,
            Key = key,
            Secret = secret,
            Regions = settings.Names("EightByEight__Regions"),
            DiscoveryRegion = settings.Name("EightByEight__DiscoveryRegion") ?? "us-east",
            Types = settings.Names("EightByEight__Types"),
            Filter = settings.Text("EightByEight__Filter"),
            IncludeArchived = settings.Boolean("EightByEight__IncludeArchived", defaultValue: true),
            RestoreDays = settings.Integer("EightByEight__RestoreDays", 7, 1, 10),
            MaxRequestsPerSecond = settings.Number("EightByEight__MaxRequestsPerSecond", 0, 0, 10_000),
        };
    }
}
