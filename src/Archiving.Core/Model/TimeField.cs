using EightByEight;

namespace Archiving.Model;

/// <summary>The time of a record that a window is about.</summary>
public enum TimeField
{
    /// <summary>When 8x8 last changed it.</summary>
    UpdatedTime,

    /// <summary>When it was made.</summary>
    CreatedTime,
}

/// <summary>8x8's names of the times, in filters, sort orders and messages.</summary>
public static class TimeFields
{
    /// <summary>The name that 8x8 gives it.</summary>
    public static string ToName(this TimeField field) => field == TimeField.CreatedTime ? "createdTime" : "updatedTime";

    /// <summary>That time of a record; <see langword="null"/> when it has none.</summary>
    public static DateTimeOffset? Of(this TimeField field, StorageObject record) => field == TimeField.CreatedTime ? record.CreatedTime : record.UpdatedTime;

    /// <summary>The time that has a name; <see langword="null"/> when none has.</summary>
    public static TimeField? Parse(string? name) => name switch
    {
        "createdTime" => TimeField.CreatedTime,
        "updatedTime" => TimeField.UpdatedTime,
        _ => null,
    };
}
