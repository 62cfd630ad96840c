using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Archiving.Purging;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Operations.Cases;
using Operations.Failures;
using Operations.Health;
using Operations.Objects;
using Operations.Plan;
using Operations.Runs;
using Operations.Status;

namespace Functions.Http;

/// <summary>The JSON of the HTTP functions.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AcceptedChange))]
[JsonSerializable(typeof(CaseDetails))]
[JsonSerializable(typeof(CaseList))]
[JsonSerializable(typeof(CreatedCase))]
[JsonSerializable(typeof(ExportDetails))]
[JsonSerializable(typeof(StartedExport))]
[JsonSerializable(typeof(AuditAnswer))]
[JsonSerializable(typeof(CallerAnswer))]
[JsonSerializable(typeof(DashboardAccess))]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(Redriven))]
[JsonSerializable(typeof(PlanReport))]
[JsonSerializable(typeof(PurgePlan))]
[JsonSerializable(typeof(FoundObjects))]
[JsonSerializable(typeof(FoundCalls))]
[JsonSerializable(typeof(ObjectItem))]
[JsonSerializable(typeof(ContentLink))]
[JsonSerializable(typeof(QueuedObject))]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(StatusSamples))]
[JsonSerializable(typeof(StartedRun))]
[JsonSerializable(typeof(RunProgress))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    public const string ContentType = "application/json; charset=utf-8";

    public static ContentResult Result<T>(T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK) => new()
    {
        Content = JsonSerializer.Serialize(value, type),
        ContentType = ContentType,
        StatusCode = status,
    };
}
