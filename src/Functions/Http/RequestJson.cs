using System.Text.Json;
using System.Text.Json.Serialization;

namespace Functions.Http;

/// <summary>The JSON of requests: unknown fields, duplicate fields and names in another case are refused, because most often they are mistyped.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(BackfillRequest))]
[JsonSerializable(typeof(CaseObjectsRequest))]
[JsonSerializable(typeof(CreateCaseRequest))]
[JsonSerializable(typeof(EmptyRequest))]
[JsonSerializable(typeof(PurgeRequest))]
[JsonSerializable(typeof(RedriveRequest))]
internal sealed partial class RequestJson : JsonSerializerContext;
