using Archiving.Archive;
using Archiving.Model;
using Archiving.Outages;
using Archiving.Queues;
using Archiving.Settings;
using Archiving.Source;
using EightByEight;

namespace Operations.Health;

/// <summary>One thing that was checked.</summary>
/// <param name="Name">What.</param>
/// <param name="Status"><c>Healthy</c> or <c>Unhealthy</c>.</param>
/// <param name="Message">Cause and remedy; nothing of the tenant.</param>
public sealed record HealthCheck(string Name, string Status, string? Message);

/// <summary>The whole.</summary>
/// <param name="Status"><c>Healthy</c> or <c>Unhealthy</c>.</param>
/// <param name="Checks">What does not work; <see langword="null"/> when everything works.</param>
public sealed record HealthReport(string Status, IReadOnlyList<HealthCheck>? Checks);

/// <summary>
/// Checks everything that archiving needs: credentials, vault, 8x8, archive, queues. Checks at most every few seconds,
/// because health needs no key, and gives each check ten seconds.
/// </summary>
public sealed class HealthReporter(
    AccessTokens tokens,
    ITokenStore tokenStore,
    CloudStorageClient client,
    ArchiveStore archive,
    WorkQueues queues,
    HealthBoard board,
    SharedConditions shared,
    ArchiverOptions options,
    TimeProvider timeProvider) : IDisposable
{
    /// <summary>The status of a thing that works.</summary>
    public const string Healthy = "Healthy";

    /// <summary>The status of a thing that does not.</summary>
    public const string Unhealthy = "Unhealthy";

    private static readonly TimeSpan GoodFor = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private (HealthReport Report, DateTimeOffset At)? _last;

    /// <summary>Checks, or returns the last report when it is fresh.</summary>
    public async Task<HealthReport> CheckAsync(CancellationToken cancellationToken)
    {
        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            var now = timeProvider.GetUtcNow();
            if (_last is var (report, at) && now - at < GoodFor && now >= at)
            {
                return report;
            }

            report = await LookAsync(cancellationToken);
            _last = (report, timeProvider.GetUtcNow());
            return report;
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _oneAtATime.Dispose();

    private async Task<HealthReport> LookAsync(CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<Condition, string> told = new Dictionary<Condition, string>();
        await Task.WhenAll(
            TryAsync(Condition.Vault, async token => await tokenStore.ReadTokenAsync(token), cancellationToken),
            TryAsync(Condition.Archive, archive.ProbeAsync, cancellationToken),
            TryAsync(
                Condition.Runtime,
                async token =>
                {
                    await queues.CountAsync(token);
                    told = await shared.ReadAsync(token);
                },
                cancellationToken),
            LookAtSourceAsync(cancellationToken));
        var own = board.Outages;
        var checks = own.Where(outage => outage.Key is not (Condition.Restore or Condition.Purge or Condition.Integrity))
            .Concat(told.Where(outage => Matters(outage.Key)))
            .OrderBy(outage => outage.Key)
            .Select(outage => new HealthCheck(outage.Key.ToString(), Unhealthy, outage.Value))
            .ToList();
        return checks.Count == 0 ? new HealthReport(Healthy, Checks: null) : new HealthReport(Unhealthy, checks);
    }

    /// <summary>A feature that was disabled during its outage cannot end the outage by working again.</summary>
    private bool Matters(Condition condition) => condition switch
    {
        Condition.Restore => options.EightByEight.IncludeArchived,
        Condition.Purge => options.Purge.Enabled,
        _ => true,
    };

    private async Task LookAtSourceAsync(CancellationToken cancellationToken)
    {
        var hasToken = await TryAsync(Condition.Credentials, async token => await tokens.GetTokenAsync(token), cancellationToken, clears: false);
        if (!hasToken)
        {
            return;
        }

        await TryAsync(
            Condition.Source,
            async token =>
            {
                try
                {
                    await client.GetRegionsAsync(options.EightByEight.DiscoveryRegion, token);
                    board.Clear(Condition.Credentials);
                }
                catch (Exception exception) when (SourceFailure.OfRegions(exception, options.EightByEight.DiscoveryRegion) is { } outage)
                {
                    throw outage;
                }
            },
            cancellationToken);
    }

    private async Task<bool> TryAsync(Condition condition, Func<CancellationToken, Task> look, CancellationToken cancellationToken, bool clears = true)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(CheckTimeout);
        try
        {
            await look(timeout.Token);
            if (clears)
            {
                board.Clear(condition);
            }

            return true;
        }
        catch (OutageException outage)
        {
            board.Report(outage);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            board.Report(new OutageException(condition, $"{condition} did not answer within {CheckTimeout.TotalSeconds:0} seconds. Check the network between the app and it."));
        }

        return false;
    }
}
