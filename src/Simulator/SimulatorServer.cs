using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Simulator.Endpoints;
using Simulator.Faults;
using Simulator.Objects;

namespace Simulator;

/// <summary>How to start a simulator.</summary>
public sealed record SimulatorOptions
{
    /// <summary>Port of 8x8 on 127.0.0.1; 0 for a free one.</summary>
    public int Port { get; init; }

    /// <summary>Port of the vault on 127.0.0.1; 0 for a free one.</summary>
    public int VaultPort { get; init; }

    /// <summary>Port on 127.0.0.1 of the host of pre-signed addresses, which is another origin than 8x8; 0 for a free one.</summary>
    public int ContentPort { get; init; }

    /// <summary>The clock; the machine's when not given.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}

/// <summary>8x8 and a Key Vault on this machine.</summary>
public sealed class SimulatorServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly X509Certificate2 _certificate;
    private readonly VaultEndpoints _vault;
    private readonly PresignedAddresses _presigned;

    private SimulatorServer(SimulatorOptions options)
    {
        var clock = new SimulatorClock(options.TimeProvider);
        Counters = new Counters();
        Faults = new FaultInjector(Counters, clock);
        Account = new Account(clock);
        Objects = new ObjectStore(clock);
        _vault = new VaultEndpoints(Faults, clock);
        _certificate = CreateCertificate(options.TimeProvider.GetUtcNow());
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPAddress.Loopback, options.Port);
            kestrel.Listen(IPAddress.Loopback, options.ContentPort);
            kestrel.Listen(IPAddress.Loopback, options.VaultPort, listen => listen.UseHttps(_certificate));
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        _application = builder.Build();
        _application.Use((context, next) =>
        {
            // Otherwise the web server writes the machine's time.
            context.Response.Headers.Date = clock.GetUtcNow().ToString("R", CultureInfo.InvariantCulture);
            return next(context);
        });
        _presigned = new PresignedAddresses(Objects, Faults, Counters, clock);
        _application.Use(next => context => _presigned.HandleAsync(context, next));
        AuthorizationEndpoints.Map(_application, Account, Faults, clock);
        new StorageEndpoints(Account, Objects, Faults, Counters, _presigned).Map(_application);
        _vault.Map(_application);
        AdminEndpoints.Map(_application, this, clock);
        FileEndpoints.Map(_application, Objects, Counters);
    }

    /// <summary>Where 8x8 answers.</summary>
    public Uri BaseUrl { get; private set; } = null!;

    /// <summary>Where pre-signed addresses are.</summary>
    public Uri ContentUrl { get; private set; } = null!;

    /// <summary>Where the vault answers.</summary>
    public Uri VaultUrl { get; private set; } = null!;

    /// <summary>SHA-256 of the vault's certificate, in hex: what a client pins.</summary>
    public string VaultCertificateSha256 => Convert.ToHexStringLower(SHA256.HashData(_certificate.RawData));

    /// <summary>The account.</summary>
    public Account Account { get; }

    /// <summary>Its objects.</summary>
    public ObjectStore Objects { get; }

    /// <summary>What goes wrong.</summary>
    public FaultInjector Faults { get; }

    /// <summary>What was called how often.</summary>
    public Counters Counters { get; }

    /// <summary>Starts a simulator.</summary>
    /// <exception cref="IOException">A port is taken.</exception>
    public static async Task<SimulatorServer> StartAsync(SimulatorOptions? options = null, CancellationToken cancellationToken = default)
    {
        var server = new SimulatorServer(options ?? new SimulatorOptions());
        try
        {
            await server._application.StartAsync(cancellationToken);
            var addresses = server._application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
            // In the order in which they are listened to.
            List<Uri> plain = [.. addresses.Where(address => address.StartsWith("http:", StringComparison.Ordinal)).Select(address => new Uri(address))];
            server.BaseUrl = plain[0];
            server.ContentUrl = plain[1];
            server._presigned.Port = server.ContentUrl.Port;
            server.VaultUrl = new Uri(addresses.Single(address => address.StartsWith("https:", StringComparison.Ordinal)));
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Puts a secret into the vault.</summary>
    public void SetSecret(string name, string value) => _vault.Set(name, value);

    /// <summary>Every version of a secret, oldest first.</summary>
    public IReadOnlyList<VaultSecret> GetSecretVersions(string name) => _vault.GetVersions(name);

    /// <summary>Sets everything back but the ports.</summary>
    public void Reset()
    {
        Objects.Clear();
        Objects.Search = new SearchBehaviour();
        Faults.Rules = [];
        Counters.Reset();
        Account.RevokeTokens();
        _vault.Clear();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _certificate.Dispose();
    }

    internal Task WaitForShutdownAsync() => _application.WaitForShutdownAsync();

    internal void Stop() => _application.Lifetime.StopApplication();

    private static X509Certificate2 CreateCertificate(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Key Vault simulator", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));

        // Through PKCS #12, because some platforms do not serve with a key that exists in memory only.
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null);
    }
}
