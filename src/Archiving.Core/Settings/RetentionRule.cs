using System.Globalization;
using System.Text.Json;
using Archiving.Model;
using EightByEight;

namespace Archiving.Settings;

/// <summary>After how many days 8x8 deletes the objects whose records say something (<c>Retention__Rules</c>).</summary>
/// <param name="Match">Fields of a record or tags, and the value that each must have, in any case.</param>
/// <param name="Days">After how many days 8x8 deletes them.</param>
public sealed record RetentionRule(IReadOnlyDictionary<string, string> Match, int Days)
{
    /// <summary>Name of the setting.</summary>
    public const string Setting = "Retention__Rules";

    private const string Example = """[{"match":{"userId":"…"},"days":90}]""";

    /// <summary>Whether a record has every value that the rule names. A tag that repeats needs to have it once.</summary>
    /// <param name="region">8x8's region.</param>
    /// <param name="record">The record.</param>
    public bool Matches(string region, StorageObject record) =>
        Match.All(wanted => FoldedText.AreEqual(FindField(wanted.Key, region, record), wanted.Value) || HasTag(record, wanted.Key, wanted.Value));

    internal static IReadOnlyList<RetentionRule> Read(SettingsReader settings, int maximum)
    {
        if (settings.Text(Setting) is not { } text)
        {
            return [];
        }

        try
        {
            using var json = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (json.RootElement.ValueKind != JsonValueKind.Array)
            {
                settings.Reject(Setting, text, $"a JSON list such as {Example}");
                return [];
            }

            var rules = new List<RetentionRule>();
            var number = 0;
            foreach (var element in json.RootElement.EnumerateArray())
            {
                number++;
                if (Read(settings, element, number, maximum) is { } rule)
                {
                    RefuseShadowed(settings, rules, rule, number);
                    rules.Add(rule);
                }
            }

            return rules;
        }
        catch (JsonException exception)
        {
            settings.RejectJson(Setting, text, $"a list such as {Example}", exception);
            return [];
        }
    }

    private static RetentionRule? Read(SettingsReader settings, JsonElement element, int number, int maximum)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{Setting}, rule {number}");
        if (element.ValueKind != JsonValueKind.Object)
        {
            settings.Problem($"{name} is no object: expected {Example[1..^1]}.");
            return null;
        }

        foreach (var unknown in element.EnumerateObject().Where(property => property.Name is not ("match" or "days")))
        {
            settings.Problem($"{name} has \"{unknown.Name}\": expected \"match\" and \"days\" alone.");
        }

        var match = ReadMatch(settings, element, name);
        if (!element.TryGetProperty("days", out var value) || value.ValueKind != JsonValueKind.Number
            || !value.TryGetInt32(out var days) || days < 1 || days > maximum)
        {
            settings.Problem(string.Create(
                CultureInfo.InvariantCulture,
                $"{name} has {(value.ValueKind == JsonValueKind.Undefined ? "no \"days\"" : $"\"days\" {value.GetRawText()}")}: "
                + $"expected a whole number from 1 to {maximum}."));
            return null;
        }

        return match is null ? null : new RetentionRule(match, days);
    }

    private static Dictionary<string, string>? ReadMatch(SettingsReader settings, JsonElement element, string name)
    {
        if (!element.TryGetProperty("match", out var value) || value.ValueKind != JsonValueKind.Object)
        {
            settings.Problem($"{name} has no \"match\": expected an object of fields or tags and their values, such as {{\"userId\":\"…\"}}.");
            return null;
        }

        var match = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var wanted in value.EnumerateObject())
        {
            if (wanted.Value.ValueKind != JsonValueKind.String || !match.TryAdd(wanted.Name, wanted.Value.GetString()!))
            {
                settings.Problem($"{name}: the value of \"{wanted.Name}\" must be one text in quotes. Write a rule for each value.");
                return null;
            }
        }

        if (match.Count == 0)
        {
            settings.Problem($"{name} has an empty \"match\", which every object would match: set Retention__DefaultDays instead.");
            return null;
        }

        return match;
    }

    /// <summary>A rule that asks for all that an earlier one asks for is never reached.</summary>
    private static void RefuseShadowed(SettingsReader settings, List<RetentionRule> before, RetentionRule rule, int number)
    {
        if (before.Exists(earlier => earlier.Match.All(wanted => FoldedText.AreEqual(rule.Match.GetValueOrDefault(wanted.Key), wanted.Value))))
        {
            settings.Problem(string.Create(
                CultureInfo.InvariantCulture,
                $"{Setting}, rule {number} is never used, because an earlier rule matches the same objects: move it up, or remove it."));
        }
    }

    private static string? FindField(string name, string region, StorageObject record) => name.ToUpperInvariant() switch
    {
        "REGION" => region,
        "TYPE" => record.Type,
        "USERID" => record.UserId,
        "CUSTOMERID" => record.CustomerId,
        "BUCKETID" => record.BucketId,
        "OBJECTNAME" => record.ObjectName,
        "MIMETYPE" => record.MimeType,
        "OBJECTSTATE" => record.State.ToString(),
        _ => null,
    };

    private static bool HasTag(StorageObject record, string key, string value) => record.Tags.Any(tag =>
        string.Equals(tag.Key, key, StringComparison.OrdinalIgnoreCase) && FoldedText.AreEqual(tag.Value, value));
}
