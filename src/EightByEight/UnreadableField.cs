namespace EightByEight;

/// <summary>A field of a record that says something and cannot be read: not the same as one that is missing.</summary>
/// <param name="Name">Name of the field, such as <c>createdTime</c>.</param>
/// <param name="Text">What stands there, at most <see cref="MaxTextLength"/> characters of it.</param>
public sealed record UnreadableField(string Name, string Text)
{
    /// <summary>The maximum length of <see cref="Text"/>.</summary>
    public const int MaxTextLength = 200;

    internal static UnreadableField Create(string name, string text) => new(name, text.Length <= MaxTextLength ? text : text[..MaxTextLength]);
}
