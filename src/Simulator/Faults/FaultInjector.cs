using System.Globalization;

namespace Simulator.Faults;

/// <summary>Decides which call goes wrong, and how; keeps count of all of them. Safe for many threads.</summary>
public sealed class FaultInjector
{
    private readonly Counters _counters;
    // What was on its way when a 429 was sent cannot have known of it. A busy machine takes its time to read an answer.
    private static readonly TimeSpan OnItsWay = TimeSpan.FromMilliseconds(500);

    private volatile IReadOnlyList<FaultRule> _rules = [];
    private long _throttledFrom;
    private long _throttledUntil;

    internal FaultInjector(Counters counters)
    {
        _counters = counters;
    }

    /// <summary>The rules in force; the first that applies wins.</summary>
    public IReadOnlyList<FaultRule> Rules
    {
        get => _rules;
        set => _rules = [.. value];
    }

    /// <summary>Puts rules in force, and no others.</summary>
    public void Set(params FaultRule[] rules) => Rules = rules;

    // Counted, so that a test can tell whether a client keeps to it: "insideRetryAfter".
    private void Throttle(string? retryAfter)
    {
        if (int.TryParse(retryAfter, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds > 0)
        {
            var now = Environment.TickCount64;
            if (now >= Interlocked.Read(ref _throttledUntil))
            {
                Interlocked.Exchange(ref _throttledFrom, now + (long)OnItsWay.TotalMilliseconds);
            }

            Interlocked.Exchange(ref _throttledUntil, now + (1000L * seconds));
        }
    }

    /// <summary>
    /// Counts a call and spoils it where a rule says so. <see langword="true"/> when the answer has been given;
    /// the second value says what to do with the content.
    /// </summary>
    internal async Task<(bool Answered, FaultRule? Content)> ApplyAsync(HttpContext context, string call, string? region, string? id)
    {
        _counters.Count(call);
        var now = Environment.TickCount64;
        if (now > Interlocked.Read(ref _throttledFrom) && now < Interlocked.Read(ref _throttledUntil))
        {
            _counters.Count("insideRetryAfter");
        }

        var rule = _rules.FirstOrDefault(rule => rule.Applies(call, region, id));
        if (rule is null)
        {
            return (false, null);
        }

        _counters.Count($"fault:{rule.Kind}");
        switch (rule.Kind)
        {
            case FaultKind.Latency:
                await Task.Delay(rule.Milliseconds, context.RequestAborted);
                return (false, null);
            case FaultKind.Status:
                context.Response.StatusCode = rule.Status;
                if (rule.RetryAfter is { } retryAfter)
                {
                    context.Response.Headers.RetryAfter = retryAfter;
                }

                await context.Response.WriteAsync(rule.Body ?? string.Create(CultureInfo.InvariantCulture, $$"""{"fault":"injected","code":{{rule.Status}}}"""));
                Throttle(rule.RetryAfter);
                return (true, null);
            case FaultKind.Reset:
                context.Abort();
                return (true, null);
            default:
                return (false, rule);
        }
    }
}
