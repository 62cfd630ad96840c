using Archiving.Settings;
using Functions.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Logging;
using Operations.Access;

namespace Functions.Access;

/// <summary>
/// Finds out who sends a request, checks the role, and writes the audit log: for what is read before the answer leaves,
/// for what is changed before the function begins. The answer itself is sent after this, by the worker.
/// </summary>
public sealed partial class AccessMiddleware(
    AccessOptions options,
    FunctionRoles functions,
    CallerReader callers,
    AuditLog audit,
    ILogger<AccessMiddleware> logger) : IFunctionsWorkerMiddleware
{
    /// <inheritdoc/>
    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        if (context.GetHttpContext() is not { } http)
        {
            await next(context);
            return;
        }

        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        if (functions.Of(context.FunctionDefinition.Name) is not { } wanted)
        {
            await next(context);
            return;
        }

        var caller = options.Mode == AccessMode.EntraId ? ReadCaller(http.Request) : Caller.FunctionKey;
        http.SetCaller(caller);
        var isAudited = wanted.Audit == AuditRule.Always || (wanted.Audit == AuditRule.SignedIn && options.Mode == AccessMode.EntraId);
        var access = new Access(audit, isAudited ? await RequestAudit.DescribeAsync(caller, context.FunctionDefinition.Name, http) : null);
        if (!caller.IsAny(wanted.Roles))
        {
            await access.AppendAsync(AuditOutcome.Denied, http.RequestAborted);
            throw new ForbiddenException($"This needs one of the roles {string.Join(", ", wanted.Roles)}.");
        }

        if (HttpMethods.IsGet(http.Request.Method))
        {
            await ReadAsync(context, next, access, http.RequestAborted);
        }
        else
        {
            await ChangeAsync(context, next, access, http.RequestAborted);
        }
    }

    private Caller ReadCaller(HttpRequest request)
    {
        var headers = request.Headers[ClientPrincipal.HeaderName];
        if (headers is not [{ Length: > 0 } header])
        {
            throw new UnauthorizedException("Sign in with Microsoft Entra ID.");
        }

        if (!ClientPrincipal.TryRead(header, out var principal, out var problem))
        {
            Log.Malformed(logger, problem);
            throw new UnauthorizedException($"The header {ClientPrincipal.HeaderName} cannot be used: {problem}. Sign in again.");
        }

        if (principal.HasTooManyGroups && options.Scopes.Count > 0)
        {
            Log.TooManyGroups(logger);
        }

        return callers.Read(principal);
    }

    private static async Task ReadAsync(FunctionContext context, FunctionExecutionDelegate next, Access access, CancellationToken cancellationToken)
    {
        try
        {
            await next(context);
        }
        catch (Exception exception)
        {
            try
            {
                await access.AppendAsync(OutcomeOf(exception), cancellationToken);
            }
            catch (Exception failure) when (failure is AuditLogException or OperationCanceledException)
            {
                // Nothing was given, and the first error says more.
            }

            throw;
        }

        await access.AppendAsync(OutcomeOf(context, AuditOutcome.Given), cancellationToken);
    }

    private static async Task ChangeAsync(FunctionContext context, FunctionExecutionDelegate next, Access access, CancellationToken cancellationToken)
    {
        await access.AppendAsync(AuditOutcome.Requested, cancellationToken);
        var outcome = AuditOutcome.Failed;
        try
        {
            await next(context);
            outcome = OutcomeOf(context, AuditOutcome.Done);
        }
        catch (Exception exception)
        {
            outcome = OutcomeOf(exception);
            throw;
        }
        finally
        {
            try
            {
                await access.AppendAsync(outcome, CancellationToken.None);
            }
            catch (AuditLogException)
            {
                // The change cannot be taken back, and the log holds that it was requested.
            }
        }
    }

    private static string OutcomeOf(FunctionContext context, string success) => context.GetInvocationResult().Value switch
    {
        IStatusCodeActionResult { StatusCode: StatusCodes.Status404NotFound } => AuditOutcome.NotFound,
        IStatusCodeActionResult { StatusCode: >= 500 } => AuditOutcome.Failed,
        IStatusCodeActionResult { StatusCode: >= 400 } => AuditOutcome.Refused,
        _ => success,
    };

    private static string OutcomeOf(Exception exception) => ProblemDetailsMiddleware.StatusOf(exception) switch
    {
        StatusCodes.Status403Forbidden => AuditOutcome.Denied,
        StatusCodes.Status404NotFound => AuditOutcome.NotFound,
        >= 400 and < 500 => AuditOutcome.Refused,
        _ => AuditOutcome.Failed,
    };

    /// <summary>An access, and whether it is audited.</summary>
    private sealed record Access(AuditLog Audit, AuditEntry? Entry)
    {
        public Task AppendAsync(string outcome, CancellationToken cancellationToken) =>
            Entry is null ? Task.CompletedTask : Audit.AppendAsync(Entry with { Outcome = outcome }, cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 3010, Level = LogLevel.Warning, Message = "A request with a malformed principal was refused: {Problem}")]
        public static partial void Malformed(ILogger logger, string problem);

        [LoggerMessage(
            EventId = 3011,
            Level = LogLevel.Warning,
            Message = "A principal is in too many groups for its token, so no scope applies to it: assign groups to the application")]
        public static partial void TooManyGroups(ILogger logger);
    }
}
