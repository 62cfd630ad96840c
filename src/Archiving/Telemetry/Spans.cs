using System.Diagnostics;

namespace Archiving.Telemetry;

/// <summary>
/// The spans of the archiver, and how they are connected across queues; docs/telemetry.md is the reference. All work on
/// an object is one trace, from the listing that found it to its receipt: each message carries the context that its
/// handler continues. Thousands of objects that one listing found are as many traces, each linked to the listing.
/// </summary>
public static class Spans
{
    /// <summary>Name of the source of spans, and of the meter.</summary>
    public const string SourceName = "Archiving";

    /// <summary>A message is sent; the queue's name follows.</summary>
    public const string Send = "send";

    /// <summary>A window is listed.</summary>
    public const string ListWindow = "list window";

    /// <summary>An object is archived.</summary>
    public const string ArchiveObject = "archive object";

    /// <summary>The restore of an object is handled.</summary>
    public const string RestoreObject = "restore object";

    /// <summary>An archived object is verified.</summary>
    public const string VerifyObject = "verify object";

    /// <summary>An archived object is deleted at 8x8.</summary>
    public const string PurgeObject = "purge object";

    /// <summary>A step of work that goes through the ledger day by day.</summary>
    public const string PlanDays = "plan days";

    /// <summary>A month of the catalogue is built.</summary>
    public const string BuildCatalogueMonth = "build catalogue month";

    /// <summary>Objects of a case are added, removed, held or released.</summary>
    public const string ChangeCase = "change case";

    /// <summary>A step of the export of a case.</summary>
    public const string ExportCase = "export case";

    /// <summary>A message that failed too often is recorded.</summary>
    public const string RecordFailure = "record failure";

    internal static ActivitySource Source { get; } = new(SourceName);

    /// <summary>Marks a span as failed, without the error message, because that can quote text from outside.</summary>
    internal static void Fail(this Activity span, string errorType)
    {
        span.SetTag(Tags.ErrorType, errorType);
        span.SetStatus(ActivityStatusCode.Error);
    }
}
