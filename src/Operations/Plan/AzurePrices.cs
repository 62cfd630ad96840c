namespace Operations.Plan;

/// <summary>
/// Microsoft's list prices, for estimates: US dollars, before any agreement, tax or free grant. Other regions differ by
/// a tenth or two, other redundancies cost up to twice as much, and Cool and Cold cost less to keep and more to write.
/// The pricing pages of Azure Storage and Azure Functions have today's; docs/scale.md uses the same.
/// </summary>
public static class AzurePrices
{
    /// <summary>When these were the prices.</summary>
    public const string AsOf = "2026-09";

    /// <summary>Where, and of what kind of storage.</summary>
    public const string Basis = "East US, Hot, LRS, Flex Consumption";

    /// <summary>Keeping a GiB for a month, the first 50 TB.</summary>
    public const double StoragePerGibibyteMonth = 0.0208;

    /// <summary>10,000 writes of blobs or blocks.</summary>
    public const double BlobWritesPer10000 = 0.05;

    /// <summary>10,000 requests to queues (class 1).</summary>
    public const double QueueOperationsPer10000 = 0.004;

    /// <summary>10,000 requests to tables.</summary>
    public const double TableOperationsPer10000 = 0.00036;

    /// <summary>A million runs of functions.</summary>
    public const double ExecutionsPerMillion = 0.40;

    /// <summary>An instance's memory for as long as functions run on it, by GB and second.</summary>
    public const double GigabyteSecond = 0.000026;
}
