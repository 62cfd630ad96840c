using Simulator;
using Testing;

namespace LocalHost.Tests;

/// <summary>The app on the host, with a function key. Its schedules never come.</summary>
public sealed class HostFixture(AzuriteFixture azurite) : IAsyncLifetime
{
    public const string Key = "the-key";

    /// <summary>Settings of an app whose schedules come once a year.</summary>
    public static (string Name, string Value)[] NoSchedules { get; } =
        [
            .. new[] { "ListingSchedule", "ReconcileSchedule", "VerifySchedule", "TokenRefreshSchedule", "Catalogue__Schedule" }
                .Select(name => (name, "0 0 0 1 1 *")),
        ];

    internal SimulatorServer Simulator { get; private set; } = null!;

    internal AppProcess App { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Simulator = await SimulatorServer.StartAsync();
        App = await AppProcess.StartAsync(Simulator.BaseUrl, azurite.NewAccount(), [.. NoSchedules, ("LocalHost__FunctionKey", Key)]);
    }

    public async ValueTask DisposeAsync()
    {
        if (App is not null)
        {
            await App.DisposeAsync();
        }

        await Simulator.DisposeAsync();
    }
}
