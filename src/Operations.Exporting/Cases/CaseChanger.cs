using System.Collections.Concurrent;
using Archiving.Cases;
using Archiving.Ledger;
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
    CallSearch calls,
    CaseBook book,
    WorkQueues queues,
    TimeProvider timeProvider,
    ILogger<CaseChanger> logger)
{
    private const int BatchSize = 200;
    private const int RequestsAtOnce = 16;
    private static readonly TimeSpan MaxDuration = TimeSpan.FromMinutes(3);

    /// <summary>Does a change, or as much of it as fits into a message.</summary>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task ChangeAsync(CaseMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        var started = timeProvider.GetTimestamp();
        while (await cases.FindChangeAsync(message.CaseId, message.Id, cancellationToken) is { HasFailed: false } change)
        {
            if (timeProvider.GetElapsedTime(started) > MaxDuration)
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
        if (await cases.FindChangeAsync(message.CaseId, message.Id, cancellationToken) is not { } change)
        {
            return;
        }

        var problem = change.Problem ?? "The app crashed repeatedly; its log says why.";
        if (!change.HasFailed)
        {
            await FailAsync(change, problem, cancellationToken);
        }

        switch (Enum.Parse<CaseChange>(change.Kind))
        {
            case CaseChange.Remove:
                await cases.CountAsync(change.PartitionKey, cancellationToken);
                break;
            case CaseChange.Add:
                // What was added is part of the case, and held when the case is.
                await cases.CountAsync(change.PartitionKey, cancellationToken);
                await book.HoldAddedAsync(change.PartitionKey, after: null, cancellationToken);
                break;
            case CaseChange.Hold:
                await TrySetStateAsync(change, HoldState.Incomplete, problem, cancellationToken);
                break;
            case CaseChange.Release:
                await TrySetStateAsync(change, HoldState.Releasing, problem, cancellationToken);
                break;
        }
    }

    /// <summary>
    /// Does a step. The next one reads the row again, and what the table has then decides, because the answer to a write can
    /// be lost. A step that is done again does no harm.
    /// </summary>
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
        var isAdd = change.Kind == nameof(CaseChange.Add);
        if (await cases.FindAsync(change.PartitionKey, cancellationToken) is not { } row)
        {
            await EndAsync(change, cancellationToken);
            return false;
        }

        if (isAdd && row.ClosedAt is not null)
        {
            // Closed between the request and its change.
            await cases.CountAsync(change.PartitionKey, cancellationToken);
            await FailAsync(change, "The case was closed meanwhile.", cancellationToken);
            return false;
        }

        var isHeld = isAdd && row.IsOnHold;
        if (isHeld && row.HoldState != HoldState.Placing)
        {
            await cases.MarkPlacingAsync(change.PartitionKey, by: null, cancellationToken);
        }

        var wanted = CaseSearch.Parse(change.Search!);
        var filter = wanted.ToFilter();
        SearchPosition? after = change.Position is { } cursor && SearchCursor.TryRead(filter, cursor, out var position) ? position : null;
        var (entries, nextPosition) = await FindAsync(wanted, filter, after, cancellationToken);
        var now = timeProvider.GetUtcNow();
        var items = entries.Select(entry => CaseObjectRow.Of(change.PartitionKey, entry, now)).ToList();
        if (isAdd)
        {
            await cases.AddObjectsAsync(items, cancellationToken);
        }
        else if (await cases.RemoveObjectsAsync(change.PartitionKey, items, cancellationToken) is { IsAll: false })
        {
            await cases.CountAsync(change.PartitionKey, cancellationToken);
            await FailAsync(change, "The case was put on hold. Release it before you remove objects from it.", cancellationToken);
            return false;
        }

        if (isHeld)
        {
            // The search may take long. What cannot be held now is named by the hold that follows it.
            await SetAsync(items, isHeld: true, cancellationToken);
        }

        change.Objects += items.Count;
        if (nextPosition is { } next)
        {
            change.Position = SearchCursor.Write(filter, next);
            await cases.TryWriteAsync(change, cancellationToken);
            return true;
        }

        await cases.CountAsync(change.PartitionKey, cancellationToken);
        foreach (var same in (await cases.ReadChangesAsync(change.PartitionKey, cancellationToken)).Where(IsEarlierAttempt))
        {
            await cases.EndChangeAsync(same, cancellationToken);
        }

        if (isAdd)
        {
            await book.HoldAddedAsync(change.PartitionKey, change.ChangeId, cancellationToken);
        }

        await EndAsync(change, cancellationToken);
        return false;

        bool IsEarlierAttempt(CaseChangeRow other) => other.HasFailed && other.Kind == change.Kind && other.Search == change.Search;
    }

    /// <summary>A page of a search, and where the next one begins.</summary>
    private async Task<(IEnumerable<LedgerEntry> Entries, SearchPosition? Next)> FindAsync(
        CaseSearch wanted,
        SearchFilter filter,
        SearchPosition? after,
        CancellationToken cancellationToken)
    {
        if (!wanted.Calls)
        {
            var objects = await search.FindAsync(filter, after, BatchSize, cancellationToken);
            return (objects.Entries, objects.Next);
        }

        var page = await calls.FindAsync(filter, after, CallSearch.MaxCalls, cancellationToken);
        return (page.Calls.SelectMany(call => call.Objects).DistinctBy(entry => entry.Key), page.Next);
    }

    private async Task<bool> HoldAsync(CaseChangeRow change, bool isHeld, CancellationToken cancellationToken)
    {
        // The opposite, or the same once more, may have been asked for meanwhile, which is a change of its own.
        if (await cases.SyncKeptAsync(change.PartitionKey, cancellationToken) is not { } row || !Decides(change, row))
        {
            await EndAsync(change, cancellationToken);
            return false;
        }

        if (change.NextPassAt - timeProvider.GetUtcNow() is { Ticks: > 0 } wait)
        {
            // The first message came again, or the next came early. The queue counts in whole seconds.
            await SendAsync(change, wait + TimeSpan.FromSeconds(1), cancellationToken);
            return false;
        }

        var items = await cases.ReadObjectsAsync(change.PartitionKey, change.Position, cancellationToken).Take(BatchSize).ToListAsync(cancellationToken);
        if (isHeld)
        {
            await cases.WriteMembershipsAsync(items, cancellationToken);
        }

        var refused = RefusedHolds.Parse(change.Refused);
        foreach (var (item, why) in await SetAsync(items, isHeld, cancellationToken))
        {
            refused.Add(item, why);
        }

        if (items.Count > 0)
        {
            change.Objects += items.Count;
            (change.Position, change.Refused) = (items[^1].RowKey, refused.ToJson());
            await cases.TryWriteAsync(change, cancellationToken);
            return true;
        }

        var problem = refused.Describe() ?? (isHeld ? await FindFailedAddAsync(change, cancellationToken) : null);
        await EndPassAsync(change, isHeld, problem, cancellationToken);
        return false;
    }

    /// <summary>Writes what a pass through all objects came to, and asks for a second one after the first.</summary>
    private async Task EndPassAsync(CaseChangeRow change, bool isHeld, string? problem, CancellationToken cancellationToken)
    {
        var state = (isHeld, problem) switch
        {
            (true, null) => HoldState.Held,
            (true, _) => HoldState.Incomplete,
            (false, null) => HoldState.None,
            (false, _) => HoldState.Releasing,
        };
        if (!await TrySetStateAsync(change, state, problem, cancellationToken))
        {
            await EndAsync(change, cancellationToken);
            return;
        }

        if (problem is not null)
        {
            await FailAsync(change, problem, cancellationToken);
            return;
        }

        change.Passes++;
        if (change.Passes > 1)
        {
            await EndAsync(change, cancellationToken);
            return;
        }

        // Instances that did not know yet archived without a hold, or held; now all of them know.
        var delay = ObjectHolds.Delay * 2;
        (change.Position, change.Objects, change.NextPassAt) = (null, 0, timeProvider.GetUtcNow() + delay);
        if (await cases.TryWriteAsync(change, cancellationToken)
            || await cases.FindChangeAsync(change.PartitionKey, change.ChangeId, cancellationToken) is { HasFailed: false, Passes: 1 })
        {
            await SendAsync(change, delay, cancellationToken);
        }
    }

    /// <summary>Holds or releases every blob of objects, of the others too when the storage refuses one.</summary>
    /// <returns>The objects that were refused, and why.</returns>
    private async Task<IEnumerable<(CaseObjectRow Item, string Why)>> SetAsync(
        IReadOnlyCollection<CaseObjectRow> items,
        bool isHeld,
        CancellationToken cancellationToken)
    {
        var refused = new ConcurrentQueue<(CaseObjectRow Item, string Why)>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = RequestsAtOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(items, options, async (item, token) =>
        {
            if (await SetAsync(item, isHeld, token) is { } why)
            {
                refused.Enqueue((item, why));
            }
        });
        return refused.OrderBy(each => each.Item.RowKey, StringComparer.Ordinal);
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

    /// <summary>Whether a change of a hold is the one that says how far that is. Those of 0.1.0 have no id in the case.</summary>
    private static bool Decides(CaseChangeRow change, CaseRow row) =>
        (row.HoldChange is null || row.HoldChange == change.ChangeId) && row.IsOnHold == (change.Kind == nameof(CaseChange.Hold));

    /// <summary>Writes how far a hold is.</summary>
    /// <returns><see langword="false"/> when that is not for this change to say.</returns>
    private async Task<bool> TrySetStateAsync(CaseChangeRow change, HoldState state, string? problem, CancellationToken cancellationToken)
    {
        while (await cases.FindAsync(change.PartitionKey, cancellationToken) is { } row && Decides(change, row))
        {
            // Not all of what is being added is held. When all of it is there, a hold of its own follows.
            if (state == HoldState.Held && (await cases.ReadChangesAsync(change.PartitionKey, cancellationToken)).Exists(IsAdding))
            {
                return false;
            }

            (row.Hold, row.HoldProblem) = (state.ToString(), problem);
            if (await cases.TryWriteAsync(row, cancellationToken))
            {
                return true;
            }
        }

        return false;

        bool IsAdding(CaseChangeRow other) => !other.HasFailed && other.Kind == nameof(CaseChange.Add) && other.ChangeId != change.After;
    }

    /// <summary>Why objects are missing that were to be added.</summary>
    private async Task<string?> FindFailedAddAsync(CaseChangeRow change, CancellationToken cancellationToken)
    {
        var changes = await cases.ReadChangesAsync(change.PartitionKey, cancellationToken);
        return changes.Find(other => other.HasFailed && other.Kind == nameof(CaseChange.Add)) is { } failed
            ? $"Not every object that was to be added is in the case: {failed.Problem} Add the objects of the search again. What was added is on hold."
            : null;
    }

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
