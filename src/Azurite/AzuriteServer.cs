using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace Azurite;

/// <summary>
/// A running Azurite: free ports, accounts with names and keys of its own, its files in a folder that goes with it. It
/// ends with the process that started it, even when that is killed.
/// </summary>
public sealed partial class AzuriteServer : IAsyncDisposable
{
    private const int AccountCount = 400;
    private const string CertificateFile = "certificate.pem";
    private const string KeyFile = "key.pem";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    // Where package.json, the lock file and the launcher are.
    private static readonly string Folder = typeof(AzuriteServer).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .First(attribute => attribute.Key == "AzuriteDirectory").Value!;

    private readonly Process _process;
    private readonly string _folder;
    private readonly IReadOnlyList<(string Name, string Key)> _accounts;
    private readonly StringBuilder _errors = new();
    private int _given;

    private AzuriteServer(Process process, string folder, IReadOnlyList<(string Name, string Key)> accounts, X509Certificate2? certificate)
    {
        _process = process;
        _folder = folder;
        _accounts = accounts;
        Certificate = certificate;
    }

    /// <summary>The certificate that it shows; <see langword="null"/> when it speaks plain HTTP.</summary>
    public X509Certificate2? Certificate { get; }

    /// <summary>Port of the blob service on 127.0.0.1.</summary>
    public int BlobPort { get; private set; }

    /// <summary>Port of the queue service on 127.0.0.1.</summary>
    public int QueuePort { get; private set; }

    /// <summary>Port of the table service on 127.0.0.1.</summary>
    public int TablePort { get; private set; }

    /// <summary>Process of the server.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Installs Azurite when it is not there, starts it and waits until it answers.</summary>
    /// <param name="report">Told what takes long.</param>
    /// <param name="secure">Whether it speaks HTTPS, with a certificate made for it, and takes access tokens (any that are well-formed) beside keys.</param>
    /// <param name="saves">
    /// Whether it writes what it knows of blobs, messages and rows to the disk every five seconds, as it does by itself. With
    /// hundreds of thousands it does little else.
    /// </param>
    /// <param name="cancellationToken">Stops the start.</param>
    /// <exception cref="AzuriteException">It cannot be installed or does not start.</exception>
    public static async Task<AzuriteServer> StartAsync(
        Action<string>? report = null,
        bool secure = false,
        bool saves = true,
        CancellationToken cancellationToken = default)
    {
        await NodePackages.EnsureAsync(Folder, "Azurite, the Azure Storage emulator,", report, cancellationToken);
        var folder = Directory.CreateTempSubdirectory("azurite-").FullName;
        var accounts = Enumerable.Range(0, AccountCount)
            .Select(
                number => (
                    Name: string.Create(CultureInfo.InvariantCulture, $"account{number:D3}"),
                    Key: Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))))
            .ToList();
        var process = new Process();
        process.StartInfo = new ProcessStartInfo("node")
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        var certificate = secure ? MakeCertificate(folder) : null;
        string[] security = secure ? ["--oauth", "basic", "--cert", Path.Combine(folder, CertificateFile), "--key", Path.Combine(folder, KeyFile)] : [];
        string[] arguments =
        [
            Path.Combine(Folder, "launcher.cjs"),
            "--blobPort", "0", "--queuePort", "0", "--tablePort", "0",
            "--location", folder,
            "--skipApiVersionCheck", "--silent", "--disableTelemetry",
            .. security,
        ];
        foreach (var argument in arguments)
        {
            process.StartInfo.ArgumentList.Add(argument);
        }

        process.StartInfo.Environment["AZURITE_TEMPORARY_FOLDER"] = folder;
        process.StartInfo.Environment["AZURITE_SAVES"] = saves ? "always" : "never";
        process.StartInfo.Environment["AZURITE_ACCOUNTS"] = string.Join(';', accounts.Select(account => $"{account.Name}:{account.Key}"));
        var server = new AzuriteServer(process, folder, accounts, certificate);
        try
        {
            process.Start();
            await server.WaitAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The connection string of an account that was not handed out yet.</summary>
    /// <exception cref="InvalidOperationException">All have been given.</exception>
    public string NewAccountConnectionString()
    {
        var number = Interlocked.Increment(ref _given) - 1;
        if (number >= _accounts.Count)
        {
            throw new InvalidOperationException($"All {AccountCount} accounts of this Azurite are in use.");
        }

        var (name, key) = _accounts[number];
        var protocol = Certificate is null ? "http" : "https";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"DefaultEndpointsProtocol={protocol};AccountName={name};AccountKey={key};"
            + $"BlobEndpoint={protocol}://127.0.0.1:{BlobPort}/{name};QueueEndpoint={protocol}://127.0.0.1:{QueuePort}/{name};"
            + $"TableEndpoint={protocol}://127.0.0.1:{TablePort}/{name};");
    }

    /// <summary>Ends it and deletes its files.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
        catch (InvalidOperationException)
        {
            // It never started.
        }

        _process.Dispose();
        Certificate?.Dispose();
        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (IOException)
        {
            // It is gone, or some virus scanner still reads; the folder is the system's temporary one.
        }
    }

    private static X509Certificate2 MakeCertificate(string folder)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=azurite", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
        File.WriteAllText(Path.Combine(folder, CertificateFile), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, KeyFile), key.ExportPkcs8PrivateKeyPem());
        return certificate;
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                _errors.AppendLine(line.Data);
            }
        };
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null)
            {
                ready.TrySetResult();
            }
            else if (ListeningPattern().Match(line.Data) is { Success: true } match)
            {
                SetPort(match.Groups["service"].Value, int.Parse(match.Groups["port"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture));
                if (BlobPort > 0 && QueuePort > 0 && TablePort > 0)
                {
                    ready.TrySetResult();
                }
            }
        };
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        try
        {
            await ready.Task.WaitAsync(StartTimeout, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new AzuriteException($"Azurite did not listen within {StartTimeout.TotalSeconds} seconds.{Environment.NewLine}{ReadErrors()}", exception);
        }

        if (BlobPort == 0 || QueuePort == 0 || TablePort == 0)
        {
            throw new AzuriteException($"Azurite ended before it listened.{Environment.NewLine}{ReadErrors()}");
        }
    }

    private void SetPort(string service, int port)
    {
        switch (service)
        {
            case "Blob":
                BlobPort = port;
                break;
            case "Queue":
                QueuePort = port;
                break;
            default:
                TablePort = port;
                break;
        }
    }

    private string ReadErrors()
    {
        lock (_errors)
        {
            return _errors.ToString().Trim();
        }
    }

    [GeneratedRegex(
        "^Azurite (?<service>Blob|Queue|Table) service is successfully listening at .*:(?<port>[0-9]+)$",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex ListeningPattern();
}
