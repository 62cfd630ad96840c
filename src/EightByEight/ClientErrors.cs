using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Azure;

namespace EightByEight;

internal static partial class ClientErrors
{
    /// <summary>Maximum length of the part of a body that an error quotes. 8x8 does not specify the bodies of its errors.</summary>
    private const int MaxQuoteLength = 500;

    /// <summary>
    /// The connection failure that caused an exception, also in the middle of an answer; <see langword="null"/> when there was one.
    /// What was cancelled though the caller did not cancel it took longer than allowed (Azure.Core, <c>RetryOptions.NetworkTimeout</c>).
    /// </summary>
    public static Exception? AsNoAnswer(Exception exception, CancellationToken cancellationToken) => exception switch
    {
        RequestFailedException { Status: 0 } or IOException => exception,
        OperationCanceledException when !cancellationToken.IsCancellationRequested => exception,
        AggregateException { InnerExceptions: [.., var last] } => AsNoAnswer(last, cancellationToken),
        _ => null,
    };

    /// <summary>An error that names the call, without query or token.</summary>
    public static async Task<CloudStorageException> CreateAsync(ServedResponse served, CancellationToken cancellationToken)
    {
        var wait = served.RetryAfter is { } time ? string.Create(CultureInfo.InvariantCulture, $" and asks to come back in {time.TotalSeconds:0} seconds") : "";
        var host = served.IsFromRedirectTarget ? ": the host that 8x8 redirects to" : "";
        var quote = await QuoteAsync(served.Response, cancellationToken);

        // What S3 says of a refused address can repeat it: only the name of the error is quoted.
        return ErrorQuote.Attach(
            served.ToException($"{served.Call} answered {served.Status}{wait}{host}."),
            served.IsFromRedirectTarget ? ErrorCode().Match(quote).Value : quote);
    }

    /// <summary>An error for a 200 that is not what it should be.</summary>
    public static CloudStorageException Malformed(ServedResponse served, Exception innerException) => ErrorQuote.Attach(
        served.ToException($"{served.Call} answered {served.Status} with something else than expected ({innerException.Message}).", innerException),
        Clean(JsonBody.Read(served.Response).Span));

    private static async Task<string> QuoteAsync(Response response, CancellationToken cancellationToken)
    {
        if (response.ContentStream is not { } stream)
        {
            return "";
        }

        try
        {
            var buffer = new byte[4 * MaxQuoteLength];
            var read = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
            return Clean(buffer.AsSpan(0, read));
        }
        catch (Exception exception) when (exception is HttpRequestException || AsNoAnswer(exception, cancellationToken) is not null)
        {
            return "";
        }
    }

    private static string Clean(ReadOnlySpan<byte> body)
    {
        var text = new StringBuilder(MaxQuoteLength);
        foreach (var character in Encoding.UTF8.GetString(body[..Math.Min(body.Length, 4 * MaxQuoteLength)]))
        {
            if (text.Length == MaxQuoteLength)
            {
                break;
            }

            text.Append(char.IsControl(character) || character == '\uFFFD' ? ' ' : character);
        }

        return text.ToString().Trim();
    }

    [GeneratedRegex("(?<=<Code>)[A-Za-z0-9.]{1,100}(?=</Code>)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ErrorCode();
}
