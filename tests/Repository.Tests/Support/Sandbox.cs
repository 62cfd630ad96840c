using System.Diagnostics;
using System.Runtime.Versioning;

namespace Repository.Tests;

/// <summary>
/// A folder in which scripts run: their home, their place for temporary files, and first in their search path programs that
/// stand in for others.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class Sandbox : IDisposable
{
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
