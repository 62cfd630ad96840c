using Archiving.Ledger;
using Archiving.Model;

namespace Archiving.Tests;

public sealed class SharedWritesTests : IDisposable
{
    private readonly List<List<string>> _requests = [];
    private readonly SemaphoreSlim _answers = new(0);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Writer_writes_a_row_that_comes_alone_at_once()
    {
        var writes = new SharedWrites(WriteAsync, maxRows: 100);

        var one = writes.WriteAsync(Row("a"), Cancellation);
        Assert.Equal(["a"], Assert.Single(_requests));
        _answers.Release();
        await one;

        var two = writes.WriteAsync(Row("b"), Cancellation);
        _answers.Release();
        await two;
        Assert.Equal(["b"], _requests[1]);
    }

    [Fact]
    public async Task Writer_writes_together_what_comes_while_a_request_is_under_way()
    {
        var writes = new SharedWrites(WriteAsync, maxRows: 3);

        var all = "abcdef".Select(id => writes.WriteAsync(Row(id.ToString()), Cancellation)).ToList();
        _answers.Release(3);
        await Task.WhenAll(all);

        Assert.Equal((string[])["a", "bcd", "ef"], _requests.Select(rows => string.Concat(rows)));
    }

    [Fact]
    public async Task Writer_does_not_wait_for_another_partition()
    {
        var writes = new SharedWrites(WriteAsync, maxRows: 100);

        var all = ((string[])["uk|1", "uk|2"]).Select(partition => writes.WriteAsync(Row("a", partition), Cancellation)).ToList();
        Assert.Equal(2, _requests.Count);
        _answers.Release(2);
        await Task.WhenAll(all);
    }

    [Fact]
    public async Task Writer_puts_no_row_into_a_request_twice()
    {
        var writes = new SharedWrites(WriteAsync, maxRows: 100);

        var all = ((string[])["x", "a", "b", "a", "a"]).Select(id => writes.WriteAsync(Row(id), Cancellation)).ToList();
        _answers.Release(4);
        await Task.WhenAll(all);

        Assert.Equal((string[])["x", "ab", "a", "a"], _requests.Select(rows => string.Concat(rows)));
    }

    [Fact]
    public async Task Writer_writes_each_alone_when_they_cannot_be_written_together_and_fails_that_which_cannot_be_written()
    {
        var writes = new SharedWrites(
            async rows =>
            {
                await WriteAsync(rows);
                if (rows.Any(row => row.RowKey == "bad"))
                {
                    throw new InvalidOperationException("bad");
                }
            },
            maxRows: 100);

        var all = ((string[])["x", "a", "bad", "c"]).ToDictionary(id => id, id => writes.WriteAsync(Row(id), Cancellation), StringComparer.Ordinal);
        _answers.Release(5);

        await all["a"];
        await all["c"];
        Assert.Equal("bad", (await Assert.ThrowsAsync<InvalidOperationException>(() => all["bad"])).Message);
        var last = writes.WriteAsync(Row("d"), Cancellation);
        _answers.Release();
        await last;
    }

    [Fact]
    public async Task Writer_fails_all_at_once_when_the_storage_does_not_work()
    {
        var writes = new SharedWrites(
            async rows =>
            {
                await WriteAsync(rows);
                throw new OutageException(Condition.Runtime, "down", innerException: null);
            },
            maxRows: 100);

        var all = "abcd".Select(id => writes.WriteAsync(Row(id.ToString()), Cancellation)).ToList();
        _answers.Release(2);

        foreach (var write in all)
        {
            await Assert.ThrowsAsync<OutageException>(() => write);
        }

        Assert.Equal((string[])["a", "bcd"], _requests.Select(rows => string.Concat(rows)));
    }

    [Fact]
    public async Task Writer_writes_a_row_whose_caller_has_stopped_waiting()
    {
        var writes = new SharedWrites(WriteAsync, maxRows: 100);
        using var impatient = new CancellationTokenSource();

        var first = writes.WriteAsync(Row("a"), Cancellation);
        var second = writes.WriteAsync(Row("b"), impatient.Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        var third = writes.WriteAsync(Row("c"), Cancellation);
        _answers.Release(2);
        await first;
        await third;

        Assert.Equal((string[])["a", "bc"], _requests.Select(rows => string.Concat(rows)));
    }

    public void Dispose() => _answers.Dispose();

    private static LedgerEntry Row(string id, string partition = "uk|20261124") => new() { PartitionKey = partition, RowKey = id };

    private async Task WriteAsync(IReadOnlyList<LedgerEntry> rows)
    {
        lock (_requests)
        {
            _requests.Add([.. rows.Select(row => row.RowKey)]);
        }

        await _answers.WaitAsync(Cancellation);
    }
}
