namespace Microsoft.Azure.Functions.Worker;

/// <summary>What a timer function is told.</summary>
public class TimerInfo
{
    /// <summary>When it ran and will run; <see langword="null"/> when that is not kept.</summary>
    public ScheduleStatus? ScheduleStatus { get; set; }

    /// <summary>Whether it should have run before.</summary>
    public bool IsPastDue { get; set; }
}

/// <summary>When a timer function ran and will run.</summary>
public class ScheduleStatus
{
    /// <summary>When it last ran; year 1 before any run.</summary>
    public DateTime Last { get; set; }

    /// <summary>When it runs next.</summary>
    public DateTime Next { get; set; }

    /// <summary>When this was written.</summary>
    public DateTime LastUpdated { get; set; }
}
