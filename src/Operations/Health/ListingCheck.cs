using Archiving.Listing;

namespace Operations.Health;

/// <summary>Whether every region is listed as scheduled. Names regions and reasons.</summary>
internal sealed class ListingCheck(ListingInspector inspector) : StoredStateCheck
{
    /// <summary>Name of the check.</summary>
    public const string Name = "Listing";

    /// <inheritdoc/>
    protected override async Task<string?> FindProblemAsync(CancellationToken cancellationToken)
    {
        var problems = (await inspector.InspectAsync(cancellationToken)).Where(problem => !problem.IsExpected).Select(problem => problem.Text).ToList();
        return problems.Count == 0 ? null : string.Join(' ', problems);
    }
}
