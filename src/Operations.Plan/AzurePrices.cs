using System.Text.Json;

namespace Operations.Plan;

/// <summary>
/// Microsoft's list prices, for estimates: US dollars, before any agreement, tax or free grant. Other regions differ by
/// a tenth or two, other redundancies cost a fifth less or up to twice as much, and Cool and Cold cost less to keep and more to write.
/// They are in <c>docs/prices.json</c>, which docs/scale.md uses too and which names the pages that have today's.
/// </summary>
public static class AzurePrices
{
    private static readonly JsonElement File = Read();

    /// <summary>When these were the prices.</summary>
    public static string AsOf { get; } = File.GetProperty("asOf").GetString()!;

    /// <summary>Where, and of what kind of storage.</summary>
    public static string Basis { get; } = File.GetProperty("basis").GetString()!;

    /// <summary>Keeping a GiB for a month, the first 50 TB.</summary>
    public static double StoragePerGibibyteMonth { get; } = Price("GiB kept for a month");

    /// <summary>10,000 writes of blobs or blocks.</summary>
    public static double BlobWritesPer10000 { get; } = Price("10,000 blob writes");

    /// <summary>10,000 requests to queues (class 1).</summary>
    public static double QueueOperationsPer10000 { get; } = Price("10,000 queue operations");

    /// <summary>10,000 requests to tables.</summary>
    public static double TableOperationsPer10000 { get; } = Price("10,000 table operations");

    /// <summary>A million runs of functions.</summary>
    public static double ExecutionsPerMillion { get; } = Price("1,000,000 function runs");

    /// <summary>An instance's memory for as long as functions run on it, by GB and second.</summary>
    public static double GigabyteSecond { get; } = Price("GB-second");

    private static double Price(string name) => File.GetProperty("prices").GetProperty(name).GetDouble();

    private static JsonElement Read()
    {
        using var stream = typeof(AzurePrices).Assembly.GetManifestResourceStream("prices.json")!;
        using var document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }
}
