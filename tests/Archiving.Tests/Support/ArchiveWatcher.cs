using System.Security.Cryptography;
using Azure;
using Simulator.Objects;

namespace Archiving.Tests;

/// <summary>Reads every blob as it appears, and remembers any that holds what its object never held.</summary>
internal sealed class ArchiveWatcher : IAsyncDisposable
{
    private readonly Pipeline _pipeline;
    private readonly Dictionary<string, string> _expected;
    private readonly Dictionary<string, string> _seen = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;
    private readonly List<string> _wrong = [];

    public ArchiveWatcher(Pipeline pipeline, IEnumerable<SimulatedObject> items)
    {
        _pipeline = pipeline;
        _expected = items.ToDictionary(item => item.Id, Hash, StringComparer.Ordinal);
        _watching = Task.Run(WatchAsync);
    }

    /// <summary>Looks once more and tells what was wrong at any time.</summary>
    public async Task<IReadOnlyList<string>> FinishAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        await LookAsync();
        return _wrong;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        _stop.Dispose();
    }

    private static string Hash(SimulatedObject item)
    {
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1024 * 1024];
        for (var at = 0L; at < item.Content.Length; at += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, item.Content.Length - at));
            item.Content.Fill(part, at);
            sha256.AppendData(part);
        }

        return Convert.ToHexStringLower(sha256.GetHashAndReset());
    }

    private async Task WatchAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await LookAsync();
            await Task.Delay(20, CancellationToken.None);
        }
    }

    private async Task LookAsync()
    {
        try
        {
            await foreach (var blob in _pipeline.Container
                .GetBlobsAsync(Azure.Storage.Blobs.Models.BlobTraits.None, Azure.Storage.Blobs.Models.BlobStates.None, prefix: null, CancellationToken.None))
            {
                if (blob.Name.EndsWith(".meta.json", StringComparison.Ordinal) || !_seen.TryAdd(blob.Name, ""))
                {
                    continue;
                }

                using var content = (await _pipeline.Container.GetBlobClient(blob.Name).DownloadStreamingAsync(cancellationToken: CancellationToken.None))
                    .Value;
                var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(content.Content, CancellationToken.None));
                if (!_expected.Any(item => blob.Name.Contains(item.Key, StringComparison.Ordinal) && item.Value == hash))
                {
                    _wrong.Add($"{blob.Name} was seen with wrong bytes");
                }
            }
        }
        catch (RequestFailedException exception) when (exception.Status == 404)
        {
            // There is no container yet.
        }
    }
}
