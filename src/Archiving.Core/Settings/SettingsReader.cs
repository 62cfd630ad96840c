using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Archiving.Model;
using Microsoft.Extensions.Configuration;

namespace Archiving.Settings;

/// <summary>
/// Reads app settings by the names that operators know (<c>Section__Name</c>) and collects every problem,
/// so that the app stops at start with one message instead of failing later, one setting at a time.
/// </summary>
/// <param name="configuration">The app's configuration; <c>__</c> in a name separates sections.</param>
public sealed partial class SettingsReader(IConfiguration configuration)
{
    private readonly List<string> _problems = [];

    private delegate bool Parser<T>(string text, out T value);

    /// <summary>The text of a setting without what cannot be seen at its ends; <see langword="null"/> when it is missing or empty.</summary>
    public string? Text(string name)
    {
        var value = PlainText.Trim(configuration[Path(name)] ?? "");
        return value.Length == 0 ? null : value;
    }

    /// <summary>The configuration section of a setting such as <c>AzureWebJobsStorage</c>.</summary>
    public IConfigurationSection Section(string name) => configuration.GetSection(Path(name));

    /// <summary>A whole number within limits.</summary>
    public int Integer(string name, int defaultValue, int minimum, int maximum) => Parse(
        name,
        defaultValue,
        (string text, out int value) =>
            int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= minimum && value <= maximum,
        $"a whole number from {minimum} to {maximum}");

    /// <summary>A number within limits; the decimal separator is a point.</summary>
    public double Number(string name, double defaultValue, double minimum, double maximum) => Parse(
        name,
        defaultValue,
        (string text, out double value) =>
            double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value)
            && value >= minimum && value <= maximum,
        string.Create(CultureInfo.InvariantCulture, $"a number from {minimum} to {maximum}"));

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public bool Boolean(string name, bool defaultValue) => Parse(name, defaultValue, bool.TryParse, "true or false");

    /// <summary>A duration such as <c>00:15:00</c> or <c>1.00:00:00</c>, within limits.</summary>
    public TimeSpan Duration(string name, TimeSpan defaultValue, TimeSpan minimum, TimeSpan maximum) => Parse(
        name,
        defaultValue,

        // A bare number would be taken as days, which is not what "15" is meant to be.
        (string text, out TimeSpan value) =>
            TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out value) && text.Contains(':') && value >= minimum && value <= maximum,
        $"a time span hh:mm:ss from {minimum} to {maximum}");

    /// <summary>A point in time in ISO 8601; without a zone it is UTC.</summary>
    public DateTimeOffset? Instant(string name) => Parse(
        name,
        null,
        (string text, out DateTimeOffset? value) => (value = IsoTime.Parse(text)) is not null,
        IsoTime.Form);

    /// <summary>An absolute address: <c>https</c>, or <c>http</c> to this machine.</summary>
    public Uri? Address(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out var value)
            && (value.Scheme == Uri.UriSchemeHttps || (value.Scheme == Uri.UriSchemeHttp && value.IsLoopback))
            && value.UserInfo.Length == 0)
        {
            return value;
        }

        const string Expected = "an https address (http only for this machine) without credentials";
        if (text.Contains('@', StringComparison.Ordinal))
        {
            Problem($"{name} seems to hold credentials (its value is not shown): expected {Expected}.");
            return null;
        }

        Reject(name, text, Expected);
        return null;
    }

    /// <summary>One of a few words, in any case.</summary>
    public string? OneOf(string name, params ReadOnlySpan<string> allowed)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        foreach (var word in allowed)
        {
            if (string.Equals(word, text, StringComparison.OrdinalIgnoreCase))
            {
                return word;
            }
        }

        Reject(name, text, $"one of {string.Join(", ", allowed)}");
        return null;
    }

    /// <summary>Names separated by commas, each of letters, digits, <c>-</c> and <c>_</c>.</summary>
    public IReadOnlyList<string> Names(string name) => Parse(
        name,
        [],
        (string text, out string[] value) =>
        {
            value = [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal)];
            return value.All(item => PlainName().IsMatch(item));
        },
        "names of letters, digits, - and _, separated by commas");

    /// <summary>One name of letters, digits, <c>-</c> and <c>_</c>.</summary>
    public string? Name(string name) => Parse<string?>(
        name,
        null,
        (string text, out string? value) => PlainName().IsMatch(value = text),
        "a name of letters, digits, - and _");

    /// <summary>A schedule that the Functions host can use. There is no default: the host resolves it from the settings alone.</summary>
    /// <param name="name">The setting.</param>
    /// <param name="example">A schedule to show when there is none, or one that cannot be used.</param>
    public string Schedule(string name, string example)
    {
        if (Text(name) is not { } text)
        {
            Missing(name, $"set an NCRONTAB expression of six fields, for example \"{example}\"");
            return example;
        }

        if (Settings.Schedule.TryParse(text) is not { } schedule)
        {
            Problem($"{name} is \"{Shorten(text)}\": not a valid NCRONTAB expression. Use six fields, for example \"{example}\".");
            return example;
        }

        if (schedule.After(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)) is null)
        {
            Problem($"{name} is \"{Shorten(text)}\": an NCRONTAB expression that never occurs. Use six fields, for example \"{example}\".");
        }

        return text;
    }

    /// <summary>A schedule that the app gives the Functions host; <see langword="null"/> when there is none.</summary>
    /// <param name="name">The setting.</param>
    /// <param name="example">A schedule to show when it is one that cannot be used.</param>
    public string? OptionalSchedule(string name, string example) => Text(name) is null ? null : Schedule(name, example);

    /// <summary>Records that a setting is missing.</summary>
    public void Missing(string name, string allowed) => _problems.Add($"{name} is not set: {allowed}.");

    /// <summary>Records that a setting holds what it must not. Never call this for a setting that holds a secret.</summary>
    public void Reject(string name, string value, string allowed) => _problems.Add($"{name} is \"{Shorten(value)}\": expected {allowed}.");

    /// <summary>Records that a setting does not hold the JSON that it should. Never call this for a setting that holds a secret.</summary>
    public void RejectJson(string name, string value, string allowed, JsonException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        Problem($"{name} is \"{Shorten(value)}\", which is not valid JSON: {exception.Message} Expected {allowed}.");
    }

    /// <summary>Records any other problem; the sentence names the setting.</summary>
    public void Problem(string sentence) => _problems.Add(sentence);

    /// <summary>Stops the start when anything was wrong.</summary>
    /// <exception cref="SettingsException">At least one setting is missing or malformed.</exception>
    public void ThrowIfAnyProblem()
    {
        if (_problems.Count > 0)
        {
            throw new SettingsException([.. _problems]);
        }
    }

    private T Parse<T>(string name, T defaultValue, Parser<T> tryParse, string expected)
    {
        if (Text(name) is not { } text)
        {
            return defaultValue;
        }

        if (tryParse(text, out var value))
        {
            return value;
        }

        Reject(name, text, expected);
        return defaultValue;
    }

    private static string Path(string name) => name.Replace("__", ":", StringComparison.Ordinal);

    private static string Shorten(string value) => value.Length <= 100 ? value : $"{value[..100]}…";

    [GeneratedRegex("^[A-Za-z0-9_-]+$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PlainName();
}
