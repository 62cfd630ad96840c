using System.Globalization;
using System.Text.Json;
using Simulator;

// Prints one line of JSON with the addresses, then runs until stopped.
var options = new SimulatorOptions
{
    Port = ReadPort("--port"),
    VaultPort = ReadPort("--vault-port"),
    ContentPort = ReadPort("--content-port"),
};
SimulatorServer server;
try
{
    server = await SimulatorServer.StartAsync(options);
}
catch (IOException exception)
{
    await Console.Error.WriteLineAsync(
        $"The simulator cannot start: {exception.Message} Choose another with --port, --vault-port and --content-port, or leave them out for free ones.");
    return 1;
}

await using (server)
{
    if (args.Contains("--seed-demo"))
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
    if (args.Contains("--exit-with-parent"))
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
}

return 0;

int ReadPort(string name)
{
    var index = Array.IndexOf(args, name);
    return index >= 0 && index + 1 < args.Length && int.TryParse(args[index + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : 0;
}
