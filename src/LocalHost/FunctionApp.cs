using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace LocalHost;

/// <summary>A built function app, and how its processes are started.</summary>
internal sealed class FunctionApp
{
    private const string WithoutInterrupt = "trap '' INT; exec \"$@\"";
    private readonly string _assembly;

    private FunctionApp(string folder, string assembly)
    {
        Folder = folder;
        _assembly = Path.Combine(folder, assembly);
    }

    /// <summary>Where it is.</summary>
    public string Folder { get; }

    /// <summary>Variables that each process of the app gets.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["FUNCTIONS_APPLICATION_DIRECTORY"] = Folder,
        ["FUNCTIONS_WORKER_DIRECTORY"] = Folder,
        ["FUNCTIONS_WORKER_RUNTIME"] = "dotnet-isolated",
        ["AZURE_FUNCTIONS_ENVIRONMENT"] = System.Environment.GetEnvironmentVariable("AZURE_FUNCTIONS_ENVIRONMENT") ?? "Development",

        // The worker's web server chooses an address of its own.
        ["ASPNETCORE_URLS"] = "",
    };

    /// <summary>Opens the app in a folder.</summary>
    /// <exception cref="LocalHostException">There is none.</exception>
    public static FunctionApp Open(string folder)
    {
        var file = Path.Combine(folder, "worker.config.json");
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            return new FunctionApp(Path.GetFullPath(folder), json.RootElement.GetProperty("description").GetProperty("defaultWorkerPath").GetString()!);
        }
        catch (Exception exception) when (
            exception is IOException or UnauthorizedAccessException
                or JsonException or KeyNotFoundException or InvalidOperationException or ArgumentNullException)
        {
            throw new LocalHostException(
                $"{folder} holds no function app: {exception.Message} Build src/Functions, or name the folder of a build with --app.",
                exception);
        }
    }

    /// <summary>A process of the app that ends when this one does.</summary>
    /// <param name="arguments">Its command line.</param>
    public ProcessStartInfo CreateWorkerStart(IEnumerable<string> arguments)
    {
        // Ctrl+C reaches every process of a terminal, but the worker must not end before the host has let it finish.
        // A signal that is ignored stays so in the program that takes the shell's place.
        var start = OperatingSystem.IsWindows()
            ? CreateStart(DotNet(), [_assembly, .. arguments])
            : CreateStart("/bin/sh", ["-c", WithoutInterrupt, "sh", DotNet(), _assembly, .. arguments]);
        if (OperatingSystem.IsWindows())
        {
            start.CreateNewProcessGroup = true;
        }

        start.RedirectStandardInput = true;
        start.Environment["DOTNET_STARTUP_HOOKS"] = typeof(StartupHook).Assembly.Location;
        return start;
    }

    /// <summary>Runs a command of the app, such as <c>doctor</c>, in this terminal.</summary>
    /// <param name="arguments">The command.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>Its exit code.</returns>
    public async Task<int> RunCommandAsync(IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        using var process = Process.Start(CreateStart(DotNet(), [_assembly, .. arguments]))!;
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => PassOn(signal, "-INT"));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => PassOn(signal, "-TERM"));
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode;

        void PassOn(PosixSignalContext signal, string name)
        {
            // The command decides how it ends. A terminal has sent Ctrl+C to it as well, which does no harm; Windows always has.
            signal.Cancel = true;
            if (!OperatingSystem.IsWindows())
            {
                using var kill = Process.Start("kill", [name, process.Id.ToString(CultureInfo.InvariantCulture)]);
            }
        }
    }

    private ProcessStartInfo CreateStart(string file, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { UseShellExecute = false };

        // They would have the worker's web server, which asks for no key, listen elsewhere than on loopback.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("Kestrel__", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in Environment)
        {
            start.Environment[name] = value;
        }

        return start;
    }

    /// <summary>The program that runs this process, by which the app gets the same runtime.</summary>
    private static string DotNet()
    {
        var path = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        return File.Exists(path) ? Path.GetFullPath(path) : "dotnet";
    }
}
