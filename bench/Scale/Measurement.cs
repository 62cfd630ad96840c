using System.Globalization;

namespace Scale;

/// <summary>One phase at one size.</summary>
/// <param name="Phase">What was done.</param>
/// <param name="Objects">To how many objects.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Searches">Requests to 8x8.</param>
/// <param name="PeakMegabytes">Peak memory of the app's worker until then, in MB; 0 when it does not apply.</param>
internal sealed record Measurement(string Phase, int Objects, double Seconds, long Searches, double PeakMegabytes)
{
    public double MicrosecondsPerObject => Seconds * 1e6 / Objects;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"| {Phase} | {Objects:N0} | {Seconds:0.0} | {MicrosecondsPerObject:0} | "
        + $"{(Searches > 0 ? (Searches / (Objects / 100.0)).ToString("0.00", CultureInfo.InvariantCulture) : "")} | "
        + $"{(PeakMegabytes > 0 ? PeakMegabytes.ToString("0", CultureInfo.InvariantCulture) : "")} |");
}
