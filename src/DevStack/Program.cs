using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Azurite;
using DevStack;
using Spectre.Console;

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
try
{
    return await CommandLine.RunAsync(args, line => RunAsync(line, stop.Token));
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    Console.WriteLine("Stopped.");
    return 130;
}
catch (Exception exception) when (exception is DevStackException or AzuriteException)
{
    await Console.Error.WriteLineAsync(exception.Message);
    return 1;
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}

static async Task<int> RunAsync(CommandLine line, CancellationToken cancellationToken)
{
    var clock = Stopwatch.StartNew();
    using var client = new HttpClient { Timeout = TimeSpan.FromMinutes(2) };
    await using var stack = await Stack.StartAsync(line, Console.WriteLine, line.Verbose ? Console.WriteLine : null, cancellationToken);
    var watcher = new ProgressWatcher(client, stack, line.Timeout);
    var progress = await watcher.WatchAsync(showLive: AnsiConsole.Profile.Capabilities.Interactive && !line.Verbose, cancellationToken);
    if (!progress.IsOver)
    {
        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"Not everything has been archived within {line.Timeout.TotalMinutes} minutes: {progress}."));
    }

    Console.WriteLine("Comparing every archived byte with 8x8 …");
    var verdict = await new ArchiveVerifier(client, stack.SimulatorUrl, stack.StorageConnectionString).VerifyAsync(cancellationToken);
    Console.WriteLine();
    Console.WriteLine(verdict);
    foreach (var problem in verdict.Missing.Select(key => $"missing: {key}").Concat(verdict.Wrong.Select(problem => $"wrong: {problem}")).Take(20))
    {
        Console.WriteLine($"  {problem}");
    }

    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"({clock.Elapsed.TotalSeconds:0} s)"));
    if (line.Once)
    {
        return verdict.IsGood ? 0 : 1;
    }

    Console.WriteLine();
    Console.WriteLine($"Dashboard       {stack.FunctionsUrl}api/dashboard");
    Console.WriteLine($"Function app    {stack.FunctionsUrl}api/status   {stack.FunctionsUrl}api/health");
    Console.WriteLine($"Simulated 8x8   {stack.SimulatorUrl}__admin/counters");
    Console.WriteLine($"Storage         {stack.StorageConnectionString}");
    Console.WriteLine("Ctrl+C stops all of it and deletes its files.");
    while (!cancellationToken.IsCancellationRequested)
    {
        stack.Functions.ThrowIfEnded();
        await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    Console.WriteLine("Stopping …");
    return verdict.IsGood ? 0 : 1;
}
