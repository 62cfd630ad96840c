using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;

namespace Archiving.Settings;

/// <summary>A part of a <see cref="NameTemplate"/>: a text, or a field with the format of its time.</summary>
/// <param name="Text">The text; <see langword="null"/> for a field.</param>
/// <param name="Field">Name of the field; <see langword="null"/> for a text.</param>
/// <param name="Format">Format of a time, as .NET has it; <see langword="null"/> for a field that is no time.</param>
public sealed record NamePart(string? Text, string? Field, string? Format)
{
    /// <summary>Whether it is the time at which the object was made, and not the time of its last change.</summary>
    public bool IsCreatedTime => string.Equals(Field, "createdTime", StringComparison.OrdinalIgnoreCase);
}

/// <summary>A template of a file's name (<c>Archive__DownloadName</c>): text, and fields in braces.</summary>
/// <param name="Parts">Its parts, without <c>{ext}</c>.</param>
/// <param name="HasExtension">Whether it ends in <c>{ext}</c>.</param>
public sealed record NameTemplate(IReadOnlyList<NamePart> Parts, bool HasExtension)
{
    /// <summary>The template that is used without a setting.</summary>
    public const string Default = "{createdTime:yyyy-MM-dd HHmm} {direction} {person} {number}{ext}";

    private const string DefaultFormat = "yyyy-MM-dd HHmm";
    private const string Extension = "ext";
    private static readonly FrozenSet<string> Times = FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "createdTime", "updatedTime");

    // Not allowed in names of files on Windows.
    private static readonly SearchValues<char> Forbidden = SearchValues.Create("<>:\"/\\|?*");

    /// <summary>Reads a template.</summary>
    /// <exception cref="FormatException">It is none; the message says why.</exception>
    public static NameTemplate Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = new List<NamePart>();
        for (var start = 0; start < text.Length;)
        {
            if (text[start] != '{')
            {
                var next = text.IndexOf('{', start);
                next = next < 0 ? text.Length : next;
                parts.Add(ReadText(text[start..next]));
                start = next;
                continue;
            }

            var end = text.IndexOf('}', start);
            if (end < 0)
            {
                throw new FormatException($"the brace in \"{text[start..]}\" is not closed");
            }

            parts.Add(ReadField(text[(start + 1)..end]));
            start = end + 1;
        }

        var extension = parts.FindIndex(part => string.Equals(part.Field, Extension, StringComparison.OrdinalIgnoreCase));
        if (extension >= 0 && extension != parts.Count - 1)
        {
            throw new FormatException("{ext} must be at its end");
        }

        return parts.Exists(part => part.Field is not null)
            ? new NameTemplate(extension < 0 ? parts : parts[..extension], HasExtension: extension >= 0)
            : throw new FormatException("it names no field, so all files would have one name");
    }

    private static NamePart ReadText(string text)
    {
        var index = text.AsSpan().IndexOfAny(Forbidden);
        if (index >= 0 || text.Contains('}') || text.Any(char.IsControl))
        {
            throw new FormatException($"names of files cannot hold all of \"{text}\"");
        }

        return new NamePart(text, Field: null, Format: null);
    }

    private static NamePart ReadField(string text)
    {
        var colon = text.IndexOf(':');
        var name = (colon < 0 ? text : text[..colon]).Trim();
        var isTime = Times.Contains(name);
        if (name.Length == 0 || name.Contains('{') || (colon >= 0 && !isTime))
        {
            throw new FormatException($"{{{text}}} is no field; only createdTime and updatedTime take a format after a colon");
        }

        var format = colon < 0 ? DefaultFormat : text[(colon + 1)..];
        return isTime && !IsFormat(format)
            ? throw new FormatException($"{{{text}}} has no valid format of a time, such as {DefaultFormat}")
            : new NamePart(Text: null, name, isTime ? format : null);
    }

    private static bool IsFormat(string format)
    {
        try
        {
            // A single letter would be one of .NET's own formats, whose output is not for names of files.
            return format.Length > 1 && DateTimeOffset.UnixEpoch.ToString(format, CultureInfo.InvariantCulture).Length > 0;
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
