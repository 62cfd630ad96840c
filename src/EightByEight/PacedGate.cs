namespace EightByEight;

/// <summary>
/// Spaces requests evenly below a ceiling, and after a 429 holds every request of the instance until the time that
/// 8x8 named has passed.
/// </summary>
public sealed class PacedGate : RequestGate
{
    private readonly TimeProvider _timeProvider;
    private readonly TimeSpan _spacing;
    private readonly Lock _lock = new();
    private DateTimeOffset _nextAt = DateTimeOffset.MinValue;
    private DateTimeOffset _heldUntil = DateTimeOffset.MinValue;
    private DateTimeOffset _refusedUntil = DateTimeOffset.MinValue;

    /// <summary>Initializes the gate.</summary>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="maxRequestsPerSecond">The ceiling; 0 means none.</param>
    public PacedGate(TimeProvider timeProvider, double maxRequestsPerSecond)
    {
        ArgumentNullException.ThrowIfNull(timeProvider);
        ArgumentOutOfRangeException.ThrowIfNegative(maxRequestsPerSecond);
        _timeProvider = timeProvider;
        _spacing = maxRequestsPerSecond > 0 ? TimeSpan.FromSeconds(1 / maxRequestsPerSecond) : TimeSpan.Zero;
    }

    /// <inheritdoc/>
    public override async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset? turn = null;
        while (true)
        {
            TimeSpan wait;
            lock (_lock)
            {
                var now = _timeProvider.GetUtcNow();
                var earliest = _heldUntil > now ? _heldUntil : now;
                if (_spacing > TimeSpan.Zero && (turn is null || turn < _heldUntil))
                {
                    // A hold cancels the turns within it: otherwise they would all come at its end.
                    turn = _nextAt > earliest ? _nextAt : earliest;
                    _nextAt = turn.Value + _spacing;
                }

                wait = (turn ?? earliest) - now;
            }

            if (wait <= TimeSpan.Zero)
            {
                return;
            }

            // Checked again afterwards: another 429 may have come while this request waited.
            await Task.Delay(wait, _timeProvider, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public override DateTimeOffset HeldUntil
    {
        get
        {
            lock (_lock)
            {
                return _heldUntil;
            }
        }
    }

    /// <inheritdoc/>
    public override DateTimeOffset? RefusedUntil
    {
        get
        {
            lock (_lock)
            {
                return _refusedUntil > _timeProvider.GetUtcNow() ? _refusedUntil : null;
            }
        }
    }

    /// <inheritdoc/>
    public override void OnThrottled(TimeSpan retryAfter, bool isRefusal)
    {
        lock (_lock)
        {
            var until = _timeProvider.GetUtcNow() + retryAfter;
            _heldUntil = until > _heldUntil ? until : _heldUntil;
            _refusedUntil = isRefusal && until > _refusedUntil ? until : _refusedUntil;
        }
    }
}
