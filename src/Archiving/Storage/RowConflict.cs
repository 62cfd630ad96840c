using Azure;

namespace Archiving.Storage;

/// <summary>
/// Tells that a row was written, created or deleted by another writer meanwhile. A missing table has the same status but
/// is a different error, because reading the row again does not help (Azure Table Storage, error codes).
/// </summary>
internal static class RowConflict
{
    public static bool Is(RequestFailedException exception) =>
        exception.ErrorCode is "EntityAlreadyExists" or "UpdateConditionNotSatisfied" or "ResourceNotFound";
}
