using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Azure.Storage.Blobs;
using Azurite;
using Metering;
using Simulator;
using Simulator.Objects;

namespace Scale;

/// <summary>One object of five gigabytes through the function app, and how much memory its worker takes for it.</summary>
internal static class LargeObject
{
    private const long Bytes = 5L * 1024 * 1024 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(20);

    public static async Task RunAsync()
    {
        await using var storage = await AzuriteServer.StartAsync(Console.WriteLine);
        var connectionString = storage.NewAccountConnectionString();
        await using var simulator = await SimulatorServer.StartAsync();
        var item = simulator.Objects.Add(
            new ObjectSpecification
            {
                Type = "meeting",
                Bytes = Bytes,
                PartSize = 100 * 1024 * 1024,
                CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1),
            });
        var expected = Hash(item);

        var settings = AppRun.Settings(connectionString, simulator.BaseUrl);
        settings["Archive__Enabled"] = "true";
        await using var app = await AppProcess.StartAsync(settings);
        var clock = Stopwatch.StartNew();
        await app.FireAsync("ListObjects");
        var container = new BlobContainerClient(connectionString, "recordings");
        string? name = null;
        while (name is null)
        {
            if (clock.Elapsed > Limit)
            {
                throw new TimeoutException($"Not archived after {Limit.TotalMinutes} minutes.");
            }

            await Task.Delay(500);
            if (await container.ExistsAsync())
            {
                await foreach (var blob in container.GetBlobsAsync())
                {
                    name = blob.Name.EndsWith(".meta.json", StringComparison.Ordinal) ? blob.Name[..^".meta.json".Length] : name;
                }
            }
        }

        var seconds = clock.Elapsed.TotalSeconds;
        var usage = app.Read();
        await using var stored = await container.GetBlobClient(name).OpenReadAsync();
        var actual = Convert.ToHexStringLower(await SHA256.HashDataAsync(stored));
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"5 GiB archived in {seconds:0} s ({Bytes / 1e6 / seconds:0} MB/s), peak memory {usage.Worker.PeakMegabytes:0} MB (local host "
                + $"{usage.Host.PeakMegabytes:0} MB); bytes {(actual == expected ? "equal" : "DIFFER")}"));
        Environment.ExitCode = actual == expected ? 0 : 1;
    }

    private static string Hash(SimulatedObject item)
    {
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1024 * 1024];
        for (var at = 0L; at < Bytes; at += buffer.Length)
        {
            item.Content.Fill(buffer, at);
            sha256.AppendData(buffer);
        }

        return Convert.ToHexStringLower(sha256.GetHashAndReset());
    }
}
