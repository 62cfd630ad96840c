using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;

namespace Operations.Plan;

/// <summary>The app's clients of Azure Storage.</summary>
/// <param name="Blobs">Of the archive.</param>
/// <param name="Queues">Of the queues.</param>
/// <param name="Tables">Of the ledger.</param>
public sealed record StorageClients(BlobServiceClient Blobs, QueueServiceClient Queues, TableServiceClient Tables);
