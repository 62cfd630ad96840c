using System.Globalization;
using System.Text;
using Archiving.Model;

namespace Operations.Plan;

/// <summary>A plan as plain text.</summary>
internal static class PlanText
{
    private const int Width = 100;
    private const int NameWidth = 13;
    private const int MarkWidth = 11;

    public static string Write(PlanReport plan)
    {
        var text = new StringBuilder();
        text.AppendLine("Checks").AppendLine();
        foreach (var check in plan.Checks)
        {
            Append(text, check);
        }

        foreach (var note in plan.Notes)
        {
            text.AppendLine();
            Wrap(text, "Note: ", note);
        }

        if (plan.Objects is { } count)
        {
            text.AppendLine();
            Append(text, plan, count);
        }

        if (plan.Objects is { ToCopy.Objects: > 0 } && plan.Estimate is { } estimate)
        {
            text.AppendLine();
            Append(text, estimate);
        }

        Append(text, plan.Oldest);
        Append(text, plan.FileNames);
        text.AppendLine();
        Wrap(text, "Verdict: ", plan.Verdict);
        text.AppendLine($"Next:    {Next(plan)}");
        return text.ToString();
    }

    /// <summary>One line, or more when it is long.</summary>
    public static void Append(StringBuilder text, Check check)
    {
        var mark = check.Status switch
        {
            CheckStatus.Ok => "ok",
            CheckStatus.Problem => "problem",
            _ => "unchecked",
        };
        Wrap(text, $"  {mark.PadRight(MarkWidth)}{check.Name.PadRight(NameWidth)}", check.Message);
    }

    private static string Next(PlanReport plan) => plan switch
    {
        { IsReady: false } or { Objects: null } => "fix what is marked, then run this again",
        _ => "dotnet run --project src/LocalHost",
    };

    private static void Append(StringBuilder text, PlanReport plan, ObjectCount count)
    {
        var how = count.IsEstimate ? $"Estimated from {Wording.Number(count.Listed)} records that were listed" : "Counted";
        Wrap(
            text,
            "",
            $"{how}: what 8x8 has, made from {Wording.Time(plan.From)} to {Wording.Time(plan.To)}"
            + $"{(plan.Types.Count > 0 ? $", of type {Wording.List(plan.Types)}" : "")}");
        text.AppendLine();
        AppendTable(
            text,
            leftColumns: 3,
            [
                ["Region", "Type", "State", "Objects", "Size", "Archived here", "Past retention", "Deleted in 7 days"],
                .. count.Groups.Select(group => (string[])
                [
                    Wording.Clean(group.Region),
                    Wording.Clean(group.Type),
                    Wording.Clean(group.State),
                    Wording.Number(group.Objects),
                    Wording.Size(group.Bytes),
                    Wording.Number(group.Archived),
                    Wording.Number(group.PastRetention),
                    Wording.Number(group.WithinSevenDays),
                ]),
                [
                    "All",
                    "",
                    "",
                    Wording.Number(count.Total.Objects),
                    Wording.Size(count.Total.Bytes),
                    Wording.Number(count.Total.Objects - count.ToCopy.Objects),
                    Wording.Number(count.PastRetention.Objects),
                    Wording.Number(count.WithinSevenDays.Objects),
                ],
            ]);
        text.AppendLine();
        AppendTable(
            text,
            leftColumns: 1,
            [
                ["Of what is not archived", "Objects", "Size"],
                Row("to copy", count.ToCopy),
                Row("  in cold storage, to be restored first", count.ToRestore),
                Row("  older than 8x8 keeps it by the settings", count.PastRetention),
                Row("  deleted by 8x8 within seven days", count.WithinSevenDays),
                Row("  deleted by 8x8 later", count.Later),
            ]);

        static string[] Row(string name, Amount amount) => [name, Wording.Number(amount.Objects), Wording.Size(amount.Bytes)];
    }

    private static void Append(StringBuilder text, RunEstimate estimate)
    {
        text.AppendLine("Estimate of a run that copies it").AppendLine();
        AppendTable(
            text,
            leftColumns: 1,
            [
                ["Requests to 8x8", Wording.Number(estimate.SourceRequests)],
                ["Writes to Blob Storage", Wording.Number(estimate.BlobWrites)],
                ["Requests to queues", Wording.Number(estimate.QueueOperations)],
                ["Requests to tables", Wording.Number(estimate.TableOperations)],
                ["Time to copy", Wording.Hours(estimate.Hours)],
                .. estimate.RestoreDays == 0 ? [] : (string[][])[["Days of restores", Wording.Number(estimate.RestoreDays)]],
                ["Cost of the run", Money(estimate.Cost.Once)],
                ["Cost of keeping it, by the month", Money(estimate.Cost.PerMonth)],
            ]);
        text.AppendLine();
        Wrap(
            text,
            "  ",
            $"Time: {estimate.HoursBasis}; Azure adds instances by itself. Cost: list prices of {estimate.Cost.AsOf}, {estimate.Cost.Basis}, before "
            + "tax and free grants.");

        string Money(double amount) => amount < 0.01
            ? $"under 0.01 {estimate.Cost.Currency}"
            : string.Create(CultureInfo.InvariantCulture, $"{amount:#,0.00} {estimate.Cost.Currency}");
    }

    private static void Append(StringBuilder text, IReadOnlyList<OldestObject> oldest)
    {
        if (oldest.Count == 0)
        {
            return;
        }

        text.AppendLine().AppendLine("Oldest object that 8x8 still has, beside what is set").AppendLine();
        AppendTable(
            text,
            leftColumns: 2,
            [
                ["Type", "Setting", "Days set", "Oldest, days", ""],
                .. oldest.Select(item => (string[])
                [
                    Wording.Clean(item.Type),
                    item.Setting,
                    Wording.Number(item.SetDays),
                    Wording.Number(item.AgeDays),
                    item.IsYoungerThanSet ? "younger than set" : "",
                ]),
            ]);
        if (oldest.Any(item => item.IsYoungerThanSet))
        {
            text.AppendLine();
            Wrap(
                text,
                "  ",
                "Younger than set: either nothing older was recorded, or 8x8 deletes earlier than is set. If you are not sure, set as many days as "
                + "the oldest object has, or 30: what is at risk is then named too early, never too late.");
        }
    }

    private static void Append(StringBuilder text, IReadOnlyList<NamedFile> files)
    {
        if (files.Count == 0)
        {
            return;
        }

        text.AppendLine().AppendLine("Names of downloaded files, by Archive__DownloadName").AppendLine();
        foreach (var file in files)
        {
            text.AppendLine($"  {Wording.Clean(file.FileName)}");
        }
    }

    private static void AppendTable(StringBuilder text, int leftColumns, IReadOnlyList<string[]> rows)
    {
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in rows)
        {
            var cells = row.Select((cell, column) => column < leftColumns ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]));
            text.AppendLine($"  {string.Join("  ", cells)}".TrimEnd());
        }
    }

    /// <summary>Breaks a text between words, below its beginning.</summary>
    private static void Wrap(StringBuilder text, string prefix, string words)
    {
        var line = new StringBuilder(prefix);
        var isFirst = true;
        foreach (var word in Wording.Clean(words).Split(' '))
        {
            if (!isFirst && line.Length + 1 + word.Length > Width)
            {
                text.AppendLine(line.ToString());
                line.Clear().Append(' ', prefix.Length);
                isFirst = true;
            }

            line.Append(isFirst ? "" : " ").Append(word);
            isFirst = false;
        }

        text.AppendLine(line.ToString());
    }
}
