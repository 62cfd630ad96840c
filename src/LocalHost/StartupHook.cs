#pragma warning disable MA0047, CA1050 // The runtime looks for this name, in no namespace.

/// <summary>
/// Runs in the worker, which the variable <c>DOTNET_STARTUP_HOOKS</c> points here. A worker does not notice that its host
/// was killed; it holds the host's end of its standard input, and this ends it when that closes.
/// </summary>
internal static class StartupHook
{
    public static void Initialize() => new Thread(WaitForHost) { IsBackground = true, Name = "exit with host" }.Start();

    private static void WaitForHost()
    {
        using var input = Console.OpenStandardInput();
        while (input.ReadByte() >= 0)
        {
            // Only the end matters.
        }

        Environment.Exit(1);
    }
}
