namespace Archiving.Settings;

/// <summary>What searches look at.</summary>
public sealed record SearchOptions
{
    /// <summary>Whether the text of transcripts and summaries is indexed and searched.</summary>
    public required bool Transcripts { get; init; }

    internal static SearchOptions Read(SettingsReader settings) => new() { Transcripts = settings.Boolean("Search__Transcripts", true) };
}
