using System.Text;
using Azure;

namespace EightByEight;

internal static class ClientErrors
{
    /// <summary>The most of a body that an error quotes. 8x8 does not specify the bodies of its errors.</summary>
    private const int LongestQuote = 500;

    /// <summary>
    /// The connection failure that caused an exception; <see langword="null"/> when there was an answer. What was
    /// cancelled though the caller did not cancel it took longer than allowed (Azure.Core, <c>RetryOptions.NetworkTimeout</c>).
    /// </summary>
    public static Exception? AsNoAnswer(Exception exception, CancellationToken cancellationToken) => exception switch
    {
        RequestFailedException { Status: 0 } => exception,
        OperationCanceledException when !cancellationToken.IsCancellationRequested => exception,
        AggregateException { InnerExceptions: [.., var last] } => AsNoAnswer(last, cancellationToken),
        _ => null,
    };

    /// <summary>An error that names the call, without query or token.</summary>
    public static async Task<RequestFailedException> CreateAsync(Response response, string call, CancellationToken cancellationToken)
    {
        // In whole seconds by now: see RetryAfterPolicy.
        var wait = response.Headers.TryGetValue("Retry-After", out var seconds) ? $" and asks to come back in {seconds} seconds" : "";
        return ErrorQuote.Attach(
            new RequestFailedException(response.Status, $"{call} answered {response.Status}{wait}."),
            await QuoteAsync(response, cancellationToken));
    }

    /// <summary>An error for a 200 that is not what it should be.</summary>
    public static RequestFailedException Malformed(Response response, string call, Exception innerException)
    {
        var message = $"{call} answered {response.Status} with something else than expected ({innerException.Message}).";
        return ErrorQuote.Attach(
            new RequestFailedException(response.Status, message, innerException),
            Clean(JsonText.Decode(response.Content.ToMemory(), response.Headers.ContentType).Span));
    }

    private static async Task<string> QuoteAsync(Response response, CancellationToken cancellationToken)
    {
        if (response.ContentStream is not { } stream)
        {
            return "";
        }

        try
        {
            var buffer = new byte[4 * LongestQuote];
            var read = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
            return Clean(buffer.AsSpan(0, read));
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            return "";
        }
    }

    private static string Clean(ReadOnlySpan<byte> body)
    {
        var text = new StringBuilder(LongestQuote);
        foreach (var character in Encoding.UTF8.GetString(body[..Math.Min(body.Length, 4 * LongestQuote)]))
        {
            if (text.Length == LongestQuote)
            {
                break;
            }

            text.Append(char.IsControl(character) || character == '\uFFFD' ? ' ' : character);
        }

        return text.ToString().Trim();
    }
}
