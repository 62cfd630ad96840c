using Archiving.Model;
using Archiving.Outages;
using Archiving.Settings;
using Archiving.Source;
using EightByEight;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Moq;
using Simulator;
using Simulator.Faults;

namespace Archiving.Tests;

/// <summary>Tokens between 8x8, this process and the vault: the real clients of both, the simulated services.</summary>
public sealed class TokenTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private SimulatorServer _simulator = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _simulator = await SimulatorServer.StartAsync(new SimulatorOptions { TimeProvider = _time });
        _simulator.SetSecret(KeyVaultTokenStore.KeySecret, "demo-key");
        _simulator.SetSecret(KeyVaultTokenStore.SecretSecret, "demo-secret\n");
    }

    public ValueTask DisposeAsync() => _simulator.DisposeAsync();

    [Fact]
    public async Task Token_source_puts_a_token_into_the_vault_with_its_expiry_and_disables_the_one_before()
    {
        using var tokens = CreateTokens();
        await tokens.RefreshAsync(Cancellation);
        _time.Advance(TimeSpan.FromSeconds(1000));
        var (token, isNew) = await tokens.RefreshAsync(Cancellation);

        var versions = _simulator.GetSecretVersions(KeyVaultTokenStore.TokenSecret);
        Assert.True(isNew);
        Assert.Equal([false, true], versions.Select(version => version.Enabled));
        Assert.Equal(token.Value, versions[1].Value);
        Assert.Equal("application/vnd.8x8.access-token", versions[1].ContentType);
        Assert.Equal(_time.GetUtcNow().AddSeconds(1799), versions[1].Expires);
    }

    [Fact]
    public async Task Token_source_reads_a_secret_from_a_file_with_a_byte_order_mark()
    {
        _simulator.SetSecret(KeyVaultTokenStore.KeySecret, "\uFEFFdemo-key\r\n");
        _simulator.SetSecret(KeyVaultTokenStore.SecretSecret, "\uFEFFdemo-secret");
        using var tokens = CreateTokens();

        Assert.NotNull(await tokens.GetTokenAsync(Cancellation));

        _simulator.SetSecret(KeyVaultTokenStore.SecretSecret, "\uFEFF\n");
        _time.Advance(TimeSpan.FromSeconds(1000));
        using var others = CreateTokens();
        var outage = await Assert.ThrowsAsync<OutageException>(() => others.RefreshAsync(Cancellation));
        Assert.Contains("holds no secret eightbyeight-secret", outage.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_source_refreshes_only_past_half_of_the_lifetime()
    {
        using var tokens = CreateTokens();
        await tokens.RefreshAsync(Cancellation);
        _time.Advance(TimeSpan.FromSeconds(890));
        Assert.False((await tokens.RefreshAsync(Cancellation)).IsNew);
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.True((await tokens.RefreshAsync(Cancellation)).IsNew);

        Assert.Equal(2, _simulator.Counters["token"]);
    }

    [Fact]
    public async Task Token_source_takes_the_token_that_another_instance_put_there()
    {
        using var one = CreateTokens();
        using var other = CreateTokens();
        await one.RefreshAsync(Cancellation);

        var token = await other.GetTokenAsync(Cancellation);

        Assert.Equal((await one.GetTokenAsync(Cancellation)).Value, token.Value);
        Assert.Equal(1, _simulator.Counters["token"]);
    }

    [Fact]
    public async Task Token_source_asks_8x8_once_however_many_wait()
    {
        using var tokens = CreateTokens();

        var all = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => tokens.GetTokenAsync(Cancellation).AsTask()));

        Assert.Single(all.Select(token => token.Value).Distinct());
        Assert.Equal(1, _simulator.Counters["token"]);
    }

    [Fact]
    public async Task Token_source_replaces_a_token_that_8x8_no_longer_takes()
    {
        using var tokens = CreateTokens();
        await tokens.RefreshAsync(Cancellation);
        _time.Advance(TimeSpan.FromMinutes(2));
        _simulator.Account.RevokeTokens();
        var client = new CloudStorageClient(_simulator.BaseUrl, tokens);

        Assert.Equal(["us-east", "uk"], await client.GetRegionsAsync("us-east", Cancellation));
        Assert.Equal(2, _simulator.GetSecretVersions(KeyVaultTokenStore.TokenSecret).Count);
    }

    [Fact]
    public async Task Token_source_gets_a_new_token_before_the_old_one_expires()
    {
        using var tokens = CreateTokens();
        var first = await tokens.GetTokenAsync(Cancellation);
        _time.Advance(TimeSpan.FromSeconds(1799 - 30));

        Assert.NotEqual(first.Value, (await tokens.GetTokenAsync(Cancellation)).Value);
    }

    [Fact]
    public async Task Token_source_says_what_is_wrong_with_the_credentials_and_asks_8x8_no_more_than_every_ten_seconds()
    {
        _simulator.Account.Secret = "changed";
        using var tokens = CreateTokens();
        for (var attempt = 0; attempt < 20; attempt++)
        {
            var outage = await Assert.ThrowsAsync<OutageException>(() => tokens.GetTokenAsync(Cancellation).AsTask());
            Assert.Equal(Condition.Credentials, outage.Condition);
            Assert.Contains("eightbyeight-secret", outage.Message, StringComparison.Ordinal);
        }

        Assert.Equal(1, _simulator.Counters["token"]);
        _simulator.Account.Secret = "demo-secret";
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.NotNull(await tokens.GetTokenAsync(Cancellation));
    }

    [Theory]
    [InlineData(403, "role Key Vault Secrets")]
    [InlineData(429, "slow down")]
    public async Task Token_source_says_what_is_wrong_with_the_vault(int status, string expected)
    {
        _simulator.Faults.Set(new FaultRule { Call = "vault", Kind = FaultKind.Status, Status = status, RetryAfter = "0" });
        using var tokens = CreateTokens();

        var outage = await Assert.ThrowsAsync<OutageException>(() => tokens.GetTokenAsync(Cancellation).AsTask());

        Assert.Equal(Condition.Vault, outage.Condition);
        Assert.Contains(expected, outage.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_source_says_that_the_vault_lacks_the_credentials()
    {
        _simulator.Reset();
        using var tokens = CreateTokens();

        var outage = await Assert.ThrowsAsync<OutageException>(() => tokens.GetTokenAsync(Cancellation).AsTask());

        Assert.Contains("no secret eightbyeight-key", outage.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_source_goes_on_with_a_token_that_the_vault_does_not_take()
    {
        var store = new Mock<ITokenStore>();
        store.Setup(vault => vault.ReadApiKeyAsync(It.IsAny<CancellationToken>())).ReturnsAsync(new ApiKey("demo-key", "demo-secret"));
        store.Setup(vault => vault.WriteTokenAsync(It.IsAny<AccessToken>(), It.IsAny<CancellationToken>()))
            .ThrowsAsync(new OutageException(Condition.Vault, "full"));
        var health = new HealthBoard(_time, NullLogger<HealthBoard>.Instance);
        using var tokens = new AccessTokens(store.Object, new TokenClient(_simulator.BaseUrl), health, _time, NullLogger<AccessTokens>.Instance);

        var token = await tokens.GetTokenAsync(Cancellation);
        Assert.Equal("full", health.Outages[Condition.Vault]);
        Assert.Equal("full", tokens.NotKept?.Message);

        // It can be read, as before.
        _time.Advance(token.ExpiresOn - _time.GetUtcNow());
        await tokens.GetTokenAsync(Cancellation);
        Assert.Equal("full", health.Outages[Condition.Vault]);

        store.Setup(vault => vault.WriteTokenAsync(It.IsAny<AccessToken>(), It.IsAny<CancellationToken>())).Returns(Task.CompletedTask);
        _time.Advance(TimeSpan.FromHours(2));
        await tokens.GetTokenAsync(Cancellation);
        Assert.Empty(health.Outages);
        Assert.Null(tokens.NotKept);
    }

    [Theory]
    [InlineData(nameof(ITokenStore.ReadTokenAsync))]
    [InlineData(nameof(ITokenStore.ReadApiKeyAsync))]
    public async Task Token_source_asks_once_for_all_who_waited_for_an_answer_that_never_came(string call)
    {
        var asked = 0;
        var store = new Mock<ITokenStore>();
        store.Setup(vault => vault.ReadTokenAsync(It.IsAny<CancellationToken>()))
            .Returns(() => call == nameof(ITokenStore.ReadTokenAsync) ? FailAsync<AccessToken?>() : Task.FromResult<AccessToken?>(null));
        store.Setup(vault => vault.ReadApiKeyAsync(It.IsAny<CancellationToken>())).Returns(FailAsync<ApiKey>);
        using var tokens = new AccessTokens(
            store.Object,
            new TokenClient(_simulator.BaseUrl),
            new HealthBoard(_time, NullLogger<HealthBoard>.Instance),
            _time,
            NullLogger<AccessTokens>.Instance);

        var all = Enumerable.Range(0, 20).Select(_ => tokens.GetTokenAsync(Cancellation).AsTask()).ToList();

        foreach (var waiting in all)
        {
            await Assert.ThrowsAsync<OutageException>(() => waiting);
        }

        Assert.Equal(1, asked);
        _time.Advance(TimeSpan.FromSeconds(11));
        await Assert.ThrowsAsync<OutageException>(() => tokens.GetTokenAsync(Cancellation).AsTask());
        Assert.Equal(2, asked);

        async Task<T> FailAsync<T>()
        {
            await Task.Yield();
            asked++;
            _time.Advance(TimeSpan.FromMinutes(2));
            throw new OutageException(Condition.Vault, "no answer");
        }
    }

    [Theory]
    [InlineData(429, "slow down")]
    [InlineData(503, "status.8x8.com")]
    public async Task Token_source_keeps_no_caller_waiting_when_the_authorization_server_asks_for_an_hour_without_requests(int status, string expected)
    {
        _simulator.Faults.Set(new FaultRule { Call = "token", Kind = FaultKind.Status, Status = status, RetryAfter = "3600", First = 1 });
        using var tokens = CreateTokens();

        var waiting = Enumerable.Range(0, 20).Select(_ => tokens.GetTokenAsync(Cancellation).AsTask()).ToList();

        foreach (var one in waiting)
        {
            var outage = await Assert.ThrowsAsync<OutageException>(() => one.WaitAsync(TimeSpan.FromSeconds(30), Cancellation));
            Assert.Equal(Condition.Credentials, outage.Condition);
            Assert.Contains(expected, outage.Message, StringComparison.Ordinal);
        }

        Assert.Equal(1, _simulator.Counters["token"]);
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.NotNull(await tokens.GetTokenAsync(Cancellation));
    }

    private AccessTokens CreateTokens() => new(
        new KeyVaultTokenStore(
            VaultClientFactory.Create(
                new KeyVaultOptions { Uri = _simulator.VaultUrl, CertificateSha256 = _simulator.VaultCertificateSha256 },
                () => throw new InvalidOperationException("not asked for")),
            settingsKey: null,
            NullLogger<KeyVaultTokenStore>.Instance),
        new TokenClient(_simulator.BaseUrl, new TokenClientOptions { TimeProvider = _time }),
        new HealthBoard(_time, NullLogger<HealthBoard>.Instance),
        _time,
        NullLogger<AccessTokens>.Instance);
}
