using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;

namespace Azurite;

/// <summary>Packages of npm that a lock file pins, installed on first use.</summary>
public static class NodePackages
{
    private static readonly TimeSpan InstallTimeout = TimeSpan.FromMinutes(10);

    /// <summary>Installs a folder's packages unless they are there. Several processes may call this at once; one installs.</summary>
    /// <param name="folder">Where package.json and package-lock.json are.</param>
    /// <param name="name">What the packages are, for people.</param>
    /// <param name="report">Told when an installation begins.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    /// <exception cref="AzuriteException">Node.js is missing, or npm fails.</exception>
    public static async Task EnsureAsync(string folder, string name, Action<string>? report = null, CancellationToken cancellationToken = default)
    {
        await RequireNodeAsync(folder, name, cancellationToken);
        var marker = Path.Combine(folder, "node_modules", ".installed");
        var wanted = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(folder, "package-lock.json"), cancellationToken)));
        if (await IsInstalledAsync(marker, wanted, cancellationToken))
        {
            return;
        }

        await using var turn = await LockAsync(Path.Combine(folder, "obj", "install.lock"), cancellationToken);
        if (await IsInstalledAsync(marker, wanted, cancellationToken))
        {
            return;
        }

        report?.Invoke($"Installing {name} (once, about half a minute) …");
        var (npm, arguments) = OperatingSystem.IsWindows() ? ("cmd.exe", "/c npm ") : ("npm", "");
        var (exitCode, output) = await RunAsync(
            folder,
            npm,
            arguments + "ci --no-audit --no-fund --loglevel=error",
            "npm is not installed. It comes with Node.js, from https://nodejs.org.",
            cancellationToken);
        if (exitCode != 0)
        {
            throw new AzuriteException($"{name} could not be installed: `npm ci` in {folder} ended with {exitCode}.{Environment.NewLine}{output}");
        }

        await File.WriteAllTextAsync(marker, wanted, cancellationToken);
    }

    private static async Task<bool> IsInstalledAsync(string marker, string wanted, CancellationToken cancellationToken) =>
        File.Exists(marker) && await File.ReadAllTextAsync(marker, cancellationToken) == wanted;

    private static async Task RequireNodeAsync(string folder, string name, CancellationToken cancellationToken)
    {
        var remedy = $"{name} needs Node.js 20 or newer on the PATH: install it from https://nodejs.org.";
        var (exitCode, output) = await RunAsync(folder, "node", "--version", $"Node.js is not installed. {remedy}", cancellationToken);
        if (exitCode != 0 || !Version.TryParse(output.Trim().TrimStart('v'), out var version) || version.Major < 20)
        {
            throw new AzuriteException($"Node.js answers \"{output.Trim()}\" when asked for its version. {remedy}");
        }
    }

    private static async Task<FileStream> LockAsync(string path, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(250), cancellationToken);
            }
        }
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(
        string folder,
        string program,
        string arguments,
        string whenMissing,
        CancellationToken cancellationToken)
    {
        using var process = new Process();
        process.StartInfo = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        try
        {
            process.Start();
        }
        catch (Win32Exception exception)
        {
            throw new AzuriteException(whenMissing, exception);
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(InstallTimeout);
        var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
        var error = process.StandardError.ReadToEndAsync(timeout.Token);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
            return (process.ExitCode, await output + await error);
        }
        catch (OperationCanceledException exception)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            throw new AzuriteException(
                $"`{program} {arguments}` did not end within {InstallTimeout.TotalMinutes} minutes. Check the network, and npm's registry and proxy settings.",
                exception);
        }
    }
}
