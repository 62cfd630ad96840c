using Archiving.Copying;
using Archiving.Model;
using BenchmarkDotNet.Attributes;
using EightByEight;

namespace Micro;

/// <summary>What 8x8 answers.</summary>
internal static class Samples
{
    // In one line, as 8x8 sends it.
    public static readonly string Record =
        """
        {"id":"16b47eb0-cfaf-eb01-6e58-ecfeddd1de01","type":"callrecording","mimeType":"audio/mpeg",
        "objectName":"callrecording_000001.mp3","checksumType":"MD5","checksum":"0cc175b9c0f1b6a831c399e269772661",
        "customerId":"0012J00042NkZQIQA3","userId":"aBcDeFgHiJkLmNoP","bucketId":"3d5b0f8a-74c1-4f0e-9d63-0d7c6c1a7a11",
        "storedBytes":30000,"createdTime":"2026-11-24T10:11:12","updatedTime":"2026-11-24T10:12:13","objectState":"AVAILABLE",
        "tags":[{"key":"callId","value":"call-1"},{"key":"direction","value":"inbound"},{"key":"extension","value":"1001"},
        {"key":"callerName","value":"Maria Chen"},{"key":"callerNumber","value":"+1 408 555 0100"},
        {"key":"startTime","value":"1764000000000"}],"shared":false}
        """.ReplaceLineEndings("");

    public static BinaryData Page { get; } = BinaryData.FromString(
        $$"""{"content":[{{string.Join(',', Enumerable.Repeat(Record, 100))}}],"lastPage":false,"pageKey":"100","pageSize":100,"total":5000}""");
}

public class ParserBenchmarks
{
    private readonly BinaryData _record = BinaryData.FromString(Samples.Record);

    [Benchmark(Description = "parse a record")]
    public StorageObject ParseRecord() => StorageObject.Parse(_record);

    [Benchmark(Description = "parse a page of 100")]
    public ObjectPage ParsePage() => ObjectPage.Parse(Samples.Page);
}

public class FilterBenchmarks
{
    private readonly DateTimeOffset _from = new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);

    [Benchmark(Description = "build a filter (FIQL)")]
    public string? BuildFilter() => Fiql.And(
        Fiql.Or(Fiql.Equal("type", "callrecording"), Fiql.Equal("type", "voicemail")),
        Fiql.Equal("objectState", "AVAILABLE"),
        Fiql.GreaterOrEqual("updatedTime", _from),
        Fiql.LessThan("updatedTime", _from.AddDays(1)));
}

public class ChecksumBenchmarks
{
    private const int Block = 4 * 1024 * 1024;
    private const int Blocks = 4;
    private readonly byte[] _block = new byte[Block];
    private readonly string _claim = new string('0', 32) + "-2";

    [GlobalSetup]
    public void Fill() => new Random(1).NextBytes(_block);

    [Benchmark(Description = "multipart checksum of 16 MiB")]
    public bool CalculateMultipart()
    {
        using var checksum = MultipartMd5.Start(_claim, (long)Blocks * Block)!;
        for (var block = 0; block < Blocks; block++)
        {
            checksum.Append(_block);
        }

        return checksum.Matches();
    }
}

public class ReceiptBenchmarks
{
    private readonly Receipt _receipt = new(
        "us-east",
        StorageObject.Parse(BinaryData.FromString(Samples.Record)),
        "us-east/callrecording/2026/11/24/16b47eb0-cfaf-eb01-6e58-ecfeddd1de01.mp3",
        30_000,
        "0cc175b9c0f1b6a831c399e269772661",
        "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
        "md5",
        new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));

    [Benchmark(Description = "write a receipt")]
    public ReadOnlyMemory<byte> WriteReceipt() => _receipt.ToJson();
}
