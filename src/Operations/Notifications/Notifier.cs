using System.Globalization;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Storage;
using Microsoft.Extensions.Logging;
using Operations.Drill;
using Operations.Status;

namespace Operations.Notifications;

/// <summary>
/// Posts the daily summary, and a warning when something needs a person: at once, once an hour at most, and the same one
/// again after a day. What cannot be posted is logged and in the status, and changes nothing else.
/// </summary>
public sealed partial class Notifier(
    SummaryWriter summaries,
    ListingInspector listings,
    DrillRecord drills,
    Webhook webhook,
    OperationsTable table,
    TimeProvider timeProvider,
    ILogger<Notifier> logger)
{
    private const string Partition = "notification";
    private const string Posts = "posts";
    private const string Warnings = "warnings";
    private const string Unanswered = "unanswered";

    private const string NoAddress =
        "Settings and vault hold no address of a webhook any more. If you removed it, nothing is to be done; otherwise store it again.";

    private static readonly TimeSpan BetweenWarnings = TimeSpan.FromHours(1);
    private static readonly TimeSpan BetweenReminders = TimeSpan.FromDays(1);
    private static readonly TimeSpan SummaryLifetime = TimeSpan.FromHours(3);

    // A webhook that was removed on purpose can look like one that the vault hides. Health does not name it for ever.
    private static readonly TimeSpan ExpectedFor = TimeSpan.FromDays(30);

    /// <summary>Posts the summary.</summary>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public Task SendSummaryAsync(CancellationToken cancellationToken) => SendSummaryAsync(timeProvider.GetUtcNow(), cancellationToken);

    /// <summary>
    /// Posts a warning if there is cause for one that was not posted lately, and after it a summary for which the vault did not
    /// give the address.
    /// </summary>
    /// <param name="status">The present status.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task WarnAsync(StatusReport status, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(status);
        await PostWarningAsync(status, cancellationToken);
        if ((await table.FindAsync<PostRow>(Partition, Posts, cancellationToken))?.SummaryDue is { } due && timeProvider.GetUtcNow() - due < SummaryLifetime)
        {
            await SendSummaryAsync(due, cancellationToken);
        }
    }

    /// <summary>Why the vault does not give the address of a webhook that worked lately; <see langword="null"/> when nothing is known to be amiss.</summary>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<string?> FindLossAsync(CancellationToken cancellationToken) =>
        await webhook.FindRefusalAsync(cancellationToken) is { } refusal && IsExpected((await FindStatusAsync(cancellationToken))?.LastSent) ? refusal : null;

    /// <summary>How posting goes; <see langword="null"/> when nothing was ever posted.</summary>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<NotificationStatus?> FindStatusAsync(CancellationToken cancellationToken)
    {
        if (await table.FindAsync<PostRow>(Partition, Posts, cancellationToken) is not { } row)
        {
            return null;
        }

        var isOver = row.LastError == NoAddress && !IsExpected(row.LastSent);
        return isOver ? new NotificationStatus(row.LastSent, null, null) : new NotificationStatus(row.LastSent, row.LastError, row.LastErrorAt);
    }

    private bool IsExpected(DateTimeOffset? lastSent) => timeProvider.GetUtcNow() - lastSent < ExpectedFor;

    private async Task PostWarningAsync(StatusReport status, CancellationToken cancellationToken)
    {
        var problems = (await listings.InspectAsync(cancellationToken)).Where(problem => !problem.IsExpected).ToList();
        var drill = await drills.FindAsync(cancellationToken);
        var causes = Causes(status, problems, drill).Order(StringComparer.Ordinal).ToList();
        var cause = string.Join('\n', causes);
        var row = await table.FindAsync<WarningRow>(Partition, Warnings, cancellationToken) ?? new WarningRow { PartitionKey = Partition, RowKey = Warnings };
        var now = timeProvider.GetUtcNow();
        if (cause.Length == 0)
        {
            if (row.Cause.Length > 0)
            {
                row.Cause = "";
                await table.TryWriteAsync(row, cancellationToken);
            }

            return;
        }

        var known = row.Cause.Split('\n');
        var isNew = causes.Except(known, StringComparer.Ordinal).Any();
        if (now - row.At < (isNew ? BetweenWarnings : BetweenReminders))
        {
            // One that has ended is new when it comes back.
            var left = string.Join('\n', known.Intersect(causes, StringComparer.Ordinal));
            if (left != row.Cause && row.Cause != Unanswered)
            {
                row.Cause = left;
                await table.TryWriteAsync(row, cancellationToken);
            }

            return;
        }

        // Written first: of two instances that come here at once, one warns. When it ends before the answer, it comes again after an hour.
        var before = (row.Cause, row.At);
        (row.Cause, row.At) = (Unanswered, now);
        if (!await table.TryWriteAsync(row, cancellationToken))
        {
            return;
        }

        var result = await PostAsync(CreateWarning(status, problems, drill, now), cancellationToken);
        if (!result.IsUncertain && await table.FindAsync<WarningRow>(Partition, Warnings, cancellationToken) is { } written && written.At == now)
        {
            // What did not arrive is tried again at the next look.
            (written.Cause, written.At) = result is { IsConfigured: true, Problem: null } ? (cause, now) : before;
            await table.TryWriteAsync(written, cancellationToken);
        }
    }

    /// <summary>What tells one warning from another. What only counts on is none.</summary>
    private static IEnumerable<string> Causes(StatusReport status, List<ListingProblem> problems, DrillReport? drill) =>
    [
        .. status.Risks.Select(risk => $"risk {risk.Region} {risk.Type}"),
        .. problems.Select(problem => $"listing {problem.Region}").Distinct(StringComparer.Ordinal),
        .. drill is { NeedsPerson: true } ? [string.Create(CultureInfo.InvariantCulture, $"drill {drill.At:O}")] : (string[])[],
    ];

    private static Notification CreateWarning(StatusReport status, List<ListingProblem> problems, DrillReport? drill, DateTimeOffset now)
    {
        var facts = new List<NotificationFact>();
        if (status.Risks.Count > 0)
        {
            facts.Add(new NotificationFact("At risk", SummaryWriter.DescribeRisk(status)));
        }

        facts.AddRange(problems.Select(problem => new NotificationFact("Listing", Wording.Clean(problem.Text))));
        if (drill is { NeedsPerson: true })
        {
            facts.Add(new NotificationFact("Restore drill", drill.ToSentence()));
        }

        return new Notification(
            NotificationKind.Warning,
            "8x8 archive needs attention",
            IsSafe: false,
            SummaryWriter.DescribeState(status, drill),
            facts,
            now,
            new Dictionary<string, long>(StringComparer.Ordinal)
            {
                ["waiting"] = status.Waiting,
                ["failed"] = status.Count(LedgerState.Failed),
                ["atRisk"] = status.AtRisk,
            });
    }

    private async Task SendSummaryAsync(DateTimeOffset due, CancellationToken cancellationToken) =>
        await PostAsync(await summaries.WriteAsync(cancellationToken), cancellationToken, due);

    /// <summary>Posts, and records what became of it.</summary>
    /// <param name="notification">The notification.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <param name="summaryDue">Of a summary: since when it is due.</param>
    private async Task<WebhookResult> PostAsync(Notification notification, CancellationToken cancellationToken, DateTimeOffset? summaryDue = null)
    {
        var result = await webhook.PostAsync(notification, cancellationToken);
        if (result is { IsConfigured: false, Problem: null })
        {
            await NoteLossAsync(notification.Kind, cancellationToken);
            return result;
        }

        PostRow row;
        bool isExpected;
        do
        {
            // A summary and a warning can be posted at the same time, and both are recorded in this row.
            row = await table.FindAsync<PostRow>(Partition, Posts, cancellationToken) ?? new PostRow { PartitionKey = Partition, RowKey = Posts };
            isExpected = result.IsConfigured || IsExpected(row.LastSent);
            var now = timeProvider.GetUtcNow();
            row.LastSent = result.Problem is null ? now : row.LastSent;
            (row.LastError, row.LastErrorAt) = (result.Problem, result.Problem is null ? null : now);
            if (summaryDue is not null)
            {
                row.SummaryDue = result is { Problem: not null, IsAddressUnknown: true } && isExpected ? summaryDue : null;
            }
        }
        while (!await table.TryWriteAsync(row, cancellationToken));

        if (result.Problem is null)
        {
            Log.Posted(logger, notification.Kind);
        }
        else if (isExpected)
        {
            Log.NotPosted(logger, notification.Kind, result.Problem);
        }

        return result;
    }

    /// <summary>Records once that there is no address any more, where notifications arrived lately: it may have been deleted by mistake.</summary>
    private async Task NoteLossAsync(NotificationKind kind, CancellationToken cancellationToken)
    {
        if (await table.FindAsync<PostRow>(Partition, Posts, cancellationToken) is not { } row || !IsExpected(row.LastSent) || row.LastError == NoAddress)
        {
            return;
        }

        (row.LastError, row.LastErrorAt, row.SummaryDue) = (NoAddress, timeProvider.GetUtcNow(), null);
        if (await table.TryWriteAsync(row, cancellationToken))
        {
            Log.NotPosted(logger, kind, NoAddress);
        }
    }

    internal sealed class PostRow : TableRow
    {
        public DateTimeOffset? LastSent { get; set; }

        public string? LastError { get; set; }

        public DateTimeOffset? LastErrorAt { get; set; }

        /// <summary>Since when a summary is due that was not sent, because its address was not to be had.</summary>
        public DateTimeOffset? SummaryDue { get; set; }
    }

    internal sealed class WarningRow : TableRow
    {
        public string Cause { get; set; } = "";

        public DateTimeOffset? At { get; set; }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 2200, Level = LogLevel.Information, Message = "Posted a {Kind} to the webhook")]
        public static partial void Posted(ILogger logger, NotificationKind kind);

        [LoggerMessage(EventId = 2201, Level = LogLevel.Error, Message = "A {Kind} could not be posted to the webhook: {Problem}")]
        public static partial void NotPosted(ILogger logger, NotificationKind kind, string problem);
    }
}
