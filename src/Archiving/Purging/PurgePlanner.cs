using System.Text.Json;
using System.Text.Json.Serialization;
using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Planning;
using Archiving.Queues;
using Archiving.Settings;
using Archiving.Storage;
using EightByEight;
using Microsoft.Extensions.Logging;

namespace Archiving.Purging;

/// <summary>What a run deletes at 8x8, or would.</summary>
/// <param name="DryRun">Whether nothing was queued.</param>
/// <param name="ArchivedBefore">Objects archived before this time are old enough.</param>
/// <param name="Candidates">How many objects are old enough, proven by a checksum of 8x8's and, as far as the ledger knows, still there.</param>
/// <param name="Bytes">How many bytes they hold.</param>
/// <param name="Unproven">
/// How many are old enough, and stay because no checksum proves them, they were found damaged, or 8x8's record is no longer the
/// archived one.
/// </param>
/// <param name="Queued">How many of the candidates are deleted by this run: <c>Purge__MaxPerRun</c> at most. Each is looked at again first.</param>
public sealed record PurgePlan(bool DryRun, DateTimeOffset ArchivedBefore, long Candidates, long Bytes, long Unproven, long Queued)
{
    /// <summary>Whether the whole ledger was looked at. If not, the run continues, and writes its report when it is complete.</summary>
    public bool IsComplete { get; init; } = true;
}

