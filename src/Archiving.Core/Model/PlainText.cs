namespace Archiving.Model;

/// <summary>Text that people typed, pasted, or saved to a file.</summary>
public static class PlainText
{
    // Byte order mark, zero width space, joiners, word joiner, direction marks: what editors and web pages add unseen.
    private const string Invisible = "\uFEFF\u200B\u200C\u200D\u2060\u200E\u200F";

    /// <summary>Removes what cannot be seen from both ends: white space, and the byte order mark with which some editors begin a file.</summary>
    public static string Trim(string text)
    {
        var (start, end) = (0, text.Length);
        while (start < end && IsUnseen(text[start]))
        {
            start++;
        }

        while (end > start && IsUnseen(text[end - 1]))
        {
            end--;
        }

        return text[start..end];
    }

    private static bool IsUnseen(char character) => char.IsWhiteSpace(character) || Invisible.Contains(character, StringComparison.Ordinal);
}
