namespace Archiving.Health;

/// <summary>A thing outside this app without which nothing can be archived.</summary>
public enum Condition
{
    /// <summary>The API key, its rights, and 8x8's authorization server.</summary>
    Credentials,

    /// <summary>8x8's Cloud Storage Service.</summary>
    Source,

    /// <summary>Azure Key Vault.</summary>
    Vault,

    /// <summary>The container that recordings go to.</summary>
    Archive,

    /// <summary>The storage account of queues and ledger.</summary>
    Runtime,
}
