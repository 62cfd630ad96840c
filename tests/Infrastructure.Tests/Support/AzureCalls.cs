using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Infrastructure.Tests;

/// <summary>
/// Every method of an Azure client that the app calls, the request that it makes, and the right that the request needs.
/// Rights of blobs, queues and tables: Microsoft Learn, "Authorize with Microsoft Entra ID", permissions of each
/// operation. Rights of secrets: "Azure permissions for Security", Microsoft.KeyVault.
/// </summary>
internal static class AzureCalls
{
    public const string ReadContainer = "Microsoft.Storage/storageAccounts/blobServices/containers/read";
    public const string WriteContainer = "Microsoft.Storage/storageAccounts/blobServices/containers/write";
    public const string ReadBlob = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";
    public const string WriteBlob = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write";
    public const string ReadBlobService = "Microsoft.Storage/storageAccounts/blobServices/read";
    public const string SignLinks = "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action";
    public const string GetSecret = "Microsoft.KeyVault/vaults/secrets/getSecret/action";
    public const string SetSecret = "Microsoft.KeyVault/vaults/secrets/setSecret/action";
    public const string UpdateSecret = "Microsoft.KeyVault/vaults/secrets/update/action";
    public const string WriteQueue = "Microsoft.Storage/storageAccounts/queueServices/queues/write";
    public const string ReadQueue = "Microsoft.Storage/storageAccounts/queueServices/queues/read";
    public const string AddMessage = "Microsoft.Storage/storageAccounts/queueServices/queues/messages/add/action";
    public const string WriteTable = "Microsoft.Storage/storageAccounts/tableServices/tables/write";
    public const string ReadEntities = "Microsoft.Storage/storageAccounts/tableServices/tables/entities/read";
    public const string WriteEntities = "Microsoft.Storage/storageAccounts/tableServices/tables/entities/write";
    public const string AddEntities = "Microsoft.Storage/storageAccounts/tableServices/tables/entities/add/action";
    public const string UpdateEntities = "Microsoft.Storage/storageAccounts/tableServices/tables/entities/update/action";
    public const string DeleteEntities = "Microsoft.Storage/storageAccounts/tableServices/tables/entities/delete";

    /// <summary>The app goes on without the right: the deployment has made the container, and the plan says what it cannot see.</summary>
    public static readonly string[] DoneWithout = [WriteContainer, ReadBlobService];

    /// <summary>Method, and the rights that its requests need. None: it makes no request.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Rights = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        ["BlobServiceClient.GetBlobContainerClient"] = [],
        ["BlobServiceClient.GetPropertiesAsync"] = [ReadBlobService],
        ["BlobServiceClient.GetUserDelegationKeyAsync"] = [SignLinks],
        ["BlobContainerClient.GetBlobClient"] = [],
        ["BlobContainerClient.CreateIfNotExistsAsync"] = [WriteContainer],
        ["BlobContainerClient.GetPropertiesAsync"] = [ReadContainer],
        ["BlobContainerClient.GetBlobsAsync"] = [ReadBlob],
        ["BlobContainerClient.GetBlobsByHierarchyAsync"] = [ReadBlob],
        ["BlobBaseClient.DownloadContentAsync"] = [ReadBlob],
        ["BlobBaseClient.DownloadStreamingAsync"] = [ReadBlob],
        ["BlobBaseClient.GenerateSasUri"] = [],
        ["BlobBaseClient.GenerateUserDelegationSasUri"] = [],
        ["BlobBaseClient.GetPropertiesAsync"] = [ReadBlob],

