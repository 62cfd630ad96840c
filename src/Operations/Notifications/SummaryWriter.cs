using System.Globalization;
using System.Text.Json;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Outages;
using Archiving.Queues;
using Archiving.Settings;
using Operations.Drill;
using Operations.Search;
using Operations.Status;

namespace Operations.Notifications;

/// <summary>Writes the daily summary: what was archived, what waits, failed and is at risk, and when all of it was last checked.</summary>
public sealed class SummaryWriter(
    StatusReader statusReader,
    StatusHistory history,
    ObjectSearch search,
    ReconcileReports reconciles,
    SharedConditions conditions,
    DrillRecord drills,
    ArchiverOptions options,
    TimeProvider timeProvider)
{
    private const int DaysCompared = 7;
    private const int FailuresRead = 200;
    private const int ReasonsShown = 3;
    private const int MaxReasonLength = 160;

    // As the alert has it.
    private static readonly TimeSpan Grace = TimeSpan.FromDays(5);

    // So many times what a day usually brings is worth a line, because it shows on the bill.
    private const double Jump = 2;

    /// <summary>Writes the daily summary.</summary>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<Notification> WriteAsync(CancellationToken cancellationToken)
    {
        var now = timeProvider.GetUtcNow();
        var status = await statusReader.ReadAsync(cancellationToken);
        var samples = (await history.ReadAsync(24 * (DaysCompared + 2), cancellationToken)).Samples;
        var oldest = samples.Count > 0 ? samples[0] : null;
        var yesterday = samples.LastOrDefault(sample => sample.At <= now.AddDays(-1)) ?? oldest;
        var before = samples.LastOrDefault(sample => sample.At <= now.AddDays(-1 - DaysCompared)) ?? oldest;
        var archived = status.Count(LedgerState.Archived) + status.Count(LedgerState.Purged);

        // Without a sample of a day ago the app is new, or was away: then it is what was archived since the first sample.
        var lastDay = (Objects: Math.Max(0, archived - (yesterday?.Archived ?? 0)), Bytes: Math.Max(0, status.Bytes - (yesterday?.Bytes ?? 0)));
        var failed = status.Count(LedgerState.Failed);
        var facts = new List<NotificationFact>
        {
            new("Archived in the last 24 hours", $"{Wording.Objects(lastDay.Objects)}, {Wording.Size(lastDay.Bytes)}"),
            new("Archived in all", $"{Wording.Objects(archived)}, {Wording.Size(status.Bytes)}"),
            new("Waiting", Wording.Objects(status.Waiting)),
            new("Failed", failed == 0 ? Wording.Objects(0) : $"{Wording.Objects(failed)}. {await DescribeFailuresAsync(cancellationToken)}"),
            new("At risk", DescribeRisk(status)),
            new("Last reconcile", await DescribeReconcileAsync(cancellationToken)),
            new("Verification", await DescribeVerificationAsync(status, cancellationToken)),
        };
        var drill = await drills.FindAsync(cancellationToken);
        if (drill is not null)
        {
            facts.Add(new NotificationFact("Restore drill", drill.ToSentence()));
        }

        if (yesterday is not null && DescribeJump(before!, yesterday, lastDay.Bytes) is { } jump)
        {
            facts.Add(new NotificationFact("Costs", jump));
        }

        return new Notification(
            NotificationKind.Summary,
            string.Create(CultureInfo.InvariantCulture, $"8x8 archive on {now.UtcDateTime:yyyy-MM-dd}"),
            status.Verdict.IsSafe && drill is not { NeedsPerson: true },
            DescribeState(status, drill),
            facts,
            now,
            new Dictionary<string, long>(StringComparer.Ordinal)
            {
                ["archivedLastDay"] = lastDay.Objects,
                ["bytesLastDay"] = lastDay.Bytes,
                ["archived"] = archived,
                ["bytes"] = status.Bytes,
                ["waiting"] = status.Waiting,
                ["failed"] = failed,
                ["atRisk"] = status.AtRisk,
            });
    }

    /// <summary>The verdict, which knows nothing of drills, and that the last one did not pass.</summary>
    internal static string DescribeState(StatusReport status, DrillReport? drill) =>
        drill is { NeedsPerson: true } ? $"The last restore drill did not pass, see below. {status.Verdict.Text}" : status.Verdict.Text;

    /// <summary>What is at risk and until when.</summary>
    internal static string DescribeRisk(StatusReport status) => status.Risks.Count == 0
        ? Wording.Objects(0)
        : $"{Wording.Objects(status.AtRisk)}. " + string.Join(
            " ",
            status.Risks.Select(risk => string.Create(
                CultureInfo.InvariantCulture,
                $"8x8 deletes the first of {risk.Count:N0} {Wording.Clean(risk.Type)} in {Wording.Clean(risk.Region)} on "
                + $"{risk.DeletedBy8x8On.UtcDateTime:yyyy-MM-dd HH:mm} UTC.")));

    private async Task<string> DescribeFailuresAsync(CancellationToken cancellationToken)
    {
        var found = await search.FindAsync(new SearchFilter { State = LedgerState.Failed }, after: null, FailuresRead, cancellationToken);
        var reasons = found.Entries.GroupBy(entry => Reason(entry.LastError), StringComparer.Ordinal).OrderByDescending(group => group.Count()).ToList();
        return string.Join(' ', reasons.Take(ReasonsShown).Select(reason => $"{Wording.Number(reason.Count())} × {reason.Key}"));
    }

    /// <summary>The first sentence of a reason, without what it quotes: answers and records of 8x8 can hold names and numbers.</summary>
    private static string Reason(string? error)
    {
        var text = Wording.Clean(error ?? "No reason is on record.");
        text = SourceQuote.FindBefore(text) ?? text;
        var end = text.IndexOf(". ", StringComparison.Ordinal);
        text = end < 0 ? text : text[..(end + 1)];
        return text.Length <= MaxReasonLength ? text : $"{text[..MaxReasonLength]}…";
    }

    private async Task<string> DescribeReconcileAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await reconciles.ReadLatestAsync(cancellationToken) is not { } body)
            {
                return "none yet";
            }

            var report = JsonSerializer.Deserialize(body, ReportJson.Default.ReconcileReport)!;
            return string.Create(CultureInfo.InvariantCulture, $"{(report.CompletedAt ?? report.StartedAt).UtcDateTime:yyyy-MM-dd HH:mm} UTC: 8x8 had ")
                + $"{Wording.Objects(report.Total.Source)}, {Wording.Number(report.Total.Archived)} of them archived, {Wording.Number(report.Total.Missing)} "
                + "missing and queued then.";
        }
        catch (JsonException)
        {
            return "its report cannot be read; call POST /api/reconcile";
        }
        catch (OutageException)
        {
            return "its report cannot be read now, see health";
        }
    }

    private async Task<string> DescribeVerificationAsync(StatusReport status, CancellationToken cancellationToken)
    {
        var waiting = status.Queues.GetValueOrDefault(QueueNames.VerifyObjects);
        var left = waiting > 0 ? $"{Wording.Objects(waiting)} of the night's share still to be read."
            : status.Queues.GetValueOrDefault(QueueNames.PlanDays) > 0 ? "Days are still to be planned."
            : "Nothing waits to be read.";
        var damage = (await conditions.ReadAsync(cancellationToken)).GetValueOrDefault(Condition.Integrity) ?? "No damage is known.";
        return status.OldestRead is { } oldest ? $"{damage} {left} {DescribeOldest(oldest)}" : $"{damage} Nothing is archived yet.";
    }

    /// <summary>An empty queue may be one that was never filled: only the time of the last read tells.</summary>
    private string DescribeOldest(DateTimeOffset oldest)
    {
        var read = string.Create(CultureInfo.InvariantCulture, $"The object read longest ago was read on {oldest.UtcDateTime:yyyy-MM-dd HH:mm} UTC");
        return timeProvider.GetUtcNow() - oldest <= TimeSpan.FromDays(options.Verify.Days) + Grace
            ? $"{read}."
            : string.Create(CultureInfo.InvariantCulture, $"{read}, although each is to be read within {options.Verify.Days} days. ")
                + "Look for errors of VerifyArchive and VerifyObject.";
    }

    /// <summary>What shows on the bill: that a day brought far more than those before it.</summary>
    private static string? DescribeJump(StatusSample before, StatusSample yesterday, long bytes)
    {
        var days = (yesterday.At - before.At).TotalDays;
        var usual = days < 1 ? 0 : Math.Max(0, yesterday.Bytes - before.Bytes) / days;
        return usual > 0 && bytes > Jump * usual
            ? string.Create(CultureInfo.InvariantCulture, $"{bytes / usual:0.0} times as many bytes were archived as on a day of the week before: ")
                + $"{Wording.Size(bytes)}, not {Wording.Size((long)usual)}. Storage and writes cost accordingly."
            : null;
    }
}
