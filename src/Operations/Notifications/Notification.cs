namespace Operations.Notifications;

/// <summary>What a notification is.</summary>
public enum NotificationKind
{
    /// <summary>The state of the archive, once a day.</summary>
    Summary,

    /// <summary>Something needs a person now.</summary>
    Warning,
}

/// <summary>A line of a notification.</summary>
/// <param name="Name">What it is about.</param>
/// <param name="Value">What is to be said of it.</param>
public sealed record NotificationFact(string Name, string Value);

/// <summary>What is posted.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Title">Its title.</param>
/// <param name="IsSafe">Whether nothing needs a person.</param>
/// <param name="Verdict">The whole in a sentence or two.</param>
/// <param name="Facts">The lines below.</param>
/// <param name="Time">When it was written.</param>
/// <param name="Figures">The figures of the lines, by name.</param>
public sealed record Notification(
    NotificationKind Kind,
    string Title,
    bool IsSafe,
    string Verdict,
    IReadOnlyList<NotificationFact> Facts,
    DateTimeOffset Time,
    IReadOnlyDictionary<string, long> Figures)
{
    /// <summary>All of it as plain text.</summary>
    public string Text => string.Join('\n', [Title, Verdict, .. Facts.Select(fact => $"{fact.Name}: {fact.Value}")]);
}
