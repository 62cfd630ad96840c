using System.Globalization;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Settings;
using Archiving.Storage;
using Azure;
using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;

namespace Operations.Plan;

/// <summary>
/// Checks container, queues and table. Nothing is created or written: to see whether the app may write, it requests changes
/// of items with made-up names, which the storage refuses because a permission or because the item is missing.
/// </summary>
internal sealed class StorageChecks(StorageClients storage, ArchiverOptions options, bool probesRights, TimeSpan timeout)
{
    /// <summary>Checks all three in parallel.</summary>
    public async Task<IReadOnlyList<Check>> CheckAsync(CancellationToken cancellationToken) => await Task.WhenAll(
        TryAsync(CheckNames.Container, StorageOutage.Archive, "ArchiveStorage", CheckContainerAsync, cancellationToken),
        TryAsync(CheckNames.Queues, StorageOutage.Runtime, "AzureWebJobsStorage", CheckQueuesAsync, cancellationToken),
        TryAsync(CheckNames.Table, StorageOutage.Runtime, "AzureWebJobsStorage", CheckTableAsync, cancellationToken));

    private async Task<Check> CheckContainerAsync(CancellationToken cancellationToken)
    {
        var name = options.Archive.Container;
        var container = storage.Blobs.GetBlobContainerClient(name);
        var properties = await FindAsync(
            async () => (BlobContainerProperties?)(await container.GetPropertiesAsync(cancellationToken: cancellationToken)).Value);
        await RefusedAsync(() => container.GetBlobClient($"_doctor/{Guid.NewGuid()}").SetMetadataAsync(Marks, cancellationToken: cancellationToken));
        if (properties is null)
        {
            return Check.Ok(CheckNames.Container, $"{name} is not there and will be made by the first run. {MayWrite}");
        }

        return properties.PublicAccess is { } access and not PublicAccessType.None
            ? Check.Problem(
                CheckNames.Container,
                $"{name} allows anonymous access ({access}): anyone who knows a name can read a recording. Set its public access level to private.")
            : Check.Ok(
                CheckNames.Container,
                $"{name} is there, and private. {MayWrite} Immutability policy: {Has(properties.HasImmutabilityPolicy)}. "
                + $"Legal hold: {Has(properties.HasLegalHold)}. "
                + $"Version-level immutability: {Has(properties.HasImmutableStorageWithVersioning)}. "
                + $"Soft delete: {await SoftDeleteAsync(cancellationToken)}.");
    }

    private async Task<string> SoftDeleteAsync(CancellationToken cancellationToken)
    {
        try
        {
            var service = (await storage.Blobs.GetPropertiesAsync(cancellationToken)).Value;
            return service.DeleteRetentionPolicy is { Enabled: true } policy
                ? string.Create(CultureInfo.InvariantCulture, $"{policy.Days} days")
                : "no";
        }
        catch (RequestFailedException exception) when (exception.Status is not 0)
        {
            // The account's properties are not for a data role to see.
            return "cannot be seen with the app's role";
        }
    }

    private async Task<Check> CheckQueuesAsync(CancellationToken cancellationToken)
    {
        var present = 0;
        foreach (var name in QueueNames.All)
        {
            present += await FindAsync(async () => (await storage.Queues.GetQueueClient(name).GetPropertiesAsync(cancellationToken)).Value) is null ? 0 : 1;
        }

        await RefusedAsync(() => storage.Queues.GetQueueClient($"doctor-{Guid.NewGuid()}").SetMetadataAsync(Marks, cancellationToken));
        return Check.Ok(CheckNames.Queues, $"{Present(present, QueueNames.All.Count)} {MayWrite}");
    }

    private async Task<Check> CheckTableAsync(CancellationToken cancellationToken)
    {
        var table = storage.Tables.GetTableClient(ObjectLedger.TableName);
        var isThere = false;
        try
        {
            await foreach (var _ in table.QueryAsync<TableEntity>(maxPerPage: 1, select: ["PartitionKey"], cancellationToken: cancellationToken).AsPages())
            {
                break;
            }

            isThere = true;
        }
        catch (RequestFailedException exception) when (exception.Status == 404)
        {
            // Not made yet.
        }

        var nowhere = new TableEntity("doctor", Guid.NewGuid().ToString());
        await RefusedAsync(() => table.UpdateEntityAsync(nowhere, ETag.All, TableUpdateMode.Merge, cancellationToken));
        return Check.Ok(CheckNames.Table, $"The ledger's table {(isThere ? "is there." : "is not there and will be made by the first run.")} {MayWrite}");
    }

    private string MayWrite => probesRights ? "The app may write." : "Whether the app may write was not tried, as asked.";

    private static Dictionary<string, string> Marks => new(StringComparer.Ordinal) { ["doctor"] = "1" };

    private static string Has(bool? has) => has == true ? "yes" : "no";

    private static string Present(int present, int all) => present switch
    {
        0 => "None of the queues is there yet; they will be made by the first run.",
        _ when present == all => "The queues are there.",
        _ => string.Create(CultureInfo.InvariantCulture, $"{present} of {all} queues are there; the others will be made."),
    };

    private static async Task<T?> FindAsync<T>(Func<Task<T>> find)
        where T : class?
    {
        try
        {
            return await find();
        }
        catch (RequestFailedException exception) when (exception.Status == 404)
        {
            return null;
        }
    }

    /// <summary>Asks for a change of something that is not there. A right that is missing comes through as an exception.</summary>
    private async Task RefusedAsync(Func<Task> change)
    {
        if (!probesRights)
        {
            return;
        }

        try
        {
            await change();
        }
        catch (RequestFailedException exception) when (exception.Status == 404)
        {
            // As it should be: allowed, and there is nothing of that name.
        }
    }

    private async Task<Check> TryAsync(
        string name,
        Func<Exception, OutageException?> describe,
        string setting,
        Func<CancellationToken, Task<Check>> look,
        CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            return await look(limit.Token);
        }
        catch (Exception exception) when (describe(exception) is { } outage)
        {
            return Check.Problem(name, outage.Message);
        }
        catch (RequestFailedException exception)
        {
            return Check.Unknown(
                name,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The storage answers with an error ({exception.Status} {exception.ErrorCode}). Look at the account in the Azure portal."));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Check.Problem(
                name,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The storage did not answer within {timeout.TotalSeconds:0} seconds. Check {setting}, the account's firewall and private endpoint."));
        }
    }
}
