using System.Globalization;
using Archiving.Model;
using Operations.Drill;

namespace Operations.Health;

/// <summary>Whether the last restore drill could restore what it downloaded. Names no object: the status does, to those who may see it.</summary>
internal sealed class DrillCheck(DrillRecord record) : StoredStateCheck
{
    /// <summary>Name of the check.</summary>
    public const string Name = "Drill";

    /// <inheritdoc/>
    protected override async Task<string?> FindProblemAsync(CancellationToken cancellationToken) =>
        await record.FindAsync(cancellationToken) is { Failed: > 0 } report ? Describe(report) : null;

    private static string Describe(DrillReport report)
    {
        var day = report.At.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        return $"The restore drill of {day} downloaded {Wording.Objects(report.Objects)}, of which {Wording.Number(report.Failed)} cannot be restored "
            + "as archived. The status names them. Recover them as the operator's guide says, then run the drill again.";
    }
}
