using System.Runtime.ExceptionServices;
using Archiving.Model;
using Archiving.Outages;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Operations.Health;

/// <summary>
/// Runs the health checks, and adds the outages that work has met and no check has ended. Runs them at most every few
/// seconds, because health needs no key.
/// </summary>
public sealed class HealthReader(HealthCheckService checks, HealthBoard board, TimeProvider timeProvider) : IDisposable
{
    private static readonly TimeSpan CacheDuration = TimeSpan.FromSeconds(5);
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private (HealthAnswer Answer, DateTimeOffset At)? _last;

    /// <summary>Checks, or returns the last answer when it is fresh.</summary>
    public async Task<HealthAnswer> ReadAsync(CancellationToken cancellationToken)
    {
        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            var now = timeProvider.GetUtcNow();
            if (_last is var (answer, at) && now - at < CacheDuration && now >= at)
            {
                return answer;
            }

            answer = Describe(await checks.CheckHealthAsync(cancellationToken));
            _last = (answer, timeProvider.GetUtcNow());
            return answer;
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _oneAtATime.Dispose();

    private HealthAnswer Describe(HealthReport report)
    {
        var problems = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, entry) in report.Entries.Where(check => check.Value.Status != HealthStatus.Healthy))
        {
            switch (entry.Exception)
            {
                case OutageException:
                    // It is on the board, unless another check has cleared it since.
                    break;
                case OperationCanceledException when Enum.TryParse<Condition>(name, out var condition):
                    board.Report(new OutageException(condition, DescribeTimeout(name)));
                    break;
                case OperationCanceledException:
                    problems[name] = DescribeTimeout(name);
                    break;
                case { } unexpected:
                    ExceptionDispatchInfo.Throw(unexpected);
                    break;
                default:
                    // What the board does not hold: the check describes it.
                    problems[name] = entry.Description ?? "";
                    break;
            }
        }

        foreach (var (condition, problem) in board.Outages.Where(outage => !HealthServices.Shared.Contains(outage.Key)))
        {
            problems[condition.ToString()] = problem;
        }

        // In the order in which the checks are registered.
        return HealthAnswer.Of(
        [
            .. report.Entries.Keys
                .Where(problems.ContainsKey)
                .Select(name => new FailedCheck(name, nameof(HealthStatus.Unhealthy), problems[name])),
        ]);
    }

    private static string DescribeTimeout(string name) =>
        $"{name} did not answer within {HealthServices.Timeout.TotalSeconds:0} seconds. Check the network between the app and it.";
}
