using Archiving.Source;

namespace Archiving.Telemetry;

/// <summary>What is tried again.</summary>
public enum RetryScope
{
    /// <summary>A call to 8x8, within the same attempt.</summary>
    Request,

    /// <summary>The content is read again, within the same attempt.</summary>
    Read,

    /// <summary>The message: the queue delivers it again, or gives it up after the last time.</summary>
    Message,
}

/// <summary>Why something is tried again.</summary>
public enum RetryCause
{
    /// <summary>There was no answer.</summary>
    NoAnswer,

    /// <summary>The answer or the rest of it took too long.</summary>
    Timeout,

    /// <summary>401: the token was refused.</summary>
    Unauthorized,

    /// <summary>429: too many requests.</summary>
    Throttled,

    /// <summary>Any 5xx.</summary>
    ServerError,

    /// <summary>Any other status that is an error.</summary>
    Rejected,

    /// <summary>The connection broke in the middle of the content.</summary>
    BrokenConnection,

    /// <summary>The answer contradicts the record, or is not what was asked for.</summary>
    WrongContent,

    /// <summary>No checksum proves the content, so it is read a second time.</summary>
    Unconfirmed,

    /// <summary>Other content exists under the name.</summary>
    NameTaken,

    /// <summary>Anything else.</summary>
    Unexpected,
}

internal static class RetryCauses
{
    public static RetryCause Of(Exception exception) => SourceFailure.Answer(exception) is { } answer
        ? Of(answer.Status)
        : exception switch
        {
            OperationCanceledException or TimeoutException => RetryCause.Timeout,
            InvalidDataException => RetryCause.WrongContent,
            IOException or HttpRequestException => RetryCause.BrokenConnection,
            _ => RetryCause.Unexpected,
        };

    public static RetryCause Of(int status) => status switch
    {
        0 => RetryCause.NoAnswer,
        >= 200 and < 300 => RetryCause.WrongContent,
        401 => RetryCause.Unauthorized,
        408 => RetryCause.Timeout,
        429 => RetryCause.Throttled,
        >= 500 => RetryCause.ServerError,
        _ => RetryCause.Rejected,
    };
}
