using Archiving.Cases;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Microsoft.Extensions.Logging;
using Operations.Access;

namespace Operations.Cases;

/// <summary>Makes cases, shows them, and starts what is done with them. The work itself goes through queues.</summary>
public sealed partial class CaseBook(CaseStore cases, ObjectFinder finder, WorkQueues queues, TimeProvider timeProvider, ILogger<CaseBook> logger)
{
    /// <summary>Maximum number of objects that one request names.</summary>
    public const int MaxObjects = 1000;

    private const int ReadsAtOnce = 16;

    // Work whose rows did not change for so long may have lost its message to a crash, and gets another.
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(10);

    /// <summary>Makes a case.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="reason">Why it is made.</param>
    /// <param name="actor">Who makes it.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    public async Task<CreatedCase> CreateAsync(string name, string reason, Caller actor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        var now = timeProvider.GetUtcNow();
        var row = new CaseRow
        {
            RowKey = CaseStore.NewId(now),
            Name = name,
            Reason = reason,
            CreatedAt = now,
            CreatedBy = actor.DisplayName,
            CreatedById = actor.Id,
        };
        await cases.WriteAsync(row, cancellationToken);
        Log.Created(logger, row.RowKey);
        return new CreatedCase(row.RowKey);
    }

    /// <summary>Every case, the newest first.</summary>
    public async Task<CaseList> ListAsync(CancellationToken cancellationToken) =>
        new([.. (await cases.ReadAllAsync(cancellationToken)).OrderByDescending(row => row.RowKey, StringComparer.Ordinal).Select(CaseItem.Of)]);

    /// <summary>A case; <see langword="null"/> when there is none of this id.</summary>
    public async Task<CaseRow?> FindAsync(string caseId, CancellationToken cancellationToken) =>
        CaseStore.IsId(caseId) ? await cases.FindAsync(caseId, cancellationToken) : null;

    /// <summary>Shows a case.</summary>
    public async Task<CaseDetails> DescribeAsync(CaseRow row, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        var changes = await cases.ReadChangesAsync(row.RowKey, cancellationToken);
        var exports = await cases.ReadExportsAsync(row.RowKey, cancellationToken);

        // Read again, because a change that has ended since has left its counts there.
        row = await cases.FindAsync(row.RowKey, cancellationToken) ?? row;
        return new CaseDetails(CaseItem.Of(row))
        {
            HoldProblem = row.HoldProblem,
            ClosedAt = row.ClosedAt,
            Changing = changes.Exists(ChangesObjects),
            Changes =
            [
                .. changes.Where(change => (change.Passes == 0 || change.HasFailed) && !IsSuperseded(change, row)).Select(change => new CaseChangeItem(
                    change.Kind,
                    change.HasFailed ? "Failed" : "Running",
                    change.Objects,
                    change.StartedAt,
                    change.Problem)),
            ],
            Exports =
            [
                .. exports.OrderByDescending(export => export.RowKey, StringComparer.Ordinal)
                    .Select(export => new ExportItem(export.ExportId, export.State, export.CreatedAt, export.Objects, export.Bytes)),
            ],
        };
    }

    /// <summary>Finds the rows of objects.</summary>
    /// <returns>The rows, and the first object that is not known.</returns>
    public async Task<(IReadOnlyList<LedgerEntry> Entries, CaseObject? Unknown)> FindObjectsAsync(
        IReadOnlyCollection<CaseObject> objects,
        CancellationToken cancellationToken)
    {
        var entries = new List<LedgerEntry>(objects.Count);
        foreach (var chunk in objects.Distinct().Chunk(ReadsAtOnce))
        {
            var rows = await Task.WhenAll(chunk.Select(item => finder.FindAsync(item.Region, item.Id, item.Created, cancellationToken)));
            if (Array.IndexOf(rows, null) is >= 0 and var missing)
            {
                return (entries, chunk[missing]);
            }

            entries.AddRange(rows!);
        }

        return (entries, null);
    }

    /// <summary>Adds objects, and starts to add what a search finds. A case on hold says at once that not every blob of it is held.</summary>
    /// <exception cref="RefusedException">The case is closed.</exception>
    public async Task AddAsync(CaseRow row, IReadOnlyCollection<LedgerEntry> objects, CaseSearch? search, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        await FindOpenAsync(row.RowKey, cancellationToken);
        if (objects.Count > 0)
        {
            var now = timeProvider.GetUtcNow();
            var items = objects.DistinctBy(entry => entry.Key).Select(entry => CaseObjectRow.Of(row.RowKey, entry, now)).ToList();
            var early = await PrepareHoldAsync(row.RowKey, after: null, cancellationToken);
            await cases.AddObjectsAsync(items, cancellationToken);
            await cases.CountAsync(row.RowKey, cancellationToken);
            await HoldAddedAsync(row.RowKey, after: null, cancellationToken);
            if (early is not null)
            {
                await cases.EndChangeAsync(early, cancellationToken);
            }
        }

        if (search is not null)
        {
            // First the change: a hold that ends meanwhile sees it, or that the case says Placing.
            var change = await WriteAsync(row.RowKey, CaseChange.Add, search, cancellationToken);
            await cases.MarkPlacingAsync(row.RowKey, by: null, cancellationToken);
            await SendAsync(change, cancellationToken);
        }
    }

    /// <summary>Finds objects of a case, also those that the ledger no longer knows.</summary>
    /// <returns>Their rows, and the first object that neither case nor ledger knows.</returns>
    public async Task<(IReadOnlyList<CaseObjectRow> Rows, CaseObject? Unknown)> FindMembersAsync(
        CaseRow row,
        IReadOnlyCollection<CaseObject> objects,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(objects);
        if (objects.Count == 0)
        {
            return ([], null);
        }

        var wanted = objects.Select(item => (item.Region, item.Id)).ToHashSet();
        var members = await cases.ReadObjectsAsync(row.RowKey, after: null, cancellationToken)
            .Where(member => wanted.Contains((member.Region, member.Id)))
            .ToListAsync(cancellationToken);
        var found = members.Select(member => (member.Region, member.Id)).ToHashSet();
        var (_, unknown) = await FindObjectsAsync([.. objects.Where(item => !found.Contains((item.Region, item.Id)))], cancellationToken);
        return (members, unknown);
    }

    /// <summary>Removes objects, and starts to remove what a search finds.</summary>
    /// <exception cref="RefusedException">The case is closed or on hold.</exception>
    public async Task RemoveAsync(CaseRow row, IReadOnlyCollection<CaseObjectRow> objects, CaseSearch? search, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        if ((await FindOpenAsync(row.RowKey, cancellationToken)).HoldState != HoldState.None)
        {
            throw new RefusedException("The case is on hold. Release it before you remove objects from it.");
        }

        if (objects.Count > 0)
        {
            var (removed, isAll) = await cases.RemoveObjectsAsync(row.RowKey, objects, cancellationToken);
            await cases.CountAsync(row.RowKey, cancellationToken);
            if (!isAll)
            {
                throw new RefusedException(
                    $"The case was put on hold. {removed} of the objects were removed before that. Release it before you remove the others.");
            }
        }

        if (search is not null)
        {
            await SendAsync(await WriteAsync(row.RowKey, CaseChange.Remove, search, cancellationToken), cancellationToken);
        }
    }

    /// <summary>Starts to put every blob of a case on legal hold. What failed before is forgotten: this tries it again.</summary>
    /// <exception cref="RefusedException">The case is closed, or objects are being removed from it.</exception>
    public async Task HoldAsync(CaseRow row, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        await FindOpenAsync(row.RowKey, cancellationToken);
        var changes = await cases.ReadChangesAsync(row.RowKey, cancellationToken);
        if (changes.Exists(change => !change.HasFailed && change.Kind == nameof(CaseChange.Remove)))
        {
            await RefuseChangingAsync(row.RowKey, cancellationToken);
        }

        await SendQuietAsync(row.RowKey, changes.Where(ChangesObjects), cancellationToken);

        foreach (var failed in changes.Where(change => change.HasFailed && change.Kind != nameof(CaseChange.Remove)))
        {
            await cases.EndChangeAsync(failed, cancellationToken);
        }

        await cases.KeepAsync(row.RowKey, cancellationToken);
        await StartAsync(row.RowKey, CaseChange.Hold, cancellationToken);
    }

    /// <summary>Starts to hold what was added to a case, if that is on hold.</summary>
    /// <param name="caseId">The case.</param>
    /// <param name="after">The change that added it and has not ended; <see langword="null"/> for none.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    internal async Task HoldAddedAsync(string caseId, string? after, CancellationToken cancellationToken)
    {
        if (await PrepareHoldAsync(caseId, after, cancellationToken) is { } change)
        {
            await SendAsync(change, cancellationToken);
        }
    }

    /// <summary>Starts to release the legal hold of a case.</summary>
    public async Task ReleaseAsync(CaseRow row, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (row.HoldState == HoldState.None)
        {
            // A hold that failed before it began may have left its objects kept.
            await cases.SyncKeptAsync(row.RowKey, cancellationToken);
            return;
        }

        await StartAsync(row.RowKey, CaseChange.Release, cancellationToken);
    }

    /// <summary>Closes a case.</summary>
    /// <exception cref="RefusedException">It is on hold, or objects are being added or removed.</exception>
    public async Task CloseAsync(CaseRow row, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        await RefuseChangingAsync(row.RowKey, cancellationToken);
        await cases.UpdateAsync(
            row.RowKey,
            present =>
            {
                if (present.HoldState != HoldState.None)
                {
                    throw new RefusedException("The case is on hold. Release it, and wait until its hold is None, before you close it.");
                }

                present.ClosedAt ??= timeProvider.GetUtcNow();
                return true;
            },
            cancellationToken);
        await cases.SyncKeptAsync(row.RowKey, cancellationToken);
        Log.Closed(logger, row.RowKey);
    }

    /// <summary>Starts an export of all objects that a case has now. While one is being written, that one is meant.</summary>
    /// <param name="row">The case.</param>
    /// <param name="actor">Who asks for it.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    /// <exception cref="RefusedException">The case has no objects, or is being changed.</exception>
    public async Task<StartedExport> ExportAsync(CaseRow row, string actor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        await RefuseChangingAsync(row.RowKey, cancellationToken);

        // Read again, because a change that has ended since has left its counts there.
        row = await cases.FindAsync(row.RowKey, cancellationToken) ?? row;
        if (row.Objects == 0)
        {
            throw new RefusedException("The case has no objects. Add some first.");
        }

        var now = timeProvider.GetUtcNow();
        if ((await cases.ReadExportsAsync(row.RowKey, cancellationToken)).Find(export => export.Is(ExportState.Running)) is { } running)
        {
            var parts = await cases.ReadPartsAsync(running, cancellationToken);
            if (parts.Select(part => part.Timestamp).Append(running.Timestamp).Max() < now - Quiet)
            {
                await queues.SendAsync(QueueNames.ExportCases, CaseMessage.About(row.RowKey, running.ExportId), TimeSpan.Zero, cancellationToken);
            }

            return new StartedExport(running.ExportId);
        }

        var exportId = CaseStore.NewId(now);
        var export = new ExportRow
        {
            PartitionKey = row.RowKey,
            RowKey = ExportRow.Prefix + exportId,
            CreatedAt = now,
            CreatedBy = actor,
            Objects = row.Objects,
            Bytes = row.Bytes,
        };
        await cases.WriteAsync(export, cancellationToken);
        await queues.SendAsync(QueueNames.ExportCases, CaseMessage.About(row.RowKey, exportId), TimeSpan.Zero, cancellationToken);
        Log.ExportStarted(logger, row.RowKey, exportId, row.Objects);
        return new StartedExport(exportId);
    }

    /// <summary>Whether a change adds or removes objects, and is not over.</summary>
    private static bool ChangesObjects(CaseChangeRow change) =>
        !change.HasFailed && change.Kind is nameof(CaseChange.Add) or nameof(CaseChange.Remove);

    /// <summary>Whether a change decides nothing any more, because the hold was changed after it.</summary>
    private static bool IsSuperseded(CaseChangeRow change, CaseRow row) =>
        change.Kind is nameof(CaseChange.Hold) or nameof(CaseChange.Release) && row.HoldChange is { } current && current != change.ChangeId;

    /// <summary>The case as it is now: what the caller has read may be as old as the objects took to be found.</summary>
    private async Task<CaseRow> FindOpenAsync(string caseId, CancellationToken cancellationToken) =>
        await cases.FindAsync(caseId, cancellationToken) is { ClosedAt: null } row
            ? row
            : throw new RefusedException("The case is closed. Make another one.");

    private async Task RefuseChangingAsync(string caseId, CancellationToken cancellationToken)
    {
        var changing = (await cases.ReadChangesAsync(caseId, cancellationToken)).FindAll(ChangesObjects);
        await SendQuietAsync(caseId, changing, cancellationToken);
        if (changing.Count > 0)
        {
            throw new RefusedException("Objects are still being added to the case or removed from it. Wait until \"changing\" is false.");
        }
    }

    /// <summary>Sends what adds or removes objects again that may have lost its message.</summary>
    private async Task SendQuietAsync(string caseId, IEnumerable<CaseChangeRow> changing, CancellationToken cancellationToken)
    {
        foreach (var quiet in changing.Where(change => change.Timestamp < timeProvider.GetUtcNow() - Quiet))
        {
            await queues.SendAsync(QueueNames.ChangeCases, CaseMessage.About(caseId, quiet.ChangeId), TimeSpan.Zero, cancellationToken);
        }
    }

    /// <summary>Starts a change of the hold, which alone says from now on how far that is.</summary>
    private async Task StartAsync(string caseId, CaseChange kind, CancellationToken cancellationToken)
    {
        var change = await WriteAsync(caseId, kind, search: null, cancellationToken);
        await cases.UpdateAsync(
            caseId,
            row =>
            {
                var state = kind == CaseChange.Hold ? HoldState.Placing : HoldState.Releasing;
                (row.Hold, row.HoldProblem, row.HoldChange) = (state.ToString(), null, change.ChangeId);
                return true;
            },
            cancellationToken);
        if (kind == CaseChange.Hold)
        {
            await cases.GuardAsync(caseId, cancellationToken);
        }

        await cases.SyncKeptAsync(caseId, cancellationToken);
        await SendAsync(change, cancellationToken);
    }

    /// <summary>
    /// Has another hold of a case on hold say from now on how far that is. Its message is sent first and comes later: the hold
    /// under way ends, so whatever fails from here on, this one follows it.
    /// </summary>
    /// <returns>The hold, to start at once when the objects are there; <see langword="null"/> when the case is not on hold.</returns>
    private async Task<CaseChangeRow?> PrepareHoldAsync(string caseId, string? after, CancellationToken cancellationToken)
    {
        if (await cases.FindAsync(caseId, cancellationToken) is not { ClosedAt: null, IsOnHold: true })
        {
            return null;
        }

        var change = await WriteAsync(caseId, CaseChange.Hold, search: null, cancellationToken, after);
        await queues.SendAsync(QueueNames.ChangeCases, CaseMessage.About(caseId, change.ChangeId), ObjectHolds.Delay * 2, cancellationToken);
        if ((await cases.MarkPlacingAsync(caseId, change.ChangeId, cancellationToken))?.HoldChange == change.ChangeId)
        {
            return change;
        }

        await cases.EndChangeAsync(change, cancellationToken);
        return null;
    }

    private async Task<CaseChangeRow> WriteAsync(
        string caseId,
        CaseChange kind,
        CaseSearch? search,
        CancellationToken cancellationToken,
        string? after = null)
    {
        var now = timeProvider.GetUtcNow();
        var change = new CaseChangeRow
        {
            PartitionKey = caseId,
            RowKey = CaseChangeRow.Prefix + CaseStore.NewId(now),
            Kind = kind.ToString(),
            Search = search?.ToJson(),
            After = after,
            StartedAt = now,
        };
        await cases.WriteAsync(change, cancellationToken);
        return change;
    }

    private async Task SendAsync(CaseChangeRow change, CancellationToken cancellationToken)
    {
        await queues.SendAsync(QueueNames.ChangeCases, CaseMessage.About(change.PartitionKey, change.ChangeId), TimeSpan.Zero, cancellationToken);
        Log.ChangeStarted(logger, change.Kind, change.PartitionKey);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 3110, Level = LogLevel.Information, Message = "Created case {CaseId}")]
        public static partial void Created(ILogger logger, string caseId);

        [LoggerMessage(EventId = 3111, Level = LogLevel.Information, Message = "Closed case {CaseId}")]
        public static partial void Closed(ILogger logger, string caseId);

        [LoggerMessage(EventId = 3112, Level = LogLevel.Information, Message = "Started {Kind} for case {CaseId}")]
        public static partial void ChangeStarted(ILogger logger, string kind, string caseId);

        [LoggerMessage(EventId = 3113, Level = LogLevel.Information, Message = "Started export {ExportId} of case {CaseId}: {Objects} objects")]
        public static partial void ExportStarted(ILogger logger, string caseId, string exportId, long objects);
    }
}