/// <summary>
/// Finds what may be deleted at 8x8 and queues it, a bounded number at a time, the oldest days first. The first run after purging
/// was switched on, also again, or its time was changed, only reports what it would delete, so that there is a day to look at it.
/// </summary>
public sealed partial class PurgePlanner(
    ObjectLedger ledger,
    WorkQueues queues,
    ArchiveStore store,
    OperationsTable operations,
    ArchiverOptions options,
    TimeProvider timeProvider,
    ILogger<PurgePlanner> logger) : DayWork
{
    private const string Candidates = "candidates";
    private const string Bytes = "bytes";
    private const string Unproven = "unproven";
    private const string Queued = "queued";
    private const string Nightly = "nightly";
    private const string AnnouncementPartition = "purge";
    private const string AnnouncementKey = "announced";

    private static readonly string[] Columns =
    [
        nameof(LedgerEntry.RowKey), nameof(LedgerEntry.Region), nameof(LedgerEntry.Id), nameof(LedgerEntry.Type), nameof(LedgerEntry.CreatedTime),
        nameof(LedgerEntry.ArchivedAt), nameof(LedgerEntry.SourceState), nameof(LedgerEntry.Damaged), nameof(LedgerEntry.PurgeRefused),
        nameof(LedgerEntry.Verification), nameof(LedgerEntry.Bytes),
    ];

    /// <summary>Whether purging is switched on.</summary>
    public bool IsEnabled => options.Purge is { Enabled: true, AfterDays: not null };

    /// <summary>Whether a dry run has a time to count from.</summary>
    public bool CanPlan => options.Purge.AfterDays is not null;

    /// <inheritdoc/>
    public override string Kind => "purge";

    /// <summary>
    /// The nightly run, to be started; <see langword="null"/> unless purging is switched on. A night without it is the end of what
    /// was announced: much more may be old enough when it is switched on again.
    /// </summary>
    public async Task<PlanMessage?> PrepareNightlyAsync(CancellationToken cancellationToken)
    {
        if (!IsEnabled)
        {
            await operations.DeleteAsync(AnnouncementPartition, AnnouncementKey, cancellationToken);
            return null;
        }

        var announced = await operations.FindAsync<Announcement>(AnnouncementPartition, AnnouncementKey, cancellationToken);
        return Prepare(isDryRun: announced?.AfterDays != options.Purge.AfterDays) with { Type = Nightly };
    }

    /// <summary>A run, to be started: unless it is a dry run it queues what is to be deleted.</summary>
    public PlanMessage Prepare(bool isDryRun) => CanPlan
        ? new PlanMessage { Region = "", Kind = Kind, IsDryRun = isDryRun }
        : throw new InvalidOperationException("Purge__AfterDays is not set.");

    /// <summary>What a run found until now.</summary>
    public PurgePlan ToResult(PlanProgress progress) => ToResult(progress.Plan) with { IsComplete = progress.IsComplete };

    /// <inheritdoc/>
    public override bool Includes(PlanMessage plan, LedgerDay day) => day.MayHold(LedgerState.Archived) && day.Day <= Before(plan);

    /// <inheritdoc/>
    public override async Task<DayPart> WorkAsync(PlanMessage plan, LedgerDay day, string? after, CancellationToken cancellationToken)
    {
        var before = Before(plan);
        var rows = await ledger.ReadPartAsync(day.Partition, after, LedgerState.Archived, type: null, Columns, cancellationToken);
        var old = rows.Where(entry => entry.ArchivedAt <= before && IsAvailable(entry)).ToList();
        var candidates = old.Where(IsProven).ToList();

        // Settings can have changed since the plan was started.
        var left = plan.IsDryRun || !IsEnabled ? 0 : Math.Max(0, options.Purge.MaxPerRun - plan.Count(Queued));
        var queued = candidates.Take((int)Math.Min(left, int.MaxValue)).ToList();
        await queues.SendAllAsync(QueueNames.PurgeObjects, queued.Select(ObjectMessage.About), cancellationToken);
        return DayPart.Of(
            rows,
            (Candidates, candidates.Count),
            (Bytes, candidates.Sum(entry => entry.Bytes ?? 0)),
            (Unproven, old.Count - candidates.Count),
            (Queued, queued.Count));
    }

    /// <inheritdoc/>
    public override async Task CompleteAsync(PlanMessage plan, CancellationToken cancellationToken)
    {
        var result = ToResult(plan);
        Log.Planned(logger, plan.IsDryRun ? "Dry run of the purge" : "Purge", result.Candidates, result.Bytes, result.Queued, result.Unproven);
        await store.WriteDatedReportAsync(
            "_reports/purge/",
            timeProvider.GetUtcNow(),
            plan.IsDryRun ? ".dry-run.json" : ".json",
            BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(result, PurgeJson.Default.PurgePlan)),
            cancellationToken);

        // Settings can have changed since the plan was started.
        if (plan is { IsDryRun: true, Type: Nightly } && IsEnabled && options.Purge.AfterDays is { } days)
        {
            var row = new Announcement { PartitionKey = AnnouncementPartition, RowKey = AnnouncementKey, AfterDays = days };
            await operations.WriteAsync(row, cancellationToken);
        }
    }

    private static bool IsProven(LedgerEntry entry) =>
        entry is { Damaged: null, PurgeRefused: null } && VerificationNames.IsProof(entry.Verification);

    private PurgePlan ToResult(PlanMessage plan) =>
        new(plan.IsDryRun, Before(plan), plan.Count(Candidates), plan.Count(Bytes), plan.Count(Unproven), plan.Count(Queued));

    private DateTimeOffset Before(PlanMessage plan) => options.Purge.AfterDays is { } days ? plan.StartedAt - TimeSpan.FromDays(days) : DateTimeOffset.MinValue;

    /// <summary>Whether 8x8 has the object ready, by what it last said. What it no longer has, or has in cold storage, would only be refused.</summary>
    private static bool IsAvailable(LedgerEntry entry) => entry.SourceState is null || new ObjectState(entry.SourceState) == ObjectState.Available;

    internal sealed class Announcement : TableRow
    {
        public int AfterDays { get; set; }
    }

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 1610,
            Level = LogLevel.Warning,
            Message = "{Run} at 8x8: {Candidates} archived objects are old enough, {Bytes} bytes; {Queued} queued now; {Unproven} stay because "
                + "they are not proven")]
        public static partial void Planned(ILogger logger, string run, long candidates, long bytes, long queued, long unproven);
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(PurgePlan))]
internal sealed partial class PurgeJson : JsonSerializerContext;
