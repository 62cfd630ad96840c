using System.Diagnostics;
using System.Reflection;
using System.Runtime.Versioning;

namespace Repository.Tests;

/// <summary>
/// A folder in which scripts run: their home, their place for temporary files, and first in their search path programs that
/// stand in for others.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class Sandbox : IDisposable
{
    // Sleeps with the program, which stands in for its own command too, and gives back the script's exit code.
    private const string Wrapper =
        """
        $script = $args[0]
        $arguments = @($args | Select-Object -Skip 1)
        function global:Start-Sleep([int] $Seconds) { & (Get-Command sleep -CommandType Application | Select-Object -First 1) $Seconds }
        & $script @arguments
        if ($?) { exit 0 }
        exit [Math]::Max(1, [int] $LASTEXITCODE)
        """;

    private static readonly string PowerShell =
        Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>().First(attribute => attribute.Key == "PowerShell").Value!;

    private readonly string _programs;

    public Sandbox()
    {
        Folder = Directory.CreateTempSubdirectory("sandbox-").FullName;
        _programs = Directory.CreateDirectory(Path.Combine(Folder, "bin")).FullName;
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Puts a shell script in the place of a program.</summary>
    public void WriteProgram(string name, string script)
    {
        var file = Path.Combine(_programs, name);
        File.WriteAllText(file, $"#!/usr/bin/env bash\n{script}\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Runs a program to its end.</summary>
    public async Task<(int ExitCode, string Output)> RunAsync(
        string program,
        IReadOnlyList<string> arguments,
        string input = "",
        params (string Name, string? Value)[] environment)
    {
        using var process = Start(program, arguments, environment);
        var output = process.StandardOutput.ReadToEndAsync(Cancellation);
        var errors = process.StandardError.ReadToEndAsync(Cancellation);
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended before it read anything.
        }

        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, await output + await errors);
    }

    /// <summary>
    /// Runs a script to its end, given by its path in the repository or its full path: the one for the shell, or, when its name ends in
    /// <c>.ps1</c>, the one for PowerShell.
    /// </summary>
    public Task<(int ExitCode, string Output)> RunScriptAsync(
        string script,
        IReadOnlyList<string> arguments,
        params (string Name, string? Value)[] environment)
    {
        if (!script.EndsWith(".ps1", StringComparison.Ordinal))
        {
            return RunAsync(RepositoryFiles.At(script), arguments, "", environment);
        }

        var wrapper = Path.Combine(Folder, "wrapper.ps1");
        File.WriteAllText(wrapper, Wrapper);
        return RunAsync(
            "dotnet",
            [PowerShell, "-NoProfile", "-NonInteractive", "-File", wrapper, RepositoryFiles.At(script), .. arguments],
            "",
            [("POWERSHELL_TELEMETRY_OPTOUT", "1"), .. environment]);
    }

    /// <summary>Starts a program.</summary>
    public Process Start(string program, IReadOnlyList<string> arguments, params (string Name, string? Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{_programs}:/usr/bin:/bin";
        start.Environment["HOME"] = start.Environment["TMPDIR"] = Folder;
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
