using System.Globalization;
using Archiving.Model;
using EightByEight;

namespace Archiving.Settings;

/// <summary>
/// When 8x8 deletes objects: by the first rule that matches the record (<c>Retention__Rules</c>), else by type
/// (<c>Retention__callrecording</c> …), else <c>Retention__DefaultDays</c>.
/// </summary>
public sealed record RetentionOptions
{
    /// <summary>Days after its creation at which 8x8 deletes an object of a type not listed in <see cref="DaysByType"/>.</summary>
    public required int DefaultDays { get; init; }

    /// <summary>Days by object type.</summary>
    public required IReadOnlyDictionary<string, int> DaysByType { get; init; }

    /// <summary>Days by what the record says; the first that matches.</summary>
    public IReadOnlyList<RetentionRule> Rules { get; init; } = [];

    /// <summary>An object that is not archived and is deleted within this time is at risk.</summary>
    public static TimeSpan AtRisk { get; } = TimeSpan.FromDays(7);

    /// <summary>Every number of days after which 8x8 deletes some objects.</summary>
    internal IEnumerable<int> AllDays => DaysByType.Values.Append(DefaultDays).Concat(Rules.Select(rule => rule.Days)).Distinct();

    /// <summary>When 8x8 deletes an object for good.</summary>
    /// <param name="region">8x8's region.</param>
    /// <param name="record">The object's record.</param>
    public DateTimeOffset DeletedOn(string region, StorageObject record) =>
        DeletedOn(record.Type, LedgerKey.CreatedTime(record), FindRuleDays(region, record));

    /// <summary>When 8x8 deletes an object for good, of which only a ledger row is known.</summary>
    /// <param name="type">The object's type.</param>
    /// <param name="createdTime">When it was made.</param>
    /// <param name="ruleDays">The days of the rule that matched its record; <see langword="null"/> or 0 when none did.</param>
    public DateTimeOffset DeletedOn(string type, DateTimeOffset createdTime, int? ruleDays)
    {
        // Without rules, what rows keep of earlier ones no longer counts.
        var days = Rules.Count > 0 && ruleDays > 0 ? ruleDays.Value : DaysByType.TryGetValue(type, out var ofType) ? ofType : DefaultDays;
        return createdTime.AddDays(days);
    }

    /// <summary>The days of the first rule that matches a record; 0 when none does, and <see langword="null"/> without rules.</summary>
    public int? FindRuleDays(string region, StorageObject record) =>
        Rules.Count == 0 ? null : Rules.FirstOrDefault(rule => rule.Matches(region, record))?.Days ?? 0;

    internal static RetentionOptions Read(SettingsReader settings)
    {
        const int Maximum = 36_500;
        var byType = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var child in settings.Section("Retention").GetChildren())
        {
            var isType = !string.Equals(child.Key, "DefaultDays", StringComparison.OrdinalIgnoreCase)
                && !string.Equals(child.Key, "Rules", StringComparison.OrdinalIgnoreCase);
            if (isType && !string.IsNullOrWhiteSpace(child.Value))
            {
                byType[child.Key] = settings.Integer(string.Create(CultureInfo.InvariantCulture, $"Retention__{child.Key}"), 30, 1, Maximum);
            }
        }

        return new RetentionOptions
        {
            DefaultDays = settings.Integer("Retention__DefaultDays", 30, 1, Maximum),
            DaysByType = byType,
            Rules = RetentionRule.Read(settings, Maximum),
        };
    }
}
