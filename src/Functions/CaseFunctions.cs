using System.Text.Json.Serialization;
using Archiving.Cases;
using Functions.Access;
using Functions.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Operations.Access;
using Operations.Cases;

namespace Functions;

/// <summary>Makes and shows cases, and starts what is done with them.</summary>
public sealed class CaseFunctions(CaseBook book, ExportReader exports)
{
    /// <summary>Makes a case: <c>{name,reason}</c>.</summary>
    [Function("CreateCase")]
    [AllowedRoles(Role.Investigator)]
    public async Task<IActionResult> CreateCaseAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "cases")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var (name, reason) = await RequestBody.ReadAsync(request, RequestJson.Default.CreateCaseRequest, cancellationToken);
        var created = await book.CreateAsync(name, reason, request.HttpContext.GetCaller(), cancellationToken);
        request.HttpContext.Response.Headers.Location = $"{request.Path}/{created.CaseId}";
        return ApiJson.Result(created, ApiJson.Default.CreatedCase, StatusCodes.Status201Created);
    }

    /// <summary>Lists the cases, newest first.</summary>
    [Function("ListCases")]
    [AllowedRoles(Role.Investigator)]
    public async Task<IActionResult> ListCasesAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "cases")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        return ApiJson.Result(await book.ListAsync(cancellationToken), ApiJson.Default.CaseList);
    }

    /// <summary>Shows a case.</summary>
    [Function("GetCase")]
    [AllowedRoles(Role.Investigator)]
    public async Task<IActionResult> GetCaseAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "cases/{caseId}")] HttpRequest request,
        string caseId,
        CancellationToken cancellationToken)
    {
        var row = await FindAsync(caseId, cancellationToken);
        return ApiJson.Result(await book.DescribeAsync(row, cancellationToken), ApiJson.Default.CaseDetails);
    }

    /// <summary>Adds objects: <c>{objects?,search?}</c>.</summary>
    [Function("AddCaseObjects")]
    [AllowedRoles(Role.Investigator)]
    public async Task<IActionResult> AddCaseObjectsAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "cases/{caseId}/objects")] HttpRequest request,
        string caseId,
        CancellationToken cancellationToken)
    {
        var row = await FindAsync(caseId, cancellationToken);
        var (objects, search) = await ReadObjectsAsync(request, cancellationToken);
        var (entries, unknown) = await book.FindObjectsAsync(objects, cancellationToken);
        RefuseUnknown(unknown, "added");
        await book.AddAsync(row, entries, search, cancellationToken);
        return Accepted(row);
    }

    /// <summary>Removes objects: <c>{objects?,search?}</c>.</summary>
    [Function("RemoveCaseObjects")]
    [AllowedRoles(Role.Investigator)]
    public async Task<IActionResult> RemoveCaseObjectsAsync(
        [HttpTrigger(AuthorizationLevel.Function, "delete", Route = "cases/{caseId}/objects")] HttpRequest request,
        string caseId,
        CancellationToken cancellationToken)
    {
        var row = await FindAsync(caseId, cancellationToken);
        var (objects, search) = await ReadObjectsAsync(request, cancellationToken);
        var (members, unknown) = await book.FindMembersAsync(row, objects, cancellationToken);
        RefuseUnknown(unknown, "removed");
        await book.RemoveAsync(row, members, search, cancellationToken);
        return Accepted(row);
    }

    /// <summary>Puts every blob of a case on legal hold.</summary>
    [Function("HoldCase")]
    [AllowedRoles(Role.Investigator)]
    public async Task<IActionResult> HoldCaseAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "cases/{caseId}/hold")] HttpRequest request,
        string caseId,
        CancellationToken cancellationToken)
    {
        var row = await FindEmptyAsync(request, caseId, cancellationToken);
        await book.HoldAsync(row, cancellationToken);
        return Accepted(row);
    }

    /// <summary>Releases the legal hold of a case.</summary>
    [Function("ReleaseCase")]
    [AllowedRoles(Role.Investigator)]
    public async Task<IActionResult> ReleaseCaseAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "cases/{caseId}/release")] HttpRequest request,
        string caseId,
        CancellationToken cancellationToken)
    {
        var row = await FindEmptyAsync(request, caseId, cancellationToken);
        await book.ReleaseAsync(row, cancellationToken);
        return Accepted(row);
    }

    /// <summary>Closes a case.</summary>
    [Function("CloseCase")]
    [AllowedRoles(Role.Investigator)]
    public async Task<IActionResult> CloseCaseAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "cases/{caseId}/close")] HttpRequest request,
        string caseId,
        CancellationToken cancellationToken)
    {
        var row = await FindEmptyAsync(request, caseId, cancellationToken);
        await book.CloseAsync(row, cancellationToken);
        return Accepted(row);
    }

    /// <summary>Starts to export a case.</summary>
    [Function("StartExport")]
    [AllowedRoles(Role.Investigator)]
    public async Task<IActionResult> StartExportAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "cases/{caseId}/export")] HttpRequest request,
        string caseId,
        CancellationToken cancellationToken)
    {
        var row = await FindEmptyAsync(request, caseId, cancellationToken);
        var started = await book.ExportAsync(row, request.HttpContext.GetCaller().DisplayName, cancellationToken);
        return ApiJson.Result(started, ApiJson.Default.StartedExport, StatusCodes.Status202Accepted);
    }

    /// <summary>How far an export is, and links to its files when it is done.</summary>
    [Function("GetExport")]
    [AllowedRoles(Role.Investigator)]
    public async Task<IActionResult> GetExportAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "cases/{caseId}/exports/{exportId}")] HttpRequest request,
        string caseId,
        string exportId,
        CancellationToken cancellationToken)
    {
        return await exports.ReadAsync(caseId, exportId, cancellationToken) is { } export
            ? ApiJson.Result(export, ApiJson.Default.ExportDetails)
            : throw new NotFoundException("There is no export of these IDs.");
    }

    private static ContentResult Accepted(CaseRow row) =>
        ApiJson.Result(new AcceptedChange(row.RowKey), ApiJson.Default.AcceptedChange, StatusCodes.Status202Accepted);

    private async Task<CaseRow> FindAsync(string caseId, CancellationToken cancellationToken) =>
        await book.FindAsync(caseId, cancellationToken) ?? throw new NotFoundException("There is no case of this ID.");

    private async Task<CaseRow> FindEmptyAsync(HttpRequest request, string caseId, CancellationToken cancellationToken)
    {
        var row = await FindAsync(caseId, cancellationToken);
        await RequestBody.ReadAsync(request, RequestJson.Default.EmptyRequest, cancellationToken);
        return row;
    }

    private static async Task<(IReadOnlyList<CaseObject> Objects, CaseSearch? Search)> ReadObjectsAsync(
        HttpRequest request,
        CancellationToken cancellationToken)
    {
        var (objects, search) = await RequestBody.ReadAsync(request, RequestJson.Default.CaseObjectsRequest, cancellationToken);
        return objects is not null || search is not null
            ? (objects ?? [], search)
            : throw new BadRequestException("objects", "Expected \"objects\", \"search\" or both.");
    }

    private static void RefuseUnknown(CaseObject? unknown, string done)
    {
        if (unknown is not null)
        {
            throw new BadRequestException("objects", $"No object {unknown.Region}/{unknown.Id} is known. Nothing was {done}.");
        }
    }
}

/// <summary>A case to make.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Reason">Why it is made.</param>
internal sealed record CreateCaseRequest(
    [property: JsonConverter(typeof(TextField))] string Name,
    [property: JsonConverter(typeof(ReasonField))] string Reason);

/// <summary>Objects to add to a case, or to remove from it.</summary>
/// <param name="Objects">The objects.</param>
/// <param name="Search">What finds more of them.</param>
internal sealed record CaseObjectsRequest(
    [property: JsonConverter(typeof(CaseObjectsField))] IReadOnlyList<CaseObject>? Objects = null,
    [property: JsonConverter(typeof(CaseSearchField))] CaseSearch? Search = null);
