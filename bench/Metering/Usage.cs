using System.Globalization;

namespace Metering;

/// <summary>What a process has used since it started.</summary>
/// <param name="ProcessorMilliseconds">Processor time, in milliseconds.</param>
/// <param name="PeakMegabytes">Peak resident memory, in MiB.</param>
public sealed record Usage(double ProcessorMilliseconds, double PeakMegabytes)
{
    // USER_HZ, which Linux fixes at 100 for what it shows to programs.
    private const double TicksPerSecond = 100;

    /// <summary>Reads it from <c>/proc</c>; <see langword="null"/> when the process has ended.</summary>
    public static Usage? Read(int processId)
    {
        try
        {
            return new Usage(ReadProcessor(processId), ReadPeak(processId));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            // A process that has ended and was not waited for yet has no memory: its status lacks the line.
            return null;
        }
    }

    /// <summary>What was used since an earlier reading. The peak is that of the whole process, because Linux keeps no other.</summary>
    public Usage Since(Usage earlier)
    {
        ArgumentNullException.ThrowIfNull(earlier);
        return this with { ProcessorMilliseconds = ProcessorMilliseconds - earlier.ProcessorMilliseconds };
    }

    private static double ReadProcessor(int processId)
    {
        // After the name, which is in brackets: state is field 3, utime 14, stime 15 (proc(5)).
        var fields = File.ReadAllText($"/proc/{processId}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond * 1000;
    }

    private static double ReadPeak(int processId)
    {
        var line = File.ReadLines($"/proc/{processId}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(
            line["VmHWM:".Length..].Replace("kB", "", StringComparison.Ordinal),
            NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite,
            CultureInfo.InvariantCulture) / 1024.0;
    }
}
