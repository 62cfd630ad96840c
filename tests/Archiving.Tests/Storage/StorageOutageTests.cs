using Archiving.Model;
using Archiving.Storage;
using Azure;

namespace Archiving.Tests;

/// <summary>Which failures of Azure Storage concern everything.</summary>
public sealed class StorageOutageTests
{
    public static TheoryData<Exception> Outages => new((Exception[])
    [
        new RequestFailedException(0, "no such host"),
        new RequestFailedException(401, "no"),
        new RequestFailedException(403, "no"),
        new RequestFailedException(500, "internal"),
        new RequestFailedException(502, "a proxy"),
        new RequestFailedException(503, "busy"),
        new IOException("The response ended prematurely."),
        new AggregateException(new RequestFailedException(503, "busy"), new RequestFailedException(0, "no such host")),
        new AggregateException(new TaskCanceledException("timed out"), new TaskCanceledException("timed out")),
        new AggregateException(new RequestFailedException(503, "busy"), new IOException("The response ended prematurely.")),
    ]);

    public static TheoryData<Exception> Others => new((Exception[])
    [
        new RequestFailedException(404, "missing"),
        new RequestFailedException(409, "exists"),
        new RequestFailedException(412, "changed"),
        new RequestFailedException(413, "large"),
        new RequestFailedException(501, "not what this storage can do"),
        new TaskCanceledException("cancelled by the caller"),
        new InvalidDataException("wrong"),
    ]);

    [Theory]
    [MemberData(nameof(Outages))]
    public void Error_that_every_request_would_meet_is_an_outage_of_storage(Exception exception)
    {
        Assert.Equal(Condition.Runtime, StorageOutage.Runtime(exception)?.Condition);
        Assert.Equal(Condition.Archive, StorageOutage.Archive(exception)?.Condition);
    }

    [Theory]
    [MemberData(nameof(Others))]
    public void Error_of_one_request_is_no_outage_of_storage(Exception exception)
    {
        Assert.Null(StorageOutage.Runtime(exception));
        Assert.Null(StorageOutage.Archive(exception));
    }
}
