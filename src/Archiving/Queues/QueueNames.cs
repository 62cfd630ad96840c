using EightByEight;

namespace Archiving.Queues;

/// <summary>The queues between the functions. What fails too often lands in a queue of the same name with <see cref="PoisonSuffix"/>.</summary>
public static class QueueNames
{
    /// <summary>Listing windows.</summary>
    public const string ListWindows = "list-windows";

    /// <summary>Objects to archive.</summary>
    public const string ArchiveObjects = "archive-objects";

    /// <summary>Objects to restore from 8x8's cold storage.</summary>
    public const string RestoreObjects = "restore-objects";

    /// <summary>Objects to delete at 8x8.</summary>
    public const string PurgeObjects = "purge-objects";

    /// <summary>Archived objects to verify.</summary>
    public const string VerifyObjects = "verify-objects";

    /// <summary>Steps of work that goes through the ledger day by day.</summary>
    public const string PlanDays = "plan-days";

    /// <summary>Months of the catalogue to build.</summary>
    public const string CatalogueMonths = "catalogue-months";

    /// <summary>Changes of cases: objects to add or remove, legal holds to place or release.</summary>
    public const string ChangeCases = "change-cases";

    /// <summary>Exports of cases, one step each.</summary>
    public const string ExportCases = "export-cases";

    /// <summary>What the Functions host appends to a queue's name for messages that fail too often.</summary>
    public const string PoisonSuffix = "-poison";

    /// <summary>Every queue, poison queues aside.</summary>
    public static IReadOnlyList<string> All { get; } =
        [ListWindows, ArchiveObjects, RestoreObjects, PurgeObjects, VerifyObjects, PlanDays, CatalogueMonths, ChangeCases, ExportCases];

    /// <summary>The queue for an object.</summary>
    /// <param name="state">Its state at 8x8: what is in cold storage is restored before it is archived.</param>
    public static string For(ObjectState state) => state == ObjectState.Archived ? RestoreObjects : ArchiveObjects;
}
