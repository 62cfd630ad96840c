using System.Globalization;
using Archiving.Settings;
using Archiving.Storage;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace Operations.Access;

/// <summary>Where the audit log is: <c>_audit/{yyyy}/{MM}/{dd}/</c> in the container of <c>Audit__Container</c>, else in the archive's.</summary>
public sealed class AuditContainer : IStorageResource
{
    private const string Folder = "_audit/";
    private readonly Initialization _created;

    /// <summary>Initializes the container.</summary>
    public AuditContainer(BlobServiceClient blobs, ArchiverOptions options)
    {
        ArgumentNullException.ThrowIfNull(blobs);
        ArgumentNullException.ThrowIfNull(options);
        Client = blobs.GetBlobContainerClient(options.Access.AuditContainer ?? options.Archive.Container);
        _created = new Initialization(CreateAsync);
    }

    internal BlobContainerClient Client { get; }

    /// <summary>The folder of a day, with a slash at its end.</summary>
    public static string FolderOf(DateOnly day) => Folder + day.ToString("yyyy'/'MM'/'dd'/'", CultureInfo.InvariantCulture);

    internal Task EnsureAsync(CancellationToken cancellationToken) => _created.EnsureAsync(cancellationToken);

    /// <summary>Makes the next write create it again, because it was found missing.</summary>
    internal void Forget() => _created.Forget();

    /// <summary>The days of which there is something, newest first.</summary>
    internal async IAsyncEnumerable<DateOnly> ListDaysAsync(
        DateOnly from,
        DateOnly to,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var year in await ListFoldersAsync(Folder, cancellationToken))
        {
            foreach (var month in await ListFoldersAsync(year, cancellationToken))
            {
                if (!DateOnly.TryParseExact(month, $"'{Folder}'yyyy'/'MM'/'", CultureInfo.InvariantCulture, DateTimeStyles.None, out var first)
                    || first > to || first.AddMonths(1) <= from)
                {
                    continue;
                }

                foreach (var folder in await ListFoldersAsync(month, cancellationToken))
                {
                    if (DateOnly.TryParseExact(folder, $"'{Folder}'yyyy'/'MM'/'dd'/'", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
                        && day >= from && day <= to)
                    {
                        yield return day;
                    }
                }
            }
        }
    }

    /// <summary>The blobs of a day, by name.</summary>
    internal IAsyncEnumerable<BlobItem> ListBlobsAsync(DateOnly day, CancellationToken cancellationToken) =>
        Client.GetBlobsAsync(BlobTraits.None, BlobStates.None, FolderOf(day), cancellationToken);

    /// <inheritdoc/>
    Task IStorageResource.CreateAsync(CancellationToken cancellationToken) => EnsureAsync(cancellationToken);

    private async Task<List<string>> ListFoldersAsync(string prefix, CancellationToken cancellationToken)
    {
        var folders = new List<string>();
        try
        {
            await foreach (var item in Client.GetBlobsByHierarchyAsync(BlobTraits.None, BlobStates.None, "/", prefix, cancellationToken))
            {
                if (item.IsPrefix)
                {
                    folders.Add(item.Prefix);
                }
            }
        }
        catch (RequestFailedException exception) when (exception.ErrorCode == "ContainerNotFound")
        {
            // Nothing was ever written.
        }

        folders.Sort((one, other) => string.CompareOrdinal(other, one));
        return folders;
    }

    private async Task CreateAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Client.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
        }
        catch (RequestFailedException exception) when (exception.Status == 403)
        {
            // The deployment creates the container and may not let the app create it. A missing one shows at the first write.
        }
    }
}
