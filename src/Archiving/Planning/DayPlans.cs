using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Storage;
using Microsoft.Extensions.Logging;

namespace Archiving.Planning;

/// <summary>How far a plan came.</summary>
/// <param name="Plan">The plan with its place and counts.</param>
/// <param name="IsComplete">Whether every day was worked on. If not, the queue continues.</param>
public sealed record PlanProgress(PlanMessage Plan, bool IsComplete);

/// <summary>
/// Runs plans: work that goes through the ledger day by day, the oldest day first, however many objects there are.
/// <list type="bullet">
/// <item>A plan is a chain of messages. A step works for a minute at most, a part of a day at a time, and sends the next one.</item>
/// <item>The plan's row in the table <c>operations</c> holds its place. It is written before the next message is sent, so a
/// message that is delivered again does not start a second chain, and counts and limits hold across crashes.</item>
/// <item>A day that fails again and again is left out, and the plan continues with the next, see <see cref="SkipDayAsync"/>.</item>
/// <item>A plan whose message was lost stands still. After an hour the next one takes its place.</item>
/// </list>
/// </summary>
public sealed partial class DayPlans(
    LedgerDays ledgerDays,
    OperationsTable table,
    WorkQueues queues,
    IEnumerable<DayWork> works,
    TimeProvider timeProvider,
    ILogger<DayPlans> logger)
{
    private static readonly TimeSpan StepTime = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Stalled = TimeSpan.FromHours(1);

    /// <summary>Starts a plan: works for a while at once, and leaves the rest to the queue.</summary>
    /// <param name="plan">What is to be done.</param>
    /// <param name="atOnce">For how long.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <param name="maxParts">Maximum number of parts of days that are worked on at once.</param>
    /// <returns>How far it came; <see langword="null"/> when the same plan is under way already.</returns>
    public async Task<PlanProgress?> StartAsync(PlanMessage plan, TimeSpan atOnce, CancellationToken cancellationToken, int maxParts = int.MaxValue)
    {
        var now = timeProvider.GetUtcNow();
        var row = await FindAsync(plan, cancellationToken);
        if (row is not null && now - row.MovedAt < Stalled)
        {
            Log.UnderWay(logger, plan.Kind, row.StartedAt);
            return null;
        }

        var (next, isComplete) = await WorkAsync(plan with { StartedAt = now }, atOnce, maxParts, cancellationToken);
        if (isComplete)
        {
            await FindWork(plan).CompleteAsync(next, cancellationToken);
            if (row is not null)
            {
                await table.DeleteAsync(row.PartitionKey, row.RowKey, cancellationToken);
            }

            return new PlanProgress(next, IsComplete: true);
        }

        await SendAsync(row ?? new PlanRow { PartitionKey = PlanRow.PartitionOf(plan), RowKey = PlanRow.KeyOf(plan) }, next, cancellationToken);
        return new PlanProgress(next, IsComplete: false);
    }

    /// <summary>Does the step that a message asks for, and sends the next one.</summary>
    public async Task ContinueAsync(PlanMessage message, CancellationToken cancellationToken)
    {
        if (await FindCurrentAsync(message, cancellationToken) is not { } row)
        {
            return;
        }

        var (next, isComplete) = await WorkAsync(message, StepTime, int.MaxValue, cancellationToken);
        await MoveAsync(row, next, isComplete, cancellationToken);
    }

    /// <summary>Leaves out the day at which a plan failed again and again, and continues after it.</summary>
    /// <param name="message">The message from the poison queue.</param>
    /// <param name="cancellationToken">Stops before the next message.</param>
    public async Task SkipDayAsync(PlanMessage message, CancellationToken cancellationToken)
    {
        if (await FindCurrentAsync(message, cancellationToken) is not { } row)
        {
            return;
        }

        // A step that fails sends on what it has done, so it was the first part of its message that failed.
        var work = FindWork(message);
        var failed = (await ReadDaysAsync(message, cancellationToken)).FirstOrDefault(day => IsIncluded(work, message, day));
        Log.DaySkipped(logger, message.Kind, failed?.Partition ?? "its end");
        var next = message with { Day = failed?.Partition, Row = null, Step = message.Step + 1, Deferrals = 0 };
        await MoveAsync(row, next, isComplete: failed is null, cancellationToken);
    }

    private static bool IsIncluded(DayWork work, PlanMessage plan, LedgerDay day) => day.Partition == plan.Day || work.Includes(plan, day);

    private async Task MoveAsync(PlanRow row, PlanMessage next, bool isComplete, CancellationToken cancellationToken)
    {
        if (isComplete)
        {
            await FindWork(next).CompleteAsync(next, cancellationToken);
            await table.DeleteAsync(row.PartitionKey, row.RowKey, cancellationToken);
            return;
        }

        await SendAsync(row, next, cancellationToken);
    }

    /// <summary>The row of a message's plan when the message is its current step; one that was only recorded is sent again.</summary>
    private async Task<PlanRow?> FindCurrentAsync(PlanMessage message, CancellationToken cancellationToken)
    {
        var row = await FindAsync(message, cancellationToken);
        if (row is null || row.StartedAt != message.StartedAt)
        {
            return null;
        }

        if (row.Step == message.Step + 1)
        {
            // An earlier delivery recorded the next step, and may have crashed before it sent the message.
            await queues.SendAsync(QueueNames.PlanDays, PlanMessage.Parse(BinaryData.FromString(row.Message)), TimeSpan.Zero, cancellationToken);
        }

        return row.Step == message.Step ? row : null;
    }

    private async Task SendAsync(PlanRow row, PlanMessage next, CancellationToken cancellationToken)
    {
        row.StartedAt = next.StartedAt;
        row.Step = next.Step;
        row.MovedAt = timeProvider.GetUtcNow();
        row.Message = next.ToJson().ToString();
        if (await table.TryWriteAsync(row, cancellationToken) || await IsWrittenAsync(row, next, cancellationToken))
        {
            await queues.SendAsync(QueueNames.PlanDays, next, TimeSpan.Zero, cancellationToken);
        }
    }

    /// <summary>
    /// Whether a row was written although the write was refused: when its answer is lost, the client sends it again, and then
    /// the row is another one than was read. Without its message, the chain would end here.
    /// </summary>
    private async Task<bool> IsWrittenAsync(PlanRow row, PlanMessage next, CancellationToken cancellationToken) =>
        await FindAsync(next, cancellationToken) is { } found
            && (found.StartedAt, found.Step, found.MovedAt) == (row.StartedAt, row.Step, row.MovedAt);

    private async Task<(PlanMessage Next, bool IsComplete)> WorkAsync(PlanMessage plan, TimeSpan time, int maxParts, CancellationToken cancellationToken)
    {
        var started = timeProvider.GetTimestamp();
        var work = FindWork(plan);
        var parts = 0;
        foreach (var day in await ReadDaysAsync(plan, cancellationToken))
        {
            if (!IsIncluded(work, plan, day))
            {
                continue;
            }

            do
            {
                if (parts >= maxParts || (parts > 0 && timeProvider.GetElapsedTime(started) > time))
                {
                    return (plan with { Step = plan.Step + 1, Deferrals = 0 }, IsComplete: false);
                }

                DayPart part;
                try
                {
                    part = await work.WorkAsync(plan, day, day.Partition == plan.Day ? plan.Row : null, cancellationToken);
                }
                catch (Exception) when (parts > 0 && !cancellationToken.IsCancellationRequested)
                {
                    // Nothing that was done and counted is done again: the part that fails begins the next step.
                    return (plan with { Step = plan.Step + 1, Deferrals = 0 }, IsComplete: false);
                }

                parts++;
                plan = plan with { Day = day.Partition, Row = part.Row, Counts = Add(plan.Counts, part.Counts) };
            }
            while (plan.Row is not null);
        }

        return (plan, IsComplete: true);
    }

    private static Dictionary<string, long> Add(IReadOnlyDictionary<string, long> counts, IReadOnlyDictionary<string, long> more)
    {
        var sum = new Dictionary<string, long>(counts, StringComparer.Ordinal);
        foreach (var (name, count) in more)
        {
            sum[name] = sum.GetValueOrDefault(name) + count;
        }

        return sum;
    }

    /// <summary>The days from the plan's place on, the oldest first.</summary>
    private async Task<IReadOnlyList<LedgerDay>> ReadDaysAsync(PlanMessage plan, CancellationToken cancellationToken)
    {
        var days = await ledgerDays.ReadAsync(plan.Region.Length > 0 ? plan.Region : null, plan.From, plan.To, cancellationToken);
        return
        [
            .. days.OrderBy(day => day.Day).ThenBy(day => day.Partition, StringComparer.Ordinal).Where(day =>
            {
                if (plan.Day is null)
                {
                    return true;
                }

                var order = day.Day.CompareTo(LedgerKey.DayOf(plan.Day));
                order = order != 0 ? order : string.CompareOrdinal(day.Partition, plan.Day);
                return order > 0 || (order == 0 && plan.Row is not null);
            }),
        ];
    }

    private Task<PlanRow?> FindAsync(PlanMessage plan, CancellationToken cancellationToken) =>
        table.FindAsync<PlanRow>(PlanRow.PartitionOf(plan), PlanRow.KeyOf(plan), cancellationToken);

    private DayWork FindWork(PlanMessage plan) => works.FirstOrDefault(work => work.Kind == plan.Kind)
        ?? throw new InvalidMessageException($"There is no work of the kind \"{plan.Kind}\".");

    /// <summary>Where a plan is. The row exists while the plan is under way.</summary>
    internal sealed class PlanRow : TableRow
    {
        /// <summary>When the plan was started.</summary>
        public DateTimeOffset StartedAt { get; set; }

        /// <summary>The step that is to be done.</summary>
        public int Step { get; set; }

        /// <summary>When this step was recorded.</summary>
        public DateTimeOffset MovedAt { get; set; }

        /// <summary>The step's message.</summary>
        public string Message { get; set; } = "";

        public static string PartitionOf(PlanMessage plan) => $"plan|{plan.Kind}";

        public static string KeyOf(PlanMessage plan) => plan.Plan.Length > 0 ? ObjectNames.Encode(plan.Plan) : "-";
    }

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 2300,
            Level = LogLevel.Information,
            Message = "{Kind} was not started: the one that started at {StartedAt:O} is under way")]
        public static partial void UnderWay(ILogger logger, string kind, DateTimeOffset startedAt);

        [LoggerMessage(EventId = 2301, Level = LogLevel.Error, Message = "{Kind} left out {Day}, where it failed repeatedly, and continues after it")]
        public static partial void DaySkipped(ILogger logger, string kind, string day);
    }
}
