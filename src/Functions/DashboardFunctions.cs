using Archiving.Settings;
using Functions.Dashboard;
using Functions.Http;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;

namespace Functions;

/// <summary>Serves the dashboard. Needs no key and holds no tenant data: it requests what it shows with the user's key.</summary>
public sealed class DashboardFunctions(DashboardFiles files, AccessOptions access)
{
    // Tells the page whether people sign in, or have a key.
    private const string AccessFile = "access.json";

    /// <summary>The page.</summary>
    [Function("GetDashboard")]
    [AllowAnonymous]
    public IActionResult GetDashboard([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "dashboard")] HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);

        // The page names its files relative to its own address, which must not end with a slash for that.
        return request.Path.Value!.EndsWith('/') ? new RedirectResult("../dashboard") : Answer(request, DashboardFiles.Page);
    }

    /// <summary>A file of the page.</summary>
    [Function("GetDashboardAsset")]
    [AllowAnonymous]
    public IActionResult GetDashboardAsset(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "dashboard/{asset}")] HttpRequest request,
        string asset)
    {
        ArgumentNullException.ThrowIfNull(request);
        return asset == AccessFile
            ? ApiJson.Result(new DashboardAccess(access.Mode.ToString()), ApiJson.Default.DashboardAccess)
            : Answer(request, asset);
    }

    private FileContentResult Answer(HttpRequest request, string name) =>
        files.Find(name)?.Answer(request, files.ContentSecurityPolicy) ?? throw new NotFoundException("The dashboard has no such file.");
}

/// <summary>How the page gets in.</summary>
/// <param name="Mode">The name of an <see cref="AccessMode"/>.</param>
public sealed record DashboardAccess(string Mode);
