namespace LocalHost.Worker;

/// <summary>A function failed, or its worker ended while the function ran.</summary>
internal sealed class WorkerException(string message) : Exception(message);
