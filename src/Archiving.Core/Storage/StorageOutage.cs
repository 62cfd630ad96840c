using Archiving.Model;
using Azure;
using Azure.Identity;

namespace Archiving.Storage;

/// <summary>Tells storage failures that concern everything (rights, network) from those of one request.</summary>
internal static class StorageOutage
{
    /// <summary>Describes a failure of the storage account of queues and ledger; <see langword="null"/> when it concerns one request only.</summary>
    public static OutageException? Runtime(Exception exception) => Describe(
        exception,
        Condition.Runtime,
        "AzureWebJobsStorage",
        "Storage Queue Data Contributor and Storage Table Data Contributor");

    /// <summary>Describes a failure of the archive's storage account; <see langword="null"/> when it concerns one request only.</summary>
    public static OutageException? Archive(Exception exception) => Describe(
        exception,
        Condition.Archive,
        "ArchiveStorage",
        "Storage Blob Data Contributor");

    private static OutageException? Describe(Exception exception, Condition condition, string setting, string roles)
    {
        var what = condition == Condition.Archive ? "The archive container" : "The storage of queues and ledger";
        return exception switch
        {
            RequestFailedException { Status: 401 or 403 } refused => new OutageException(
                condition,
                $"{what} refuses the app ({refused.Status}). Give the app's identity the role {roles}, or a key or SAS that may write in "
                    + $"{setting}, and check the account's firewall.",
                refused),
            RequestFailedException
            {
                ErrorCode: "ContainerNotFound" or "ContainerBeingDeleted" or "ContainerDisabled" or "AccountIsDisabled"
            } gone => new OutageException(
                condition,
                $"{what} is not there ({gone.ErrorCode}). Create it again, or check {setting} and Archive__Container.",
                gone),

            RequestFailedException { ErrorCode: "TableBeingDeleted" or "QueueBeingDeleted" } deleted => new OutageException(
                condition,
                $"{what} is being deleted ({deleted.ErrorCode}), which takes Azure about a minute. It is made again after that.",
                deleted),

            // Retries end with all that they met; a request that took too long is cancelled by the client, not by us.
            RequestFailedException { Status: 0 } or IOException or AggregateException
            {
                InnerExceptions: [.., RequestFailedException { Status: 0 } or OperationCanceledException or IOException]
            } => new OutageException(
                condition,
                $"{what} does not answer. Check {setting}, the account's firewall and private endpoint.",
                exception),
            RequestFailedException { Status: >= 500 and not 501 } failing => new OutageException(
                condition,
                $"{what} answers with an error ({failing.Status}). Nothing to do unless it lasts; see the account's resource health in the Azure portal.",
                failing),
            AuthenticationFailedException unauthenticated => new OutageException(
                condition,
                $"{what} cannot be opened: no identity. Assign the app's managed identity, or sign in on this machine.",
                unauthenticated),
            _ => null,
        };
    }
}
