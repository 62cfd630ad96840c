using System.Globalization;

namespace Archiving.Settings;

/// <summary>When 8x8 deletes objects, by type (<c>Retention__DefaultDays</c>, <c>Retention__callrecording</c> …).</summary>
public sealed record RetentionOptions
{
    /// <summary>Days after its creation at which 8x8 deletes an object of a type not listed in <see cref="DaysByType"/>.</summary>
    public required int DefaultDays { get; init; }

    /// <summary>Days by object type.</summary>
    public required IReadOnlyDictionary<string, int> DaysByType { get; init; }

    /// <summary>An object that is not archived and is deleted within this time is at risk.</summary>
    public static TimeSpan AtRisk { get; } = TimeSpan.FromDays(7);

    /// <summary>When 8x8 deletes an object for good.</summary>
    public DateTimeOffset DeletedOn(string type, DateTimeOffset createdTime) =>
        createdTime.AddDays(DaysByType.TryGetValue(type, out var days) ? days : DefaultDays);

    internal static RetentionOptions Read(SettingsReader settings)
    {
        const int Maximum = 36_500;
        var byType = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var child in settings.Section("Retention").GetChildren())
        {
            if (!string.Equals(child.Key, "DefaultDays", StringComparison.OrdinalIgnoreCase) && !string.IsNullOrWhiteSpace(child.Value))
            {
                byType[child.Key] = settings.Integer(string.Create(CultureInfo.InvariantCulture, $"Retention__{child.Key}"), 30, 1, Maximum);
            }
        }

        return new RetentionOptions
        {
            DefaultDays = settings.Integer("Retention__DefaultDays", 30, 1, Maximum),
            DaysByType = byType,
        };
    }
}
