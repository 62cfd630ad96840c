using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Spectre.Console;

namespace DevStack;

/// <summary>Shows how the archive fills: as a table that changes in a terminal, as lines in a log.</summary>
internal sealed class ProgressWatcher(HttpClient client, Stack stack, TimeSpan timeout)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(2);
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    /// <summary>Watches until each object has come to an end, or the time is over.</summary>
    public async Task<Progress> WatchAsync(bool showLive, CancellationToken cancellationToken)
    {
        var objects = await client.GetFromJsonAsync<JsonElement>(new Uri(stack.SimulatorUrl, "/__admin/objects"), cancellationToken);
        var expected = objects.GetArrayLength();
        var first = await ReadAsync(expected, cancellationToken);
        if (showLive)
        {
            return await AnsiConsole.Live(first.Render())
                .StartAsync(live => WatchAsync(first, expected, progress => live.UpdateTarget(progress.Render()), cancellationToken));
        }

        var last = "";
        var lastAt = TimeSpan.MinValue;
        return await WatchAsync(first, expected, Print, cancellationToken);

        void Print(Progress progress)
        {
            if (progress.ToString() is { } line && line != last && (progress.IsOver || lastAt == TimeSpan.MinValue || _clock.Elapsed - lastAt > BetweenLines))
            {
                Console.WriteLine(line);
                (last, lastAt) = (line, _clock.Elapsed);
            }
        }
    }

    private async Task<Progress> WatchAsync(Progress progress, int expected, Action<Progress> show, CancellationToken cancellationToken)
    {
        show(progress);
        while (!progress.IsOver && _clock.Elapsed < timeout)
        {
            await Task.Delay(Interval, cancellationToken);
            progress = await ReadAsync(expected, cancellationToken);
            show(progress);
        }

        return progress;
    }

    private async Task<Progress> ReadAsync(int expected, CancellationToken cancellationToken)
    {
        while (true)
        {
            stack.Functions.ThrowIfEnded();
            try
            {
                return await Progress.ReadAsync(client, stack.FunctionsUrl, expected, cancellationToken);
            }
            catch (HttpRequestException) when (_clock.Elapsed < timeout)
            {
                // Storage or vault is unavailable at the moment; the app keeps trying, and so does this.
                await Task.Delay(Interval, cancellationToken);
            }
        }
    }
}
