namespace Operations.Plan;

/// <summary>A plan cannot be made as it was asked for.</summary>
/// <param name="name">The option or parameter that is wrong.</param>
/// <param name="message">What it should hold.</param>
public sealed class PlanRequestException(string name, string message) : Exception(message)
{
    /// <summary>The option or parameter that is wrong.</summary>
    public string Name { get; } = name;
}
