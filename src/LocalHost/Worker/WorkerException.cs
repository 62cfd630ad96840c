namespace LocalHost.Worker;

/// <summary>A function failed, its worker ended while the function ran, or a worker does not start.</summary>
internal sealed class WorkerException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>Whether another worker would not start either: this one refuses its settings, or reports an error.</summary>
    public bool IsFinal { get; init; }
}
