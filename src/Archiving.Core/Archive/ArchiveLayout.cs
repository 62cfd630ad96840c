using System.Globalization;
using System.Net.Http.Headers;
using Archiving.Model;
using EightByEight;

namespace Archiving.Archive;

/// <summary>Where an object lands in the container: <c>{region}/{type}/{yyyy}/{MM}/{dd}/{id}{ext}</c>, and beside it the receipt.</summary>
public static class ArchiveLayout
{
    /// <summary>What a content blob's name is followed by in the name of its receipt.</summary>
    public const string ReceiptSuffix = ".meta.json";

    /// <summary>The content type of a blob whose object has none that is valid.</summary>
    public const string UnknownContentType = "application/octet-stream";

    private const string DayForm = "yyyy'/'MM'/'dd'/'";
    private const int MaxExtensionLength = 6;

    private static readonly Dictionary<string, string> ExtensionByMimeType = new(StringComparer.OrdinalIgnoreCase)
    {
        ["audio/mpeg"] = ".mp3",
        ["audio/mp3"] = ".mp3",
        ["audio/wav"] = ".wav",
        ["audio/x-wav"] = ".wav",
        ["audio/wave"] = ".wav",
        ["audio/vnd.wave"] = ".wav",
        ["audio/ogg"] = ".ogg",
        ["audio/mp4"] = ".m4a",
        ["audio/webm"] = ".webm",
        ["video/mp4"] = ".mp4",
        ["video/webm"] = ".webm",
        ["application/json"] = ".json",
        ["application/pdf"] = ".pdf",
        ["application/zip"] = ".zip",
        ["text/plain"] = ".txt",
        ["text/html"] = ".html",
        ["text/csv"] = ".csv",
        ["text/vtt"] = ".vtt",
        ["image/png"] = ".png",
        ["image/jpeg"] = ".jpg",
    };

    /// <summary>The final name of an object's content.</summary>
    public static string ContentName(string region, StorageObject record)
    {
        // Azure drops a dot at the end of a blob's name, and another object may have the name without it.
        var name = Stem(region, record) + Extension(record);
        return name.EndsWith('.') ? $"{name[..^1]}%2E" : name;
    }

    /// <summary>The name of content for an id whose final name holds other bytes, because the content changed or what was stored is damaged.</summary>
    /// <param name="region">8x8's region.</param>
    /// <param name="record">The record.</param>
    /// <param name="md5">The content's MD5, hex.</param>
    /// <param name="number">1, and more only when the names before hold other bytes too.</param>
    public static string LaterContentName(string region, StorageObject record, string md5, int number = 1)
    {
        var suffix = number == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"-{number}");
        return $"{Stem(region, record)}.{md5[..8]}{suffix}{Extension(record)}";
    }

    /// <summary>The folder of a region, which has one for each type. Folders end with a slash.</summary>
    public static string RegionFolder(string region) => $"{ObjectNames.Encode(region)}/";

    /// <summary>The folder of a day, UTC, below that of a type.</summary>
    public static string DayFolder(DateTimeOffset time) => time.UtcDateTime.ToString(DayForm, CultureInfo.InvariantCulture);

    /// <summary>The day whose folder this is, below that of a type.</summary>
    /// <returns><see langword="false"/> when it is no day's.</returns>
    public static bool TryParseDayFolder(string folder, out DateTimeOffset day) =>
        DateTimeOffset.TryParseExact(folder, DayForm, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out day);

    /// <summary>The name of the receipt of a content blob.</summary>
    public static string ReceiptName(string contentName) => contentName + ReceiptSuffix;

    /// <summary>The blob's Content-Type: the record's MIME type when it is one.</summary>
    public static string ContentType(StorageObject record)
    {
        return MediaTypeHeaderValue.TryParse(record.MimeType, out var type) && record.MimeType!.All(char.IsAscii)
            ? type.ToString()
            : UnknownContentType;
    }

    /// <summary>The blob's Content-Disposition with the name that 8x8 gives the object (RFC 6266).</summary>
    public static string ContentDisposition(StorageObject record)
    {
        // Request headers have room for a few thousand characters in all; the receipt keeps the whole name.
        const int MaxEncodedNameLength = 4096;
        var name = string.Concat((string.IsNullOrEmpty(record.ObjectName) ? record.Id : record.ObjectName).Where(character => !char.IsControl(character)));
        while (Uri.EscapeDataString(name).Length > MaxEncodedNameLength)
        {
            var end = name.Length / 2;
            name = name[..(char.IsHighSurrogate(name[end - 1]) ? end - 1 : end)];
        }

        return $"attachment; filename*=UTF-8''{Uri.EscapeDataString(name)}";
    }

    /// <summary>What the names of all blobs of an object begin with. Those of another object, whose id begins with this one, do too.</summary>
    internal static string Stem(string region, string type, DateTimeOffset createdTime, string id)
    {
        return $"{RegionFolder(region)}{ObjectNames.Encode(type)}/{DayFolder(createdTime)}{ObjectNames.Encode(id)}";
    }

    private static string Stem(string region, StorageObject record) => Stem(region, record.Type, LedgerKey.CreatedTime(record), record.Id);

    private static string Extension(StorageObject record)
    {
        // With its dot.
        var extension = Path.GetExtension(record.ObjectName ?? "");
        if (extension.Length > 1 && extension.Length <= MaxExtensionLength && extension.Skip(1).All(char.IsAsciiLetterOrDigit))
        {
            return extension.ToLowerInvariant();
        }

        var mimeType = record.MimeType ?? "";
        return ExtensionByMimeType.GetValueOrDefault(mimeType.Split(';', 2)[0].Trim(), "");
    }
}
