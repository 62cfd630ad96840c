using System.Globalization;
using Archiving.Model;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Logging;
using Operations.Access;

namespace Functions.Http;

/// <summary>
/// Turns what escapes an HTTP function into <c>application/problem+json</c> (RFC 9457). The Functions host itself
/// answers an exception with 500 and an empty body. Other functions' exceptions go on to the host, which counts them.
/// </summary>
public sealed partial class ProblemDetailsMiddleware(TimeProvider timeProvider, ILogger<ProblemDetailsMiddleware> logger) : IFunctionsWorkerMiddleware
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

        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client has disconnected.
        }
        catch (Exception) when (context.CancellationToken.IsCancellationRequested)
        {
            // The app is stopping, or the function took too long. Another instance can serve the request.
            if (!http.Response.HasStarted)
            {
                Forget(context, http);
                await WriteAsync(http, StatusCodes.Status503ServiceUnavailable, "The app stopped before the request was handled. Send it again.");
            }
        }
        catch (Exception exception) when (!http.Response.HasStarted)
        {
            Forget(context, http);
            var status = StatusOf(exception);
            switch (exception)
            {
                case BadRequestException wrong:
                    await WriteAsync(http, status, wrong.Message, wrong.Field);
                    break;
                case UnauthorizedException:
                    http.Response.Headers.WWWAuthenticate = "Bearer";
                    await WriteAsync(http, status, exception.Message);
                    break;
                case BadHttpRequestException:
                    // The body broke off, or its framing is wrong; the web server knows the status.
                    await WriteAsync(http, status, "The body cannot be read to its end.");
                    break;
                case OutageException { RetryAfter: { } wait }:
                    http.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString("0", CultureInfo.InvariantCulture);
                    await WriteAsync(http, status, OutageException.Describe(exception.Message, timeProvider.GetUtcNow() + wait));
                    break;
                case var unexpected when status == StatusCodes.Status500InternalServerError:
                    Log.Unexpected(logger, unexpected, context.FunctionDefinition.Name);
                    await WriteAsync(http, status, "The request could not be handled. The log says why, under the function's name and the time.");
                    break;
                default:
                    await WriteAsync(http, status, exception.Message);
                    break;
            }
        }
    }

    /// <summary>The status that an exception becomes.</summary>
    internal static int StatusOf(Exception exception) => exception switch
    {
        BadRequestException => StatusCodes.Status400BadRequest,
        UnauthorizedException => StatusCodes.Status401Unauthorized,
        ForbiddenException => StatusCodes.Status403Forbidden,
        NotFoundException => StatusCodes.Status404NotFound,
        ConflictException or RefusedException => StatusCodes.Status409Conflict,
        ContentTooLargeException => StatusCodes.Status413PayloadTooLarge,
        BadHttpRequestException unreadable => unreadable.StatusCode,
        OutageException or AuditLogException => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>What the function has found, such as the address of content, must not leave with or after the problem.</summary>
    private static void Forget(FunctionContext context, HttpContext http)
    {
        http.Response.Clear();
        context.GetInvocationResult().Value = null;
    }

    private static async Task WriteAsync(HttpContext http, int status, string detail, string? field = null)
    {
        // It is the caller's own word, and may be as long as a request.
        const int MaxFieldLength = 100;
        field = field is { Length: > MaxFieldLength } ? field[..MaxFieldLength] : field;
        http.Response.StatusCode = status;
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        var problem = field is null
            ? new ProblemDetails()
            : new HttpValidationProblemDetails(new Dictionary<string, string[]>(StringComparer.Ordinal) { [field] = [detail] });
        problem.Status = status;
        problem.Detail = field is null ? detail : $"{field}: {detail}";

        // With this type, the title is that of the status (RFC 9457, 4.2.1).
        problem.Type = "about:blank";
        problem.Title = ReasonPhrases.GetReasonPhrase(status);

        // Without a token: then it is no error that the client has disconnected.
        await http.Response.WriteAsJsonAsync(problem, problem.GetType(), options: null, "application/problem+json");
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 2000, Level = LogLevel.Error, Message = "{Function} failed unexpectedly")]
        public static partial void Unexpected(ILogger logger, Exception exception, string function);
    }
}
