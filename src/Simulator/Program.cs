using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Simulator;

var port = CreatePortOption("--port", "Port of 8x8; 0 for a free one.");
var vaultPort = CreatePortOption("--vault-port", "Port of the vault; 0 for a free one.");
var contentPort = CreatePortOption("--content-port", "Port of the addresses from which content is downloaded; 0 for a free one.");
var seedDemo = new Option<bool>("--seed-demo") { Description = "Begin with the objects and secrets of the demonstration." };
var exitWithParent = new Option<bool>("--exit-with-parent") { Description = "Stop when standard input ends." };
var root = new RootCommand("Simulates 8x8 and a Key Vault on this machine. Prints one line of JSON with the addresses, then runs until it is stopped.")
{
    port, vaultPort, contentPort, seedDemo, exitWithParent,
};
root.SetAction((line, _) => RunAsync(
    new SimulatorOptions { Port = line.GetValue(port), VaultPort = line.GetValue(vaultPort), ContentPort = line.GetValue(contentPort) },
    line.GetValue(seedDemo),
    line.GetValue(exitWithParent)));

// The server itself handles signals.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });

static async Task<int> RunAsync(SimulatorOptions options, bool seedsDemo, bool exitsWithParent)
{
    SimulatorServer started;
    try
    {
        started = await SimulatorServer.StartAsync(options);
    }
    catch (IOException exception)
    {
        await Console.Error.WriteLineAsync(
            $"The simulator cannot start: {exception.Message} Choose another with --port, --vault-port and --content-port, or leave them out for free ones.");
        return 1;
    }

    await using var server = started;
    if (seedsDemo)
    {
        DemoObjects.AddTo(server.Objects, TimeProvider.System.GetUtcNow());
        server.SetSecret("eightbyeight-key", server.Account.Key);
        server.SetSecret("eightbyeight-secret", server.Account.Secret);
    }

    await Console.Out.WriteLineAsync(JsonSerializer.Serialize(new
    {
        baseUrl = server.BaseUrl,
        vaultUrl = server.VaultUrl,
        contentUrl = server.ContentUrl,
        vaultCertificateSha256 = server.VaultCertificateSha256,
    }));
    if (exitsWithParent)
    {
        // Standard input ends when the parent has ended, even by a crash.
        _ = Task.Run(async () =>
        {
            while (await Console.In.ReadLineAsync() is not null)
            {
            }

            server.Stop();
        });
    }

    await server.WaitForShutdownAsync();
    return 0;
}

static Option<int> CreatePortOption(string name, string description)
{
    var option = new Option<int>(name) { Description = description, HelpName = "number", DefaultValueFactory = _ => 0 };
    option.Validators.Add(result =>
    {
        if (result.Tokens is [var token] && !ushort.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            result.AddError($"{name} takes a port from 0 to 65535.");
        }
    });
    return option;
}
