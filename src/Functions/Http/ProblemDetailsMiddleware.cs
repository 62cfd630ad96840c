using System.Text.Json;
using Archiving.Model;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Logging;

namespace Functions.Http;

/// <summary>
/// Turns what escapes an HTTP function into <c>application/problem+json</c> (RFC 9457). The Functions host itself
/// answers an exception with 500 and an empty body. Other functions' exceptions go on to the host, which counts them.
/// </summary>
public sealed partial class ProblemDetailsMiddleware(ILogger<ProblemDetailsMiddleware> logger) : IFunctionsWorkerMiddleware
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
        catch (BadRequestException exception)
        {
            await WriteAsync(http, StatusCodes.Status400BadRequest, "The request is wrong", exception.Message, exception.Field);
        }
        catch (NotFoundException exception)
        {
            await WriteAsync(http, StatusCodes.Status404NotFound, "There is nothing here", exception.Message);
        }
        catch (Exception exception) when (exception is ConflictException or RefusedException)
        {
            await WriteAsync(http, StatusCodes.Status409Conflict, "That cannot be done as things are", exception.Message);
        }
        catch (ContentTooLargeException exception)
        {
            await WriteAsync(http, StatusCodes.Status413PayloadTooLarge, "The request is too large", exception.Message);
        }
        catch (BadHttpRequestException exception)
        {
            // The body broke off, or its framing is wrong; the web server knows the status.
            await WriteAsync(http, exception.StatusCode, "The request cannot be read", "The body cannot be read to its end.");
        }
        catch (OutageException outage)
        {
            await WriteAsync(http, StatusCodes.Status503ServiceUnavailable, "Something that the archiver needs does not work", outage.Message);
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
                await WriteAsync(
                    http,
                    StatusCodes.Status503ServiceUnavailable,
                    "Service unavailable",
                    "The app stopped before the request was handled. Send it again.");
            }
        }
        catch (Exception exception) when (!http.Response.HasStarted)
        {
            Log.Unexpected(logger, exception, context.FunctionDefinition.Name);
            await WriteAsync(
                http,
                StatusCodes.Status500InternalServerError,
                "The request could not be handled",
                "The log says why, under the function's name and the time.");
        }
    }

    private static async Task WriteAsync(HttpContext http, int status, string title, string detail, string? field = null)
    {
        // It is the caller's own word, and may be as long as a request.
        const int LongestField = 100;
        field = field is { Length: > LongestField } ? field[..LongestField] : field;
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/problem+json";
        await using var json = new Utf8JsonWriter(http.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteString("type", "about:blank");
        json.WriteString("title", title);
        json.WriteNumber("status", status);
        json.WriteString("detail", field is null ? detail : $"{field}: {detail}");
        if (field is not null)
        {
            // As ASP.NET Core names the fields of a request that does not validate.
            json.WriteStartObject("errors");
            json.WriteStartArray(field);
            json.WriteStringValue(detail);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
        await json.FlushAsync(http.RequestAborted);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 2000, Level = LogLevel.Error, Message = "{Function} failed unexpectedly")]
        public static partial void Unexpected(ILogger logger, Exception exception, string function);
    }
}
