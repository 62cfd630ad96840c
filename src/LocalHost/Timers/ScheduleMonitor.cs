using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Microsoft.Azure.Functions.Worker;

namespace LocalHost.Timers;

/// <summary>Keeps in storage when a timer ran and will run, so that a run missed while the host was down is made up for.</summary>
internal sealed class ScheduleMonitor(BlobServiceClient blobs, string hostId)
{
    private readonly BlobContainerClient _container = blobs.GetBlobContainerClient("azure-webjobs-hosts");

    public async Task<ScheduleStatus?> ReadAsync(string function, CancellationToken cancellationToken)
    {
        try
        {
            var content = (await Blob(function).DownloadContentAsync(cancellationToken)).Value.Content;
            return JsonSerializer.Deserialize<ScheduleStatus>(content.ToMemory().Span);
        }
        catch (RequestFailedException exception) when (exception.Status == 404)
        {
            return null;
        }
        catch (JsonException)
        {
            // Not readable: as if it had never run.
            return null;
        }
    }

    public async Task WriteAsync(string function, ScheduleStatus status, CancellationToken cancellationToken)
    {
        await _container.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
        await Blob(function).UploadAsync(BinaryData.FromObjectAsJson(status), overwrite: true, cancellationToken);
    }

    private BlobClient Blob(string function) => _container.GetBlobClient($"timers/{hostId}/Host.Functions.{function}/status");
}
