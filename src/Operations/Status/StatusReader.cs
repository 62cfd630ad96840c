using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Settings;

namespace Operations.Status;

/// <summary>Reads the status from the summaries of the ledger.</summary>
public sealed class StatusReader(
    DaySummaries summaries,
    ListingStore listings,
    ListingInspector inspector,
    WorkQueues queues,
    PoisonCounts poisonCounts,
    TokenStatusReader tokens,
    ArchiverOptions options,
    TimeProvider timeProvider)
{
    /// <summary>Reads the status of the archive.</summary>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<StatusReport> ReadAsync(CancellationToken cancellationToken)
    {
        var days = await summaries.ReadAsync(region: null, from: null, to: null, cancellationToken, isQuick: true);
        var watermarks = await listings.ReadWatermarksAsync(cancellationToken);
        var listed = watermarks.Where(row => !row.IsLeft).ToDictionary(
            row => row.Region,
            row => new ListingStatus(row.Watermark, row.LastCompleted) { Began = row.Began ?? row.ActiveSince },
            StringComparer.Ordinal);
        var queueCounts = new Dictionary<string, long>(await queues.CountAsync(QueueNames.All, cancellationToken), StringComparer.Ordinal);
        foreach (var (name, count) in await poisonCounts.ReadAsync(cancellationToken))
        {
            queueCounts[name] = count;
        }

        var token = await tokens.ReadAsync(cancellationToken);
        var objects = Enum.GetNames<LedgerState>().ToDictionary(name => name, _ => 0L, StringComparer.Ordinal);
        var byType = new SortedDictionary<string, IReadOnlyDictionary<string, long>>(StringComparer.Ordinal);
        var types = days.SelectMany(day => day.Types).ToList();
        foreach (var type in types.GroupBy(type => type.Key, StringComparer.Ordinal))
        {
            var states = type.SelectMany(summary => summary.Value.States).GroupBy(state => state.Key, StringComparer.Ordinal)
                .ToDictionary(state => state.Key, state => state.Sum(count => count.Value), StringComparer.Ordinal);
            byType[type.Key] = states;
            foreach (var (state, count) in states)
            {
                objects[state] = objects.GetValueOrDefault(state) + count;
            }
        }

        var now = timeProvider.GetUtcNow();
        var risks = FindRisks(days, now);
        var oldest = days.SelectMany(day => day.Types, (day, type) => (day.Region, Type: type.Key, Summary: type.Value))
            .Where(type => type.Summary.OldestCreatedTime is not null)
            .OrderBy(type => type.Summary.OldestCreatedTime)
            .FirstOrDefault();
        var oldestUnarchived = oldest.Summary is { OldestId: { } id, OldestCreatedTime: { } created }
            ? new UnarchivedObject(id, oldest.Region, created, options.Retention.DeletedOn(oldest.Type, created, oldest.Summary.OldestRetentionDays))
            : null;
        var waiting = objects[nameof(LedgerState.Queued)] + objects[nameof(LedgerState.Restoring)];
        return new StatusReport(
            VerdictWriter.Write(objects, waiting, oldestUnarchived, risks, listed, await inspector.InspectAsync(watermarks, cancellationToken), now),
            objects,
            byType,
            types.Sum(type => type.Value.Bytes),
            waiting,
            queueCounts,
            token,
            listed,
            oldestUnarchived,
            risks.Sum(risk => risk.Count),
            risks)
        {
            OldestRead = types.Select(type => type.Value.OldestRead).Min(),
        };
    }

    private List<Risk> FindRisks(IReadOnlyList<DaySummary> days, DateTimeOffset now)
    {
        var risks = new Dictionary<(string Region, string Type), Risk>();
        foreach (var (day, type, summary) in days.SelectMany(day => day.Types, (day, type) => (day, type.Key, type.Value)))
        {
            foreach (var (ruleDays, hour, count) in Unarchived(summary))
            {
                // By the hour's beginning: an object may be called at risk up to an hour early, never late.
                var deletedOn = options.Retention.DeletedOn(type, day.Day.AddHours(hour), ruleDays);
                if (deletedOn > now + RetentionOptions.AtRisk)
                {
                    continue;
                }

                var risk = risks.GetValueOrDefault((day.Region, type)) ?? new Risk(day.Region, type, 0, deletedOn);
                var earlier = deletedOn < risk.DeletedBy8x8On ? deletedOn : risk.DeletedBy8x8On;
                risks[(day.Region, type)] = risk with { Count = risk.Count + count, DeletedBy8x8On = earlier };
            }
        }

        return
        [
            .. risks.Values
                .OrderBy(risk => risk.DeletedBy8x8On)
                .ThenBy(risk => risk.Region, StringComparer.Ordinal)
                .ThenBy(risk => risk.Type, StringComparer.Ordinal),
        ];
    }

    private static IEnumerable<(int? RuleDays, int Hour, long Count)> Unarchived(TypeSummary summary) =>
    [
        .. summary.Unarchived.Select(hour => ((int?)null, hour.Key, hour.Value)),
        .. (summary.UnarchivedByRule ?? []).SelectMany(rule => rule.Value, (rule, hour) => ((int?)rule.Key, hour.Key, hour.Value)),
    ];
}
