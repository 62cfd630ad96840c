using System.Text.Json.Nodes;
using Archiving.Settings;
using Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;

namespace Functions;

/// <summary>
/// Gives the Functions host the schedules whose settings need not be set or have <c>__</c> in their names. The host resolves <c>%…%</c>
/// from its own settings, and disables a function whose setting is missing, with an error at each start. The platform that starts
/// instances for a timer does not resolve nested names reliably (azure-functions-host#8649).
/// </summary>
public sealed class TimerSchedules(ScheduleOptions schedules) : IFunctionMetadataTransformer
{
    /// <summary>The trigger's schedule of the daily summary.</summary>
    public const string Notifications = "%Notifications__Schedule%";

    /// <summary>The trigger's schedule of the restore drill.</summary>
    public const string Drill = "%Drill__Schedule%";

    /// <summary>The trigger's schedule of the catalogue.</summary>
    public const string Catalogue = "%Catalogue__Schedule%";

    // A schedule that never comes, such as 31 February, keeps the host's parser searching up to the year 9999. This one comes in
    // leap years, and the function does nothing then.
    private const string Rarely = "0 0 5 29 2 *";

    /// <summary>Whether a function without a schedule may have been started by the host, and not by hand.</summary>
    public static bool IsRareDay(DateTimeOffset time) => time.UtcDateTime is { Month: 2, Day: 29 };

    /// <inheritdoc/>
    public string Name => nameof(TimerSchedules);

    /// <inheritdoc/>
    public void Transform(IList<IFunctionMetadata> original)
    {
        ArgumentNullException.ThrowIfNull(original);
        foreach (var bindings in original.Select(function => function.RawBindings).OfType<IList<string>>())
        {
            for (var index = 0; index < bindings.Count; index++)
            {
                if (JsonNode.Parse(bindings[index]) is JsonObject binding && Find((string?)binding["schedule"]) is { } schedule)
                {
                    binding["schedule"] = schedule;
                    bindings[index] = binding.ToJsonString();
                }
            }
        }
    }

    private string? Find(string? schedule) => schedule switch
    {
        Notifications => schedules.Notifications,
        Drill => schedules.Drill ?? Rarely,
        Catalogue => schedules.Catalogue,
        _ => null,
    };
}
