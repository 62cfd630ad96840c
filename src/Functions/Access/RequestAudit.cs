using System.Text.Json;
using Functions.Http;
using Microsoft.AspNetCore.Http;
using Operations.Access;

namespace Functions.Access;

/// <summary>What the audit log keeps of a request: the object or case of its route, its query and its body.</summary>
internal static class RequestAudit
{
    private const string Region = "region";
    private const string Id = "id";
    private const string Case = "caseId";
    private const string Body = "body";

    /// <summary>Describes a request. Its body stays readable.</summary>
    /// <exception cref="ContentTooLargeException">The body is larger than any that makes sense.</exception>
    public static async Task<AuditEntry> DescribeAsync(Caller caller, string function, HttpContext http)
    {
        var request = http.Request;
        var parameters = request.Query
            .Where(parameter => !string.Equals(parameter.Key, RequestQuery.KeyParameter, StringComparison.OrdinalIgnoreCase))
            .ToDictionary(parameter => parameter.Key, parameter => parameter.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        if (!HttpMethods.IsGet(request.Method))
        {
            AddFields(await RequestBody.BufferAsync(request, http.RequestAborted), parameters);
        }

        var route = http.Request.RouteValues.ToDictionary(part => part.Key, part => part.Value as string, StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in route.Where(part => part.Value is not null && part.Key is not (Region or Id or Case)))
        {
            // What else was sent under the name of a part of the route decides nothing, and must not take its place.
            if (parameters.Remove(name, out var sent))
            {
                parameters[$"sent.{name}"] = sent;
            }

            parameters[name] = value!;
        }

        return new AuditEntry(
            caller,
            function,
            AuditOutcome.Requested,
            route.GetValueOrDefault(Region),
            route.GetValueOrDefault(Id) is { } id ? RouteId.Decode(id) : null,
            parameters.Count > 0 ? parameters : null,
            route.GetValueOrDefault(Case));
    }

    private static void AddFields(ReadOnlyMemory<byte> body, Dictionary<string, string> parameters)
    {
        if (body.IsEmpty)
        {
            return;
        }

        try
        {
            using var json = JsonDocument.Parse(body);
            foreach (var field in json.RootElement.EnumerateObject())
            {
                parameters[field.Name] = field.Value.ToString();
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // The function refuses it. What is no JSON object, or has text that is none, is not worth a place in the log.
            parameters[Body] = $"{body.Length} bytes";
        }
    }
}
