namespace Operations.Plan;

/// <summary>A plan cannot be made as it was asked for.</summary>
public sealed class PlanRequestException : Exception
{
    /// <summary>Initializes the exception.</summary>
    /// <param name="name">The option or parameter that is wrong.</param>
    /// <param name="message">What it should hold.</param>
    public PlanRequestException(string name, string message)
        : base(message)
    {
        Name = name;
    }

    /// <summary>The option or parameter that is wrong.</summary>
    public string Name { get; }
}
