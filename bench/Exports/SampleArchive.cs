using System.Globalization;
using System.Security.Cryptography;
using Archiving;
using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using EightByEight;
using Metering;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Exports;

/// <summary>So many archived objects of one size, all zeros.</summary>
internal sealed class SampleArchive
{
    private const string Region = "us-east";
    private readonly Dictionary<string, ReadOnlyMemory<byte>> _receipts = new(StringComparer.Ordinal);
    private readonly HashSet<string> _contents = new(StringComparer.Ordinal);
    private readonly List<LedgerEntry> _rows = [];

    public SampleArchive(int objects, long objectBytes)
    {
        ObjectBytes = objectBytes;
        var (md5, sha256) = Hash(objectBytes);
        var start = TimeProvider.System.GetUtcNow().AddDays(-1);
        for (var number = 0; number < objects; number++)
        {
            var record = StorageObject.Parse(BinaryData.FromObjectAsJson(new
            {
                id = Guid.NewGuid().ToString(),
                type = "callrecording",
                mimeType = "audio/mpeg",
                objectName = string.Create(CultureInfo.InvariantCulture, $"Jane Doe {number % 1000}.mp3"),
                createdTime = start.AddSeconds(number).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff", CultureInfo.InvariantCulture),
                storedBytes = objectBytes,
                checksum = md5,
                objectState = "AVAILABLE",
            }));
            var blob = ArchiveLayout.ContentName(Region, record);
            var receipt = new Receipt(Region, record, blob, objectBytes, md5, sha256, "md5", start.AddHours(8));
            _receipts[ArchiveLayout.ReceiptName(blob)] = receipt.ToJson();
            _contents.Add(blob);
            _rows.Add(LedgerEntry.Archived(Region, record, receipt));
        }
    }

    public int Objects => _rows.Count;

    public long ObjectBytes { get; }

    public ReadOnlyMemory<byte>? FindReceipt(string blob) => _receipts.TryGetValue(blob, out var receipt) ? receipt : default(ReadOnlyMemory<byte>?);

    public bool IsContent(string blob) => _contents.Contains(blob);

    /// <summary>Writes the ledger's rows.</summary>
    public async Task WriteLedgerAsync(string connection)
    {
        var settings = AppSettings.For(connection);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        var services = new ServiceCollection().AddLogging().AddSingleton<IConfiguration>(configuration);
        services.AddArchiving(configuration);
        await using var provider = services.BuildServiceProvider();
        var ledger = provider.GetRequiredService<ObjectLedger>();
        foreach (var rows in _rows.Chunk(1000))
        {
            await ledger.AddAsync(rows, CancellationToken.None);
        }
    }

#pragma warning disable CA5351 // The receipt has an MD5.
    private static (string Md5, string Sha256) Hash(long bytes)
    {
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var zeros = new byte[1024 * 1024];
        for (var left = bytes; left > 0; left -= zeros.Length)
        {
            var part = zeros.AsSpan(0, (int)Math.Min(left, zeros.Length));
            md5.AppendData(part);
            sha256.AppendData(part);
        }

        return (Convert.ToHexStringLower(md5.GetHashAndReset()), Convert.ToHexStringLower(sha256.GetHashAndReset()));
    }
#pragma warning restore CA5351
}
