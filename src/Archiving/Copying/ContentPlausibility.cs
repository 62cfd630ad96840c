using System.Text;
using EightByEight;

namespace Archiving.Copying;

/// <summary>Tells what cannot be an object from what may be one, where 8x8 claims nothing that would prove it.</summary>
internal static class ContentPlausibility
{
    /// <summary>How much of the beginning of content is looked at, in bytes.</summary>
    public const int Beginning = 256;

    /// <summary>Looks for what cannot be the object: nothing, or an error in the form of a web page, XML or JSON.</summary>
    /// <param name="record">8x8's record.</param>
    /// <param name="contentType">The type that the response claimed.</param>
    /// <param name="beginning">The beginning of the content.</param>
    /// <returns>What is wrong; <see langword="null"/> when nothing is.</returns>
    public static string? FindProblem(StorageObject record, string? contentType, ReadOnlySpan<byte> beginning)
    {
        if (beginning.IsEmpty)
        {
            return "it sent nothing";
        }

        var text = Encoding.UTF8.GetString(beginning).TrimStart('\uFEFF', ' ', '\t', '\r', '\n');
        var promised = record.MimeType ?? "";
        return text switch
        {
            _ when !Is(promised, "html") && (Begins(text, "<!doctype html") || Begins(text, "<html")) => "it sent a web page",
            _ when !Is(promised, "xml") && Begins(text, "<?xml") => "it sent XML",
            _ when Begins(text, "<error") => "it sent an error",
            _ when text.StartsWith('{') && !MayBeJson(promised) => "it sent JSON",
            _ when text.StartsWith('{') && IsError(text) => "it sent an error",
            _ when IsTypeOfErrors(contentType) && !MayBeJson(promised) && !Is(promised, "html")
                && promised.Length > 0 => $"it sent {contentType} where {promised} was promised",
            _ => null,
        };
    }

    /// <summary>Whether a response's type is one in which servers send errors.</summary>
    public static bool IsTypeOfErrors(string? contentType) =>
        Begins(contentType, "text/html") || Begins(contentType, "application/json") || Begins(contentType, "application/problem+json");

    // Without a type nothing is promised; transcripts and summaries are JSON.
    private static bool MayBeJson(string promised) =>
        promised.Length == 0 || Is(promised, "json") || Begins(promised, "text/") || Begins(promised, "application/octet-stream");

    // The first member of the errors that 8x8, its gateway and Amazon S3 are known to send.
    private static bool IsError(string json)
    {
        var member = json[1..].TrimStart();
        return Begins(member, "\"error") || Begins(member, "\"fault\"")
            || Begins(member, "\"timestamp\"") && json.Contains("\"status\"", StringComparison.Ordinal);
    }

    private static bool Is(string promised, string kind) => promised.Contains(kind, StringComparison.OrdinalIgnoreCase);

    private static bool Begins(string? text, string beginning) => text?.StartsWith(beginning, StringComparison.OrdinalIgnoreCase) == true;
}
