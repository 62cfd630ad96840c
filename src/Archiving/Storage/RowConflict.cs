using Azure;

namespace Archiving.Storage;

/// <summary>
/// Tells that somebody else wrote, made or deleted a row meanwhile. Its table being gone is another matter: an answer
/// with the same status, which no second look at the row mends (Azure Table Storage, error codes).
/// </summary>
internal static class RowConflict
{
    public static bool Is(RequestFailedException exception) =>
        exception.ErrorCode is "EntityAlreadyExists" or "UpdateConditionNotSatisfied" or "ResourceNotFound";
}
