using System.Net.Http.Headers;

namespace Operations.Objects;

/// <summary>What may be done in a browser with content of a MIME type. 8x8 and the creators of objects choose the type, so it is not trusted.</summary>
public readonly record struct MediaKind
{
    private MediaKind(string shownAs, bool isInline, bool isText)
    {
        ShownAs = shownAs;
        IsInline = isInline;
        IsText = isText;
    }

    /// <summary>The type that is sent to a browser.</summary>
    public string ShownAs { get; }

    /// <summary>Whether a browser may show it by itself: media and plain text. Types that can hold a script are downloaded instead.</summary>
    public bool IsInline { get; }

    /// <summary>Whether people can read it as text.</summary>
    public bool IsText { get; }

    /// <summary>Tells what a MIME type is.</summary>
    public static MediaKind Of(string? mimeType)
    {
        var type = MediaTypeHeaderValue.TryParse(mimeType, out var parsed) && parsed.MediaType!.All(char.IsAscii) ? parsed.MediaType!.ToLowerInvariant() : "";
        return type switch
        {
            _ when type.StartsWith("audio/", StringComparison.Ordinal) || type.StartsWith("video/", StringComparison.Ordinal) =>
                new MediaKind(type, isInline: true, isText: false),
            "text/plain" => new MediaKind("text/plain; charset=utf-8", isInline: true, isText: true),
            "application/json" => new MediaKind("application/json", isInline: true, isText: true),
            _ => new MediaKind(
                "application/octet-stream",
                isInline: false,
                isText: type.StartsWith("text/", StringComparison.Ordinal)
                    || type.EndsWith("+json", StringComparison.Ordinal)
                    || type.EndsWith("+xml", StringComparison.Ordinal)
                    || type == "application/xml"),
        };
    }
}
