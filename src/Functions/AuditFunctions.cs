using Functions.Access;
using Functions.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Operations.Access;

namespace Functions;

/// <summary>Tells who is signed in, and shows the audit log.</summary>
public sealed class AuditFunctions(AuditReader reader)
{
    private const int MaxNameLength = 300;
    private const int DefaultLimit = 50;

    /// <summary>Who the caller is, and its roles.</summary>
    [Function("GetMe")]
    [AllowedRoles(Role.Viewer, Role.Operator, Role.Investigator, Audit = AuditRule.SignedIn)]
    public static IActionResult GetMe([HttpTrigger(AuthorizationLevel.Function, "get", Route = "me")] HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var caller = request.HttpContext.GetCaller();
        return ApiJson.Result(
            new CallerAnswer(caller.Id, caller.Name, [.. caller.Roles.Select(role => role.ToString())], caller.ContentScope.IsEverything),
            ApiJson.Default.CallerAnswer);
    }

    /// <summary>Who saw, heard, exported or changed what, newest first.</summary>
    [Function("GetAudit")]
    [AllowedRoles(Role.Investigator)]
    public async Task<IActionResult> GetAuditAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "audit")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var query = new RequestQuery(request, "from", "to", "actor", "object", "cursor", "limit");
        var filter = new AuditFilter
        {
            From = query.Instant("from"),
            To = query.Instant("to"),
            Actor = query.Text("actor", MaxNameLength),
            Object = query.Text("object", MaxNameLength),
        };
        if (filter.To <= filter.From)
        {
            throw new BadRequestException("to", "Expected a time after \"from\".");
        }

        var limit = query.Integer("limit", DefaultLimit, 1, AuditReader.MaxLines);
        AuditPosition? after = null;
        if (query.Text("cursor", int.MaxValue) is { } cursor)
        {
            after = AuditPosition.Parse(cursor) ?? throw new BadRequestException("cursor", "Expected the cursor of an answer of this call.");
        }

        var page = await reader.ReadAsync(filter, after, limit, cancellationToken);
        return ApiJson.Result(new AuditAnswer(page.Items, page.Next?.ToCursor()), ApiJson.Default.AuditAnswer);
    }
}

/// <summary>Who a caller is.</summary>
/// <param name="Id">Object id in Entra ID, or <c>function key</c>.</param>
/// <param name="Name">The name that people know.</param>
/// <param name="Roles">The caller's roles.</param>
/// <param name="SeesEverything">Whether no scope limits what the caller sees.</param>
public sealed record CallerAnswer(string Id, string? Name, IReadOnlyList<string> Roles, bool SeesEverything);

/// <summary>A page of the audit log.</summary>
/// <param name="Items">The lines, newest first.</param>
/// <param name="Cursor">Gives the next page; <see langword="null"/> on the last.</param>
public sealed record AuditAnswer(IReadOnlyList<AuditItem> Items, string? Cursor);
