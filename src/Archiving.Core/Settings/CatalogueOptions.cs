namespace Archiving.Settings;

/// <summary>The files of the catalogue.</summary>
public enum CatalogueFormat
{
    /// <summary>Parquet.</summary>
    Parquet,

    /// <summary>CSV.</summary>
    Csv,

    /// <summary>Both.</summary>
    Both,

    /// <summary>No catalogue.</summary>
    None,
}

/// <summary>The catalogue of what is archived.</summary>
public sealed record CatalogueOptions
{
    /// <summary>Its files.</summary>
    public required CatalogueFormat Format { get; init; }

    /// <summary>Whether there is one.</summary>
    public bool IsEnabled => Format != CatalogueFormat.None;

    internal static CatalogueOptions Read(SettingsReader settings) => new()
    {
        Format = Enum.Parse<CatalogueFormat>(settings.OneOf("Catalogue__Format", Enum.GetNames<CatalogueFormat>()) ?? nameof(CatalogueFormat.Parquet)),
    };
}
