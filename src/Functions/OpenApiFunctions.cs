using Functions.Access;
using Functions.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Operations.Access;

namespace Functions;

/// <summary>Describes the HTTP functions to machines.</summary>
public sealed class OpenApiFunctions(ApiDocument document)
{
    /// <summary>The OpenAPI document.</summary>
    [Function("GetOpenApi")]
    [AllowedRoles(Role.Viewer, Role.Operator, Role.Investigator, Audit = AuditRule.Never)]
    public IActionResult GetOpenApi([HttpTrigger(AuthorizationLevel.Function, "get", Route = ApiDocument.Name)] HttpRequest request) =>
        new ContentResult { Content = document.Content, ContentType = ApiJson.ContentType, StatusCode = StatusCodes.Status200OK };
}
