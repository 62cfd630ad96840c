using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Settings;
using EightByEight;

namespace Operations.Objects;

/// <summary>
/// Names downloaded and exported files, by <c>Archive__DownloadName</c>. A name is a valid file name on Windows, macOS and
/// Linux whatever the record holds: no folders, no reserved names, no direction marks, no dot or space at its ends. It
/// is not unique.
/// </summary>
public sealed partial class DownloadName(ArchiverOptions options)
{
    /// <summary>Maximum number of bytes of a name in UTF-8. File systems take 255, and what makes a name unique needs some of them.</summary>
    public const int MaxBytes = 200;

    private const int MaxExtensionLength = 6;
    private const char Missing = '\0';
    private const string NotAllowed = "<>:\"/\\|?*";

    // Names of devices on Windows, whatever follows their first dot (Microsoft Learn, Naming Files, Paths, and Namespaces).
    private static readonly FrozenSet<string> Reserved = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        [
            "CON", "PRN", "AUX", "NUL",
            .. from device in (string[])["COM", "LPT"] from number in "0123456789¹²³" select device + number,
        ]);

    /// <summary>The name of an archived object.</summary>
    public string Of(Receipt receipt)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        return Of(receipt.Region, receipt.Record, receipt.Blob);
    }

    /// <summary>The name of an object.</summary>
    /// <param name="region">8x8's region.</param>
    /// <param name="record">The record.</param>
    /// <param name="blob">The blob that holds it, or will: it gives the extension.</param>
    public string Of(string region, StorageObject record, string blob)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(blob);
        var facts = CallFacts.Of(record);
        var extension = ExtensionOf(blob, record.Id);
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var tag in record.Tags.Where(tag => !string.IsNullOrWhiteSpace(tag.Value)))
        {
            values.TryAdd(tag.Key, tag.Value);
        }

        values["region"] = region;
        values["id"] = record.Id;
        values["type"] = record.Type;
        values["objectName"] = WithoutExtension(record.ObjectName, extension);
        values["userId"] = record.UserId;
        values["customerId"] = record.CustomerId;
        values["bucketId"] = record.BucketId;
        values["direction"] = facts.Direction;
        values["person"] = facts.Person;
        values["personId"] = facts.PersonId;
        values["number"] = facts.Number;
        values["otherParty"] = facts.OtherParty;
        values["queue"] = facts.Queue;
        values["agent"] = facts.Agent;
        values["callId"] = SearchText.CallOf(record);
        return Write(record.Id, extension, LedgerKey.CreatedTime(record), record.UpdatedTime, values);
    }

    /// <summary>The name of an object whose receipt cannot be read: of what its row holds.</summary>
    public string Of(LedgerEntry entry, string blob)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(blob);
        var extension = ExtensionOf(blob, entry.Id);
        var name = WithoutExtension(entry.ObjectName, extension);
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase)
        {
            ["region"] = entry.Region,
            ["id"] = entry.Id,
            ["type"] = entry.Type,
            ["objectName"] = name,

            // Rows of an earlier version hold neither person nor number; the object's name is what tells most besides.
            ["person"] = entry.Person ?? entry.AgentName ?? name,
            ["number"] = entry.Number,
            ["direction"] = entry.Direction,
            ["userId"] = entry.UserId,
            ["bucketId"] = entry.BucketId,
            ["queue"] = entry.QueueName,
            ["queueName"] = entry.QueueName,
            ["agent"] = entry.AgentName,
            ["agentName"] = entry.AgentName,
            ["speaker"] = entry.Speaker,
            ["callId"] = entry.CallId,
        };
        return Write(entry.Id, extension, entry.CreatedTime, entry.UpdatedTime, values);
    }

    /// <summary>
    /// A Content-Disposition with a name in both of its forms (RFC 6266, section 4.3): <c>filename*</c>, and <c>filename</c> in ASCII for
    /// what does not understand that.
    /// </summary>
    /// <param name="disposition"><c>inline</c> or <c>attachment</c>.</param>
    /// <param name="name">A name that this class made.</param>
    public static string ToContentDisposition(string disposition, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var ascii = new StringBuilder(name.Length);
        foreach (var rune in name.EnumerateRunes())
        {
            // Some browsers decode a percent sign in this form.
            ascii.Append(rune.IsAscii && rune.Value is not ('%' or '"' or '\\') && !Rune.IsControl(rune) ? (char)rune.Value : '_');
        }

        return $"{disposition}; filename=\"{ascii}\"; filename*=UTF-8''{Uri.EscapeDataString(name)}";
    }

    private string Write(string id, string extension, DateTimeOffset created, DateTimeOffset? updated, Dictionary<string, string?> values)
    {
        var template = options.Archive.DownloadName;
        extension = template.HasExtension ? extension : "";
        var name = new StringBuilder();
        foreach (var part in template.Parts)
        {
            name.Append(part.Text ?? (Clean(Find(part) ?? "") is { Length: > 0 } value ? value : Missing.ToString()));
        }

        var stem = Safe(Join(name.ToString()), extension);
        stem = stem.Length > 0 ? stem : Safe(Clean(id), extension);
        return (stem.Length > 0 ? stem : "object") + extension;

        string? Find(NamePart part) => part switch
        {
            { Format: null } => values.GetValueOrDefault(part.Field!),
            { IsCreatedTime: true } => created.UtcDateTime.ToString(part.Format, CultureInfo.InvariantCulture),
            _ => updated?.UtcDateTime.ToString(part.Format, CultureInfo.InvariantCulture),
        };
    }

    /// <summary>Leaves out what is missing, with the brackets around it and one of the separators beside it.</summary>
    private static string Join(string name)
    {
        name = EmptyBrackets().Replace(name, Missing.ToString());
        name = MissingParts().Replace(
            name,
            match => IsStart(match.Index) || IsEnd(match.Index + match.Length)
                ? ""
                : match.Value.Split(Missing, StringSplitOptions.RemoveEmptyEntries).FirstOrDefault() ?? "");
        return Spaces().Replace(name, " ");

        bool IsStart(int index) => index == 0 || name[index - 1] is '(' or '[';

        bool IsEnd(int index) => index == name.Length || name[index] is ')' or ']';
    }

    private static string Safe(string stem, string extension)
    {
        // A dot at the beginning hides a file, and a hyphen makes an option of it.
        stem = stem.TrimStart(' ', '.', '-');
        stem = Reserved.Contains(stem.Split('.', 2)[0].TrimEnd()) ? $"_{stem}" : stem;
        var bytes = Encoding.UTF8.GetByteCount(extension);
        var length = 0;
        foreach (var rune in stem.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > MaxBytes)
            {
                break;
            }

            length += rune.Utf16SequenceLength;
        }

        return stem[..length].TrimEnd(' ', '.');
    }

    /// <summary>A value without what names of files cannot hold, and without what cannot be seen.</summary>
    private static string Clean(string value)
    {
        var clean = new StringBuilder(value.Length);
        foreach (var rune in value.EnumerateRunes())
        {
            if (Rune.IsWhiteSpace(rune))
            {
                clean.Append(' ');
            }
            else if (rune.IsBmp && NotAllowed.Contains((char)rune.Value, StringComparison.Ordinal))
            {
                clean.Append('_');
            }
            else if (rune != Rune.ReplacementChar && Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned))
            {
                clean.Append(rune);
            }
        }

        return clean.ToString().Trim();
    }

    private static string ExtensionOf(string blob, string id)
    {
        // An id can hold a dot itself.
        var name = blob[(blob.LastIndexOf('/') + 1)..];
        var encoded = ObjectNames.Encode(id);
        var extension = Path.GetExtension(name.StartsWith(encoded, StringComparison.Ordinal) ? name[encoded.Length..] : name);
        return extension.Length <= MaxExtensionLength && extension.Skip(1).All(char.IsAsciiLetterOrDigit) ? extension : "";
    }

    private static string? WithoutExtension(string? name, string extension) =>
        extension.Length > 0 && name?.EndsWith(extension, StringComparison.OrdinalIgnoreCase) == true ? name[..^extension.Length] : name;

    [GeneratedRegex(@"[(\[][ _.,;–-]*\0[ _.,;–\0-]*[)\]]", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex EmptyBrackets();

    [GeneratedRegex(@"[ _.,;–-]*\0[ _.,;–\0-]*", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex MissingParts();

    [GeneratedRegex(" {2,}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Spaces();
}
