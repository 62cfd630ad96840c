using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Microsoft.Azure.WebJobs.Extensions.Timers;

namespace LocalHost.Jobs;

/// <summary>
/// Keeps in storage when a timer ran and is due, so that a tick missed while the host was down is made up for. The SDK's own
/// needs a storage library that is no longer maintained.
/// </summary>
internal sealed class BlobScheduleMonitor(BlobContainerClient container, string hostId) : ScheduleMonitor
{
    public override async Task<ScheduleStatus?> GetStatusAsync(string timerName)
    {
        try
        {
            return (await GetBlob(timerName).DownloadContentAsync()).Value.Content.ToObjectFromJson<ScheduleStatus>();
        }
        catch (Exception exception) when (exception is RequestFailedException { Status: 404 } or JsonException)
        {
            // It never ran, or as good as that.
            return null;
        }
    }

    public override async Task UpdateStatusAsync(string timerName, ScheduleStatus status)
    {
        await container.CreateIfNotExistsAsync();
        await GetBlob(timerName).UploadAsync(BinaryData.FromObjectAsJson(status), overwrite: true);
    }

    private BlobClient GetBlob(string timerName) => container.GetBlobClient($"timers/{hostId}/{timerName}/status");
}
