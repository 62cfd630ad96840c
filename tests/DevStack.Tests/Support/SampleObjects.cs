using System.Security.Cryptography;
using System.Text.Json;
using Azure.Storage.Blobs.Models;
using Simulator;
using Simulator.Objects;
using Testing;

namespace DevStack.Tests;

/// <summary>Objects to archive, and whether they are.</summary>
internal static class SampleObjects
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static void Fill(SimulatorServer simulator, int count)
    {
        for (var number = 0; number < count; number++)
        {
            simulator.Objects.Add(new ObjectSpecification
            {
                Region = number % 3 == 0 ? "uk" : "us-east",
                Type = number % 5 == 0 ? "voicemail" : "callrecording",
                Bytes = number == 7 ? 0 : number % 50 == 8 ? 9_000_000 : 1000 * (number % 120),
                CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-(number % 120) - 1),

                // Long enough ago for the first listing to find them: it leaves out what has changed in the last minute.
                UpdatedTime = TimeProvider.System.GetUtcNow().AddMinutes(-5),
            });
        }
    }

    public static async Task<int> CountReceiptsAsync(StorageAccount account)
    {
        var container = account.Blobs.GetBlobContainerClient("recordings");
        var count = 0;
        if (await container.ExistsAsync(Cancellation))
        {
            await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix: null, Cancellation))
            {
                count += blob.Name.EndsWith(".meta.json", StringComparison.Ordinal) ? 1 : 0;
            }
        }

        return count;
    }

    public static async Task AssertAllArchivedAsync(SimulatorServer simulator, StorageAccount account, TimeSpan? limit = null)
    {
        var expected = simulator.Objects.GetAll();
        try
        {
            await Eventually.HoldsAsync(
                async () => await CountReceiptsAsync(account) >= expected.Count,
                $"{expected.Count} receipts",
                limit ?? TimeSpan.FromMinutes(3));
        }
        catch (TimeoutException exception)
        {
            var rows = account.Tables.GetTableClient("objects")
                .QueryAsync<Azure.Data.Tables.TableEntity>("State ne 'Archived'", cancellationToken: Cancellation);
            var left = await rows.Select(row => $"{row["Id"]}: {row["State"]}, {row.GetInt32("Attempts")} attempts, {row.GetString("LastError")}")
                .ToListAsync(Cancellation);
            Assert.Fail($"{exception.Message} Left:{Environment.NewLine}{string.Join(Environment.NewLine, left)}");
        }

        var container = account.Blobs.GetBlobContainerClient("recordings");
        var names = new List<string>();
        await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix: null, Cancellation))
        {
            // Reports and the audit log are no objects.
            if (!blob.Name.StartsWith('_'))
            {
                names.Add(blob.Name);
            }
        }

        Assert.Equal(2 * expected.Count, names.Count);
        foreach (var item in expected)
        {
            var name = Assert.Single(names, name => name.StartsWith(
                $"{item.Region}/{item.Type}/{item.CreatedTime.UtcDateTime:yyyy'/'MM'/'dd}/{item.Id}.",
                StringComparison.Ordinal) && !name.EndsWith(".meta.json", StringComparison.Ordinal));
            var bytes = (await container.GetBlobClient(name).DownloadContentAsync(Cancellation)).Value.Content.ToArray();
            var whole = new byte[item.Content.Length];
            item.Content.Fill(whole, 0);
            Assert.True(whole.AsSpan().SequenceEqual(bytes), name);
            using var receipt = JsonDocument.Parse((await container.GetBlobClient(name + ".meta.json").DownloadContentAsync(Cancellation)).Value.Content);
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(whole)), receipt.RootElement.GetProperty("content").GetProperty("sha256").GetString());
            Assert.Equal(1, receipt.RootElement.GetProperty("schema").GetInt32());
        }
    }
}
