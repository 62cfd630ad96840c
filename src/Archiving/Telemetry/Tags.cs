using System.Text.Json;
using Archiving.Model;

namespace Archiving.Telemetry;

/// <summary>The keys of tags of metrics and spans. None of them ever holds a name, a number or anything else that people wrote.</summary>
public static class Tags
{
    /// <summary>8x8's region.</summary>
    public const string Region = "region";

    /// <summary>8x8's object type, <c>unknown</c> when it is not known.</summary>
    public const string Type = "type";

    /// <summary>What of 8x8's claims was checked: <c>md5</c>, <c>multipart-md5</c>, <c>size</c> or <c>none</c>.</summary>
    public const string Verification = "verification";

    /// <summary>The step of the work; a <see cref="Phase"/>.</summary>
    public const string Phase = "phase";

    /// <summary>What is tried again; a <see cref="RetryScope"/>.</summary>
    public const string Scope = "scope";

    /// <summary>Why something was tried again, or what was found wrong.</summary>
    public const string Cause = "cause";

    /// <summary>Why an object failed for good; a <see cref="FailureReason"/>.</summary>
    public const string Reason = "reason";

    /// <summary>What does not work; a <see cref="Condition"/>.</summary>
    public const string Condition = "condition";

    /// <summary>A queue.</summary>
    public const string Queue = "queue";

    /// <summary>A timer function.</summary>
    public const string Function = "function";

    /// <summary>What is done with a window; a <see cref="WindowKind"/>.</summary>
    public const string Kind = "kind";

    /// <summary>Spans only: 8x8's id of the object.</summary>
    public const string ObjectId = "object.id";

    /// <summary>Spans only: size of what was archived, in bytes.</summary>
    public const string Bytes = "bytes";

    /// <summary>Spans only: how work on an object ended, <c>archived</c>, <c>failed</c> or <c>gone</c>.</summary>
    public const string Outcome = "outcome";

    /// <summary>Spans only: the cause, reason or condition that a span failed for.</summary>
    public const string ErrorType = "error.type";

    /// <summary>How telemetry writes a value of an enumeration: <c>name_taken</c> for <c>NameTaken</c>.</summary>
    public static string ToTag<T>(this T value)
        where T : struct, Enum =>
        JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
