using System.Collections.Concurrent;
using Archiving.Cases;
using Archiving.Model;
using Archiving.Queues;
using Microsoft.Extensions.Logging;
using Operations.Search;

namespace Operations.Cases;

/// <summary>
/// Does what is done with many objects of a case: adds or removes what a search finds, places or clears legal holds. The
/// change's row says how far it is, so a delivery goes on where another crashed, and one message works for a few minutes at most.
/// </summary>
public sealed partial class CaseChanger(
    CaseStore cases,
    ObjectHolds holds,
    ObjectSearch search,
    CaseBook book,
    WorkQueues queues,
    TimeProvider timeProvider,
    ILogger<CaseChanger> logger)
{
    private const int AtOnce = 200;
    private const int RequestsAtOnce = 16;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(3);

    /// <summary>Does a change, or as much of it as fits into a message.</summary>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task ChangeAsync(CaseMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        var started = timeProvider.GetTimestamp();
        while (await cases.FindChangeAsync(message.CaseId, message.Id, cancellationToken) is { HasFailed: false } change)
        {
            if (timeProvider.GetElapsedTime(started) > Longest)
            {
                await SendAsync(change, TimeSpan.Zero, cancellationToken);
                return;
            }

            if (!await StepAsync(change, cancellationToken))
            {
                return;
            }
        }
    }

    /// <summary>Records that a change failed too often.</summary>
    public async Task RecordFailureAsync(CaseMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (await cases.FindChangeAsync(message.CaseId, message.Id, cancellationToken) is { HasFailed: false } change)
        {
            await FailAsync(change, change.Problem ?? "The app crashed repeatedly; its log says why.", cancellationToken);
        }
    }

    /// <summary>Does a step.</summary>
    /// <returns>Whether another is to follow at once.</returns>
    private async Task<bool> StepAsync(CaseChangeRow change, CancellationToken cancellationToken)
    {
        try
        {
            return Enum.Parse<CaseChange>(change.Kind) switch
            {
                CaseChange.Add or CaseChange.Remove => await SearchAsync(change, cancellationToken),
                CaseChange.Hold => await HoldAsync(change, isHeld: true, cancellationToken),
                _ => await HoldAsync(change, isHeld: false, cancellationToken),
            };
        }
        catch (Exception exception) when (exception is not OutageException && !cancellationToken.IsCancellationRequested)
        {
            // For the row, should it be the last attempt.
            change.Problem = FailureText.Of(exception);
            await cases.TryWriteAsync(change, cancellationToken);
            throw;
        }
    }

    private async Task<bool> SearchAsync(CaseChangeRow change, CancellationToken cancellationToken)
    {
        var filter = CaseSearch.Parse(change.Search!).ToFilter();
        SearchPosition? after = change.Position is { } cursor && SearchCursor.TryRead(filter, cursor, out var position) ? position : null;
        var page = await search.FindAsync(filter, after, AtOnce, cancellationToken);
        var now = timeProvider.GetUtcNow();
        var items = page.Entries.Select(entry => CaseObjectRow.Of(change.PartitionKey, entry, now)).ToList();
        await (change.Kind == nameof(CaseChange.Add) ? cases.AddObjectsAsync(items, cancellationToken) : cases.RemoveObjectsAsync(items, cancellationToken));
        change.Objects += items.Count;
        if (page.Next is { } next)
        {
            change.Position = SearchCursor.Write(filter, next);
            return await cases.TryWriteAsync(change, cancellationToken);
        }

        await cases.CountAsync(change.PartitionKey, cancellationToken);
        if (change.Kind == nameof(CaseChange.Add)
            && await cases.FindAsync(change.PartitionKey, cancellationToken) is { ClosedAt: null } row && row.HoldState != HoldState.None)
        {
            await book.HoldAsync(row, cancellationToken);
        }

        await EndAsync(change, cancellationToken);
        return false;
    }

    private async Task<bool> HoldAsync(CaseChangeRow change, bool isHeld, CancellationToken cancellationToken)
    {
        // The opposite may have been asked for meanwhile, which is a change of its own.
        if (await cases.FindAsync(change.PartitionKey, cancellationToken) is not { } row
            || isHeld != (row.HoldState is HoldState.Placing or HoldState.Held or HoldState.Incomplete))
        {
            await EndAsync(change, cancellationToken);
            return false;
        }

        var items = await cases.ReadObjectsAsync(change.PartitionKey, change.Position, cancellationToken).Take(AtOnce).ToListAsync(cancellationToken);
        var problems = new ConcurrentQueue<string>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = RequestsAtOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(items, options, async (item, token) =>
        {
            if (await SetAsync(item, isHeld, token) is { } failed)
            {
                problems.Enqueue(failed);
            }
        });
        if (problems.TryPeek(out var problem))
        {
            await SetStateAsync(change, isHeld ? HoldState.Incomplete : HoldState.Releasing, problem, cancellationToken);
            await FailAsync(change, problem, cancellationToken);
            return false;
        }

        change.Objects += items.Count;
        if (items.Count > 0)
        {
            change.Position = items[^1].RowKey;
            return await cases.TryWriteAsync(change, cancellationToken);
        }

        await SetStateAsync(change, isHeld ? HoldState.Held : HoldState.None, problem: null, cancellationToken);
        change.Passes++;
        if (change.Passes > 1)
        {
            await EndAsync(change, cancellationToken);
            return false;
        }

        // Instances that did not know yet archived without a hold, or held; now all of them know.
        change.Position = null;
        if (await cases.TryWriteAsync(change, cancellationToken))
        {
            await SendAsync(change, ObjectHolds.Delay * 2, cancellationToken);
        }

        return false;
    }

    private async Task<string?> SetAsync(CaseObjectRow item, bool isHeld, CancellationToken cancellationToken)
    {
        if (isHeld)
        {
            return await holds.SetAsync(item, isHeld: true, cancellationToken);
        }

        // Another case may have it on hold, or may just now place its hold.
        var problem = await holds.IsHeldAsync(item.Key, cancellationToken) ? null : await holds.SetAsync(item, isHeld: false, cancellationToken);
        return problem is null && await holds.IsHeldAsync(item.Key, cancellationToken) ? await holds.SetAsync(item, isHeld: true, cancellationToken) : problem;
    }

    private Task<CaseRow?> SetStateAsync(CaseChangeRow change, HoldState state, string? problem, CancellationToken cancellationToken) => cases.UpdateAsync(
        change.PartitionKey,
        row =>
        {
            var isHold = state is HoldState.Held or HoldState.Incomplete;
            if (isHold != (row.HoldState is HoldState.Placing or HoldState.Held or HoldState.Incomplete))
            {
                return false;
            }

            (row.Hold, row.HoldProblem) = (state.ToString(), problem);
            return true;
        },
        cancellationToken);

    private async Task FailAsync(CaseChangeRow change, string problem, CancellationToken cancellationToken)
    {
        (change.Problem, change.HasFailed) = (problem, true);
        await cases.WriteAsync(change, cancellationToken);
        Log.Failed(logger, change.Kind, change.PartitionKey, problem);
    }

    private async Task EndAsync(CaseChangeRow change, CancellationToken cancellationToken)
    {
        await cases.EndChangeAsync(change, cancellationToken);
        Log.Done(logger, change.Kind, change.PartitionKey, change.Objects);
    }

    private Task SendAsync(CaseChangeRow change, TimeSpan delay, CancellationToken cancellationToken) =>
        queues.SendAsync(QueueNames.ChangeCases, CaseMessage.About(change.PartitionKey, change.ChangeId), delay, cancellationToken);

    private static partial class Log
    {
        [LoggerMessage(EventId = 3120, Level = LogLevel.Information, Message = "Completed {Kind} for case {CaseId}: {Objects} objects")]
        public static partial void Done(ILogger logger, string kind, string caseId, long objects);

        [LoggerMessage(EventId = 3121, Level = LogLevel.Error, Message = "{Kind} for case {CaseId} failed: {Problem}")]
        public static partial void Failed(ILogger logger, string kind, string caseId, string problem);
    }
}
