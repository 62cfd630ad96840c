using Azure.Storage.Blobs.Models;
using Simulator;
using Simulator.Objects;
using Testing;

[assembly: AssemblyFixture(typeof(AzuriteFixture))]

namespace Package.Tests;

/// <summary>The package runs as it is unpacked.</summary>
public sealed class RunTests(PackageFixture package, AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Package_archives_objects_through_all_of_its_functions_that_the_host_finds()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        for (var number = 0; number < 5; number++)
        {
            simulator.Objects.Add(new ObjectSpecification
            {
                Bytes = 5_000_000 * (number % 2),
                CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1 - number),
                UpdatedTime = TimeProvider.System.GetUtcNow().AddMinutes(-5),
            });
        }

        var account = azurite.NewAccount();
        await using var app = new AppProcess(AppProcess.Settings(simulator.BaseUrl, account), "--app", package.Folder);
        await app.WaitAsync();

        await Eventually.HoldsAsync(
            async () => (await app.GetAsync("/api/status")).Body.GetProperty("objects").GetProperty("Archived").GetInt32() == 5,
            "five objects are archived");
        var receipts = new List<string>();
        await foreach (var blob in account.Blobs.GetBlobContainerClient("recordings")
            .GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix: null, Cancellation))
        {
            receipts.AddRange(blob.Name.EndsWith(".meta.json", StringComparison.Ordinal) ? [blob.Name] : []);
        }

        Assert.Equal(5, receipts.Count);
        var found = app.Lines.SkipWhile(line => line != "Functions:").Skip(1).TakeWhile(line => line.Length > 0).Select(line => line.Trim().Split(':')[0]);
        Assert.Equal(package.FunctionNames.Order(StringComparer.Ordinal), found);
    }
}
