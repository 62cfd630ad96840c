using Archiving.Queues;
using Testing;

namespace Archiving.Tests;

public sealed class SendingTurnsTests : IDisposable
{
    private readonly List<int> _sent = [];
    private readonly SemaphoreSlim _answers = new(0);

    [Fact]
    public async Task Sender_sends_so_many_at_once_and_no_more_in_the_order_in_which_they_came()
    {
        using var turns = new SendingTurns(maxSends: 3);

        // Of three windows, as it were.
        var all = Enumerable.Range(0, 9).Select(number => turns.RunAsync(() => SendAsync(number))).ToList();

        Assert.Equal([0, 1, 2], _sent);
        Assert.DoesNotContain(all, sending => sending.IsCompleted);
        for (var sent = 3; sent < 9; sent++)
        {
            _answers.Release();
            await Eventually.HoldsAsync(() => CountSent() == sent + 1, "the next is sent");
        }

        _answers.Release(3);
        await Task.WhenAll(all);
        Assert.Equal(Enumerable.Range(0, 9), _sent);
    }

    [Fact]
    public async Task Sender_sends_on_after_all_were_sent()
    {
        using var turns = new SendingTurns(maxSends: 2);
        for (var round = 0; round < 3; round++)
        {
            _answers.Release(5);
            await Task.WhenAll(Enumerable.Range(0, 5).Select(number => turns.RunAsync(() => SendAsync(number))));
        }

        Assert.Equal(15, _sent.Count);
    }

    [Fact]
    public async Task Sender_fails_what_cannot_be_sent_and_sends_the_rest()
    {
        using var turns = new SendingTurns(maxSends: 1);
        _answers.Release(3);

        var all = Enumerable.Range(0, 4).Select(number => turns.RunAsync(() => number == 1 ? throw new InvalidOperationException("full") : SendAsync(number)))
            .ToList();

        await Assert.ThrowsAsync<InvalidOperationException>(() => Task.WhenAll(all));
        Assert.Equal([0, 2, 3], _sent);
        Assert.Equal(1, all.Count(sending => sending.IsFaulted));
    }

    [Fact]
    public async Task Sender_leaves_no_place_taken_when_sends_end_at_once()
    {
        using var turns = new SendingTurns(maxSends: 2);
        for (var number = 0; number < 100_000; number++)
        {
            await turns.RunAsync(() => Task.CompletedTask);
        }

        _answers.Release(2);
        await Task.WhenAll(turns.RunAsync(() => SendAsync(1)), turns.RunAsync(() => SendAsync(2)));
        Assert.Equal([1, 2], _sent);
    }

    public void Dispose() => _answers.Dispose();

    private int CountSent()
    {
        lock (_sent)
        {
            return _sent.Count;
        }
    }

    private async Task SendAsync(int number)
    {
        lock (_sent)
        {
            _sent.Add(number);
        }

        await _answers.WaitAsync(TestContext.Current.CancellationToken);
    }
}
