using System.Globalization;

namespace Simulator.Faults;

/// <summary>Decides which call goes wrong, and how; keeps count of all of them. Safe for many threads.</summary>
public sealed class FaultInjector
{
    // What was on its way when a 429 was sent cannot have known of it. A busy machine takes its time to read an answer.
    private static readonly TimeSpan OnItsWay = TimeSpan.FromSeconds(1.5);

    // Timers of the other side may end early by a little.
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(50);

    private readonly Counters _counters;
    private readonly TimeProvider _timeProvider;
    private readonly Lock _lock = new();
    private readonly Dictionary<(string? Region, string Id), DateTimeOffset> _objectsThrottledUntil = [];
    private volatile IReadOnlyList<FaultRule> _rules = [];
    private DateTimeOffset _throttledFrom;
    private DateTimeOffset _throttledUntil;

    internal FaultInjector(Counters counters, TimeProvider timeProvider)
    {
        _counters = counters;
        _timeProvider = timeProvider;
    }

    /// <summary>The rules in force; the first that applies wins.</summary>
    public IReadOnlyList<FaultRule> Rules
    {
        get => _rules;
        set => _rules = [.. value];
    }

    /// <summary>Puts rules in force, and no others.</summary>
    public void Set(params FaultRule[] rules) => Rules = rules;

    /// <summary>
    /// Counts a call and injects a fault where a rule says so. <see langword="true"/> when the answer has been given;
    /// the second value says what to do with the answer.
    /// </summary>
    internal async Task<(bool Answered, FaultRule? Fault)> ApplyAsync(HttpContext context, string call, string? region, string? id)
    {
        _counters.Count(call);
        if (IsThrottled(region, id))
        {
            // So that a test can tell whether a client keeps to it.
            _counters.Count("insideRetryAfter");
        }

        var now = _timeProvider.GetUtcNow();
        var rule = _rules.FirstOrDefault(rule => rule.Applies(call, region, id, now));
        if (rule is null)
        {
            return (false, null);
        }

        _counters.Count($"fault:{rule.Kind}");
        foreach (var (name, value) in rule.Headers)
        {
            context.Response.Headers[name] = value;
        }

        switch (rule.Kind)
        {
            case FaultKind.Headers:
                return (false, null);
            case FaultKind.RateLimit:
                if (TryTakeCall(context, rule))
                {
                    return (false, null);
                }

                context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
                return (true, null);
            case FaultKind.Latency:
                await Task.Delay(rule.Milliseconds, context.RequestAborted);
                return (false, null);
            case FaultKind.Status:
                // Before the response is sent: a client that waits from its arrival waits longer.
                Throttle(rule.RetryAfter, region, id);
                context.Response.StatusCode = rule.Status;
                if (rule.RetryAfter is { } retryAfter)
                {
                    context.Response.Headers.RetryAfter = retryAfter;
                }

                context.Response.ContentType = rule.ContentType;
                var body = rule.Body ?? string.Create(CultureInfo.InvariantCulture, $$"""{"fault":"injected","code":{{rule.Status}}}""");
                await context.Response.WriteAsync(body, context.RequestAborted);
                return (true, null);
            case FaultKind.Reset:
                context.Abort();
                return (true, null);
            default:
                return (false, rule);
        }
    }

    private bool TryTakeCall(HttpContext context, FaultRule rule)
    {
        var now = _timeProvider.GetUtcNow();
        var (allowed, remaining, windowEnd) = rule.TakeCall(now);
        var reset = rule.Reset == "epoch" ? windowEnd.ToUnixTimeMilliseconds() / 1000.0 : (windowEnd - now).TotalSeconds;
        context.Response.Headers["x-ratelimit-limit"] = rule.Limit.ToString(CultureInfo.InvariantCulture);
        context.Response.Headers["x-ratelimit-remaining"] = remaining.ToString(CultureInfo.InvariantCulture);
        context.Response.Headers["x-ratelimit-reset"] = Math.Ceiling(reset).ToString(CultureInfo.InvariantCulture);
        return allowed;
    }

    private void Throttle(string? retryAfter, string? region, string? id)
    {
        if (!double.TryParse(retryAfter, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) || seconds is 0 or > 86_400)
        {
            return;
        }

        lock (_lock)
        {
            var now = _timeProvider.GetUtcNow();
            if (now >= _throttledUntil)
            {
                _throttledFrom = now + OnItsWay;
            }

            _throttledUntil = now.AddSeconds(seconds);
            if (id is not null)
            {
                _objectsThrottledUntil[(region, id)] = _throttledUntil;
            }
        }
    }

    private bool IsThrottled(string? region, string? id)
    {
        lock (_lock)
        {
            var now = _timeProvider.GetUtcNow();

            // A client does not request the same object twice at once, so such a call was not on its way.
            return (id is not null && _objectsThrottledUntil.TryGetValue((region, id), out var until) && now + Tolerance < until)
                || (now > _throttledFrom && now + Tolerance < _throttledUntil);
        }
    }
}
