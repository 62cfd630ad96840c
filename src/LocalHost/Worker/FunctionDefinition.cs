using System.Text.Json;
using LocalHost.Worker.Protocol;

namespace LocalHost.Worker;

/// <summary>A function as the worker describes it.</summary>
/// <param name="Id">The worker's name for it.</param>
/// <param name="Name">The name in code.</param>
/// <param name="Parameter">Name of the parameter with the trigger.</param>
/// <param name="TriggerType">Type of the trigger, such as <c>queueTrigger</c>.</param>
/// <param name="Trigger">Properties of the trigger.</param>
internal sealed record FunctionDefinition(string Id, string Name, string Parameter, string TriggerType, JsonElement Trigger)
{
    /// <summary>Type of HTTP triggers.</summary>
    public const string Http = "httpTrigger";

    /// <summary>Type of queue triggers.</summary>
    public const string Queue = "queueTrigger";

    /// <summary>Type of timer triggers.</summary>
    public const string Timer = "timerTrigger";

    /// <summary>Reads the worker's description.</summary>
    public static FunctionDefinition Read(RpcFunctionMetadata metadata)
    {
        var trigger = metadata.RawBindings
            .Select(binding => JsonElement.Parse(binding))
            .First(binding => binding.GetProperty("type").GetString()!.EndsWith("Trigger", StringComparison.OrdinalIgnoreCase));
        return new FunctionDefinition(
            metadata.FunctionId,
            metadata.Name,
            trigger.GetProperty("name").GetString()!,
            trigger.GetProperty("type").GetString()!,
            trigger);
    }

    /// <summary>A text of the trigger; <see langword="null"/> when it has none of this name.</summary>
    public string? GetText(string name) => Trigger.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Whether a property of the trigger is <see langword="true"/>.</summary>
    public bool IsSet(string name) => Trigger.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    /// <summary>Texts of the trigger, such as the methods of HTTP; empty when it has none of this name.</summary>
    public IReadOnlyList<string> GetTexts(string name) =>
        Trigger.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(item => item.GetString()!)]
            : [];
}