        // Needs Hold Keeper, which the app has only with legalHolds. Without it, a case says that it is not held.
        ["BlobBaseClient.SetLegalHoldAsync"] = [],
        ["BlobBaseClient.SetMetadataAsync"] = [WriteBlob],
        ["AppendBlobClient.AppendBlockAsync"] = [WriteBlob],
        ["AppendBlobClient.CreateAsync"] = [WriteBlob],
        ["BlobClient.UploadAsync"] = [WriteBlob],
        ["BlockBlobClient.CommitBlockListAsync"] = [WriteBlob],
        ["BlockBlobClient.StageBlockAsync"] = [WriteBlob],
        ["BlockBlobClient.SyncUploadFromUriAsync"] = [WriteBlob],
        ["BlockBlobClient.UploadAsync"] = [WriteBlob],
        ["SpecializedBlobExtensions.GetAppendBlobClient"] = [],
        ["SpecializedBlobExtensions.GetBlobBaseClient"] = [],
        ["SpecializedBlobExtensions.GetBlockBlobClient"] = [],
        ["SecretClient.GetSecretAsync"] = [GetSecret],
        ["SecretClient.SetSecretAsync"] = [SetSecret],
        ["SecretClient.UpdateSecretPropertiesAsync"] = [UpdateSecret],
        ["QueueServiceClient.GetQueueClient"] = [],
        ["QueueClient.CreateIfNotExistsAsync"] = [WriteQueue],
        ["QueueClient.GetPropertiesAsync"] = [ReadQueue],
        ["QueueClient.SetMetadataAsync"] = [WriteQueue],
        ["QueueClient.SendMessageAsync"] = [AddMessage],
        ["TableServiceClient.GetTableClient"] = [],
        ["TableClient.CreateQueryFilter"] = [],
        ["TableClient.AddEntityAsync"] = [AddEntities],
        ["TableClient.CreateIfNotExistsAsync"] = [WriteTable],
        ["TableClient.DeleteEntityAsync"] = [DeleteEntities],
        ["TableClient.GetEntityIfExistsAsync"] = [ReadEntities],
        ["TableClient.QueryAsync"] = [ReadEntities],
        ["TableClient.SubmitTransactionAsync"] = [AddEntities, UpdateEntities, WriteEntities, DeleteEntities],
        ["TableClient.UpdateEntityAsync"] = [UpdateEntities],
        ["TableClient.UpsertEntityAsync"] = [AddEntities, UpdateEntities],
    };

    /// <summary>The rights that the calls of one service need, without those that the app does without.</summary>
    public static IEnumerable<string> Needed(string resourceProvider) => Rights.Values
        .SelectMany(rights => rights)
        .Where(right => right.StartsWith(resourceProvider, StringComparison.Ordinal) && !DoneWithout.Contains(right))
        .Distinct(StringComparer.Ordinal)
        .Order(StringComparer.Ordinal);

    /// <summary>The methods of Azure clients that an assembly refers to, read from its metadata.</summary>
    public static IReadOnlyList<string> In(string assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly));
        var metadata = file.GetMetadataReader();
        return
        [
            .. metadata.MemberReferences
                .Select(metadata.GetMemberReference)
                .Where(member => member.GetKind() == MemberReferenceKind.Method && member.Parent.Kind == HandleKind.TypeReference)
                .Select(member => (Type: metadata.GetTypeReference((TypeReferenceHandle)member.Parent), Name: metadata.GetString(member.Name)))
                .Where(member => IsClient(metadata.GetString(member.Type.Namespace), metadata.GetString(member.Type.Name)))
                .Where(member => member.Name != ".ctor" && !member.Name.StartsWith("get_", StringComparison.Ordinal))
                .Select(member => $"{metadata.GetString(member.Type.Name)}.{member.Name}")
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal),
        ];
    }

    private static bool IsClient(string space, string name) =>
        (space.StartsWith("Azure.Storage.Blobs", StringComparison.Ordinal)
            || space.StartsWith("Azure.Storage.Queues", StringComparison.Ordinal)
            || space.StartsWith("Azure.Data.Tables", StringComparison.Ordinal)
            || space.StartsWith("Azure.Security.KeyVault", StringComparison.Ordinal))
        && (name.EndsWith("Client", StringComparison.Ordinal) || name.EndsWith("Extensions", StringComparison.Ordinal));
}
