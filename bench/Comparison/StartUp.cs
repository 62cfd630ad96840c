using System.Diagnostics;
using System.Globalization;

namespace Comparison;

/// <summary>From the start of the app's process to the first archived object, and what of it is the services' own.</summary>
internal static class StartUp
{
    public static async Task RunAsync(Report report, int rounds)
    {
        var workload = new Workload("start-up", 100, 30_000, 16);
        var hosts = new List<double>();
        var firsts = new List<double>();
        var services = new List<double>();
        var assemblies = new List<double>();
        for (var round = 1; round <= rounds; round++)
        {
            await using var stage = await Stage.StartAsync(workload);
            var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var clock = Stopwatch.StartNew();
            var (app, url) = await Contenders.StartAppAsync(stage, workload, line =>
            {
                if (line.Contains("Archived ", StringComparison.Ordinal))
                {
                    first.TrySetResult();
                }
            });
            await using (app)
            {
                hosts.Add(clock.Elapsed.TotalSeconds);
                await Contenders.FireAsync(url, "ListObjects");
                await first.Task.WaitAsync(TimeSpan.FromMinutes(1));
                firsts.Add(clock.Elapsed.TotalSeconds);
            }

            await using var worker = MeteredProcess.StartWorker("services", 1, stage, stage.Settings(workload));
            var parts = (await worker.WaitForLineAsync("services ", TimeSpan.FromMinutes(1))).Split(' ');
            services.Add(double.Parse(parts[0], CultureInfo.InvariantCulture));
            assemblies.Add(double.Parse(parts[1], CultureInfo.InvariantCulture));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"start-up {round}/{rounds}: host {hosts[^1]:0.00} s, first object {firsts[^1]:0.00} s, services {services[^1]:0} ms"));
        }

        report.Expect("start-up: seconds to the first archived object", Ratio.Of(firsts), atMost: 3);
        report.Add(
            "Start-up",
            [
                "| what | |",
                "| --- | ---: |",
                $"| process start to host started, s | {Ratio.Of(hosts)} |",
                $"| process start to first archived object, s | {Ratio.Of(firsts)} |",
                $"| settings read, services registered, built and resolved, ms | {Ratio.Of(services)} |",
                $"| assemblies loaded until then | {Ratio.Of(assemblies)} |",
            ],
            new { hosts, firsts, services, assemblies });
    }
}
