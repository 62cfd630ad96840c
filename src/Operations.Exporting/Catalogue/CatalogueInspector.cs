using System.Globalization;
using Archiving.Model;
using Archiving.Settings;

namespace Operations.Catalogue;

/// <summary>Finds what of the catalogue failed or is late.</summary>
public sealed class CatalogueInspector(CatalogueMonths months, CatalogueOptions options, ScheduleOptions schedules, TimeProvider timeProvider)
{
    private const int ShownProblems = 5;

    // A tick may be missed while the app is deployed.
    private const int MissedTicks = 2;
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(30);

    // Months are built side by side; of a whole archive, the first time, this is enough.
    private static readonly TimeSpan MaxBuild = TimeSpan.FromHours(6);
    private readonly Schedule? _schedule = Schedule.TryParse(schedules.Catalogue);

    /// <summary>Reads how it is; <see langword="null"/> when there is none by <c>Catalogue__Format</c>.</summary>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<CatalogueStatus?> InspectAsync(CancellationToken cancellationToken)
    {
        if (!options.IsEnabled)
        {
            return null;
        }

        var now = timeProvider.GetUtcNow();
        var plan = await months.ReadPlanAsync(cancellationToken);
        var rows = await months.ReadAsync(cancellationToken);
        var built = rows.Where(row => row.BuiltAt is not null).ToList();
        return new CatalogueStatus(
            plan.PlannedAt,
            built.Max(row => row.BuiltAt),
            built.Count,
            built.Sum(row => row.Rows ?? 0),
            built.Sum(row => (row.ParquetBytes ?? 0) + (row.CsvBytes ?? 0)),
            rows.Count(row => row.QueuedAt is not null),
            [.. FindProblems(plan, rows, now)]);
    }

    private IEnumerable<string> FindProblems(CataloguePlanRow plan, IReadOnlyList<CatalogueMonthRow> rows, DateTimeOffset now)
    {
        if (_schedule?.After(plan.PlannedAt ?? plan.Since, MissedTicks) + Grace < now)
        {
            yield return plan.PlannedAt is { } planned
                ? $"The catalogue was last looked through at {Wording.Minute(planned)}: the timer function BuildCatalogue may not run. "
                    + "Restart the function app."
                : "No catalogue was ever built: the timer function BuildCatalogue may not run. Restart the function app.";
        }

        var failed = rows.Where(row => row.Failure is not null).ToList();
        foreach (var row in failed.Take(ShownProblems))
        {
            yield return $"The catalogue of {row.Region} {row.Month} could not be built: {row.Failure} Its last files stay, and it is built again "
                + "when Catalogue__Schedule comes up.";
        }

        if (failed.Count > ShownProblems)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{failed.Count - ShownProblems} more months of the catalogue could not be built.");
        }

        var late = rows.Where(row => row.QueuedAt is not null && now - row.WaitingSince > MaxBuild).ToList();
        if (late.MinBy(row => row.WaitingSince) is { } oldest)
        {
            var what = late.Count == 1 ? "month of the catalogue is" : "months of the catalogue are";
            var reason = oldest.LastError is { } error ? $" Its last attempt failed: {error}" : "";
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{late.Count} {what} late: {oldest.Region} {oldest.Month} waits since {Wording.Minute(oldest.WaitingSince!.Value)}.{reason}");
        }
    }
}
