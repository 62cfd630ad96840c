namespace Operations.Access;

/// <summary>The audit log cannot be written, so nothing may be given. The message says why, without anything of the entry.</summary>
public sealed class AuditLogException : Exception
{
    /// <summary>Initializes the exception.</summary>
    public AuditLogException()
    {
    }

    /// <summary>Initializes the exception.</summary>
    public AuditLogException(string message)
        : base(message)
    {
    }

    /// <summary>Initializes the exception.</summary>
    public AuditLogException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
