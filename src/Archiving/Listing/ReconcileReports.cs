using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Archiving.Archive;

namespace Archiving.Listing;

/// <summary>What a reconcile found of one region and day.</summary>
/// <param name="Region">8x8's region.</param>
/// <param name="Day">Day of creation, UTC.</param>
/// <param name="Source">How many records 8x8 has.</param>
/// <param name="Archived">How many of them are archived, receipt included.</param>
/// <param name="Missing">How many were neither archived nor on their way; they are queued now.</param>
/// <param name="Changed">How many have other content now; they are queued.</param>
/// <param name="OnlyHere">How many archived objects 8x8 no longer has.</param>
/// <param name="AtRisk">How many are not archived and are deleted by 8x8 within seven days.</param>
/// <param name="Restored">How many ledger rows were restored from receipts.</param>
public sealed record ReconcileDay(string Region, string Day, long Source, long Archived, long Missing, long Changed, long OnlyHere, long AtRisk, long Restored)
{
    /// <summary>How many of 8x8's records were archived and removed by the archive's retention policy.</summary>
    public long Expired { get; init; }
}

/// <summary>What a reconcile found.</summary>
/// <param name="RunId">The run.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="CompletedAt">When it ended.</param>
/// <param name="From">Start of the time range.</param>
/// <param name="To">End of the time range.</param>
/// <param name="Total">All days together.</param>
/// <param name="Days">Each region and day that holds anything.</param>
public sealed record ReconcileReport(
    string RunId,
    DateTimeOffset StartedAt,
    DateTimeOffset? CompletedAt,
    DateTimeOffset From,
    DateTimeOffset To,
    ReconcileDay Total,
    IReadOnlyList<ReconcileDay> Days);

/// <summary>The reports of reconciles, in the container: <c>_reports/reconcile/{yyyy-MM-dd}.json</c>, and <c>.md</c> for people.</summary>
public sealed class ReconcileReports(ArchiveStore archive)
{
    private const string Folder = "_reports/reconcile/";

    /// <summary>Writes the report of a run.</summary>
    public async Task WriteAsync(string runId, RunRow run, IReadOnlyCollection<WindowRow> windows, CancellationToken cancellationToken)
    {
        var report = Create(runId, run, windows);
        var json = BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(report, ReportJson.Default.ReconcileReport));
        var markdown = BinaryData.FromString(ToMarkdown(report));
        var at = run.CompletedAt ?? run.StartedAt;
        var name = await archive.WriteDatedReportAsync(Folder, at, ".json", json, cancellationToken);
        await archive.TryWriteReportAsync($"{name}.md", markdown, "text/markdown; charset=utf-8", cancellationToken);
    }

    /// <summary>The newest report as JSON; <see langword="null"/> before the first.</summary>
    public async Task<BinaryData?> ReadLatestAsync(CancellationToken cancellationToken) =>
        await archive.FindNewestAsync(Folder, ".json", cancellationToken) is { } name ? await archive.ReadAsync(name, cancellationToken) : null;

    private static ReconcileReport Create(string runId, RunRow run, IReadOnlyCollection<WindowRow> windows)
    {
        var days = windows
            .GroupBy(window => (window.Region, Day: window.From.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)))
            .Select(group => Sum(group.Key.Region, group.Key.Day, group))
            .Where(day => day.Source + day.OnlyHere + day.Restored > 0)
            .OrderBy(day => day.Region, StringComparer.Ordinal)
            .ThenBy(day => day.Day, StringComparer.Ordinal)
            .ToList();
        return new ReconcileReport(runId, run.StartedAt, run.CompletedAt, run.From, run.To, Sum("", "", windows), days);
    }

    private static ReconcileDay Sum(string region, string day, IEnumerable<WindowRow> windows)
    {
        var rows = windows.ToList();
        return new ReconcileDay(
            region,
            day,
            rows.Sum(row => row.Listed),
            rows.Sum(row => row.Archived ?? 0),
            rows.Sum(row => row.Missing ?? 0),
            rows.Sum(row => row.Changed ?? 0),
            rows.Sum(row => row.OnlyHere ?? 0),
            rows.Sum(row => row.AtRisk ?? 0),
            rows.Sum(row => row.Restored ?? 0))
        {
            Expired = rows.Sum(row => row.Expired ?? 0),
        };
    }

    private static string ToMarkdown(ReconcileReport report)
    {
        var total = report.Total;
        var isComplete = total.Missing + total.Changed + total.AtRisk == 0 && total.Archived + total.Expired == total.Source;
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"# Reconcile of {report.CompletedAt:yyyy-MM-dd HH:mm} UTC");
        text.AppendLine();
        var expired = total.Expired > 0 ? string.Create(CultureInfo.InvariantCulture, $", but for {total.Expired} that your retention policy removed") : "";
        text.AppendLine(isComplete
            ? string.Create(CultureInfo.InvariantCulture, $"**Complete.** Every one of 8x8's {total.Source} objects from "
                + $"{report.From:yyyy-MM-dd} on is archived, with its receipt{expired}.")
            : string.Create(CultureInfo.InvariantCulture, $"**{total.Archived} of {total.Source} objects are archived.** {total.Missing} "
                + $"were missing and {total.Changed} changed; both are queued now. {total.AtRisk} are deleted by 8x8 within seven days."));
        text.AppendLine();
        text.AppendLine("| region | day | at 8x8 | archived | missing | changed | only here | at risk | restored rows |");
        text.AppendLine("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (var day in report.Days.Append(total with { Region = "**all**" }))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {day.Region} | {day.Day} | {day.Source} | {day.Archived} | {day.Missing} | "
                + $"{day.Changed} | {day.OnlyHere} | {day.AtRisk} | {day.Restored} |");
        }

        return text.ToString();
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(ReconcileReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
