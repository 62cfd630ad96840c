namespace Archiving.Model;

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

    /// <summary>What 8x8's Cloud Storage Service gives of a region's objects. Searches can work meanwhile.</summary>
    Content,

    /// <summary>The right to restore objects from 8x8's cold storage.</summary>
    Restore,

    /// <summary>The right to delete objects at 8x8.</summary>
    Purge,

    /// <summary>What the archive holds: bytes that were found damaged.</summary>
    Integrity,
}
