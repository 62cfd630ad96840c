using System.Globalization;
using Archiving.Listing;
using Archiving.Model;

namespace Operations.Status;

/// <summary>Says in a sentence or two whether anything needs a person.</summary>
internal static class VerdictWriter
{
    public static Verdict Write(
        IReadOnlyDictionary<string, long> objects,
        long waiting,
        UnarchivedObject? oldest,
        IReadOnlyList<Risk> risks,
        IReadOnlyDictionary<string, ListingStatus> listings,
        IReadOnlyList<ListingProblem> problems,
        DateTimeOffset now)
    {
        var archived = objects[nameof(LedgerState.Archived)] + objects[nameof(LedgerState.Purged)];
        var failed = objects[nameof(LedgerState.Failed)];
        var expired = objects.GetValueOrDefault(nameof(LedgerState.Expired));
        var gone = objects.GetValueOrDefault(nameof(LedgerState.Gone));
        var atRisk = risks.Sum(risk => risk.Count);
        if (archived + failed + waiting + expired == 0)
        {
            var isListed = problems.Count == 0 && listings.Values.Any(listing => listing.LastCompleted is not null);
            var nothing = problems.Count > 0 ? Unlisted() : "Nothing has been listed yet.";
            var lost = gone > 0 ? $"{Gone()} " : "";
            return new Verdict(isListed, isListed ? $"8x8 has nothing to archive. {lost}Nothing at risk." : lost + nothing);
        }

        var sentences = new List<string>
        {
            failed + waiting == 0
                ? $"All {Count(archived)} {(problems.Count > 0 ? "known " : "")}recordings safe."
                : $"{Count(archived)} of {Count(archived + failed + waiting)} recordings safe.",
        };
        if (failed > 0)
        {
            sentences.Add($"{Count(failed)} failed.");
        }

        if (expired > 0)
        {
            sentences.Add($"{Count(expired)} removed by your retention policy.");
        }

        if (gone > 0)
        {
            sentences.Add(Gone());
        }

        if (waiting > 0)
        {
            sentences.Add($"{Count(waiting)} on the way.");
        }

        if (oldest is not null)
        {
            sentences.Add($"Oldest not archived: {Age(now - oldest.CreatedTime)}.");
        }

        if (problems.Count > 0)
        {
            sentences.Add(Unlisted());
        }

        if (atRisk > 0)
        {
            sentences.Add(risks[0].DeletedBy8x8On <= now
                ? $"{Count(atRisk)} at risk: 8x8 may have deleted the first already."
                : $"{Count(atRisk)} at risk: 8x8 deletes the first in {Age(risks[0].DeletedBy8x8On - now)}.");
        }
        else if (problems.Count == 0)
        {
            sentences.Add("Nothing at risk.");
        }

        return new Verdict(failed + atRisk + problems.Count == 0, string.Join(' ', sentences));

        // There is nothing left to do about them, but a loss must not look as if there had been nothing.
        string Gone() => $"{Count(gone)} gone: deleted before 8x8 gave them, or erased.";

        string Unlisted() => $"Newer recordings may be unknown. {string.Join(' ', problems.Select(problem => problem.Text))}";
    }

    internal static string Age(TimeSpan age) => age switch
    {
        { TotalMinutes: < 1 } => "less than a minute",
        { TotalHours: < 1 } => Unit((int)age.TotalMinutes, "minute"),
        { TotalDays: < 2 } => Unit((int)age.TotalHours, "hour"),
        _ => Unit((int)age.TotalDays, "day"),
    };

    private static string Unit(int number, string unit) => string.Create(CultureInfo.InvariantCulture, $"{number} {unit}{(number == 1 ? "" : "s")}");

    private static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
