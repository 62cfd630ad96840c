using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Archiving.Model;
using Azure.Data.Tables;
using EightByEight;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Archiving.Tests;

/// <summary>What others read, by the names that they know, spelled out here once more.</summary>
public sealed class ContractTests(AzuriteFixture azurite)
{
    // 8x8's record as it came: blanks, trailing zeros, unknown fields and all.
    private const string Record = """{ "id":"a b", "type":"voicemail", "createdTime":"2026-01-02T03:04:05", "duration":1.50"""
        + """, "tags":[{"key":"callId","value":"7"},{"key":"callId","value":""}] }""";

    private const string ReceiptText =
        $$"""{"schema":1,"region":"uk","id":"a b","object":{{Record}},"content":{"blob":"uk/voicemail/2026/01/02/a%20b.wav","bytes":1234"""
        + ""","md5":"0123456789abcdef0123456789abcdef","sha256":"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"}"""
        + ""","verification":"multipart-md5","archivedAt":"2026-02-03T04:05:06.789Z"}""";

    private static readonly Receipt Receipt = new(
        "uk",
        StorageObject.Parse(BinaryData.FromString(Record)),
        "uk/voicemail/2026/01/02/a%20b.wav",
        1234,
        "0123456789abcdef0123456789abcdef",
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        "multipart-md5",
        new DateTimeOffset(2026, 2, 3, 6, 5, 6, 789, TimeSpan.FromHours(2)));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Receipt_is_written_letter_by_letter_as_promised() =>
        Assert.Equal(ReceiptText, Encoding.UTF8.GetString(Receipt.ToJson().Span));

    [Fact]
    public void Receipt_is_read_as_promised()
    {
        var receipt = Receipt.Parse(BinaryData.FromString(ReceiptText));

        Assert.Equal(Record, receipt.Record.Json.ToString());
        Assert.Equal(Receipt, receipt with { Record = Receipt.Record });
    }

    [Fact]
    public async Task Row_has_the_properties_that_are_promised()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var created = new DateTimeOffset(TimeProvider.System.GetUtcNow().UtcDateTime.Date.AddDays(-2).AddHours(1), TimeSpan.Zero);
        var archived = pipeline.Simulator.Objects.Add(new ObjectSpecification { Id = "a b", Bytes = 1000, ObjectName = "call.mp3", CreatedTime = created });
        var failed = pipeline.Simulator.Objects.Add(new ObjectSpecification { Id = "c", CreatedTime = created });
        pipeline.Simulator.Faults.Set(new FaultRule { Id = failed.Id, Call = "content", Kind = FaultKind.Status, Status = 403 });
        var before = TimeProvider.System.GetUtcNow();

        await pipeline.RunAsync();

        var partition = $"us-east|{created.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture)}";
        var blob = $"us-east/callrecording/{created.UtcDateTime.ToString("yyyy'/'MM'/'dd", CultureInfo.InvariantCulture)}/a%20b.mp3";
        var content = new byte[archived.Content.Length];
        archived.Content.Fill(content, 0);
        var rows = pipeline.Account.Tables.GetTableClient("objects");
        TableEntity row = await rows.GetEntityAsync<TableEntity>(partition, "a%20b", cancellationToken: Cancellation);
        Assert.Equal(("Archived", blob, 1000L), (row["State"], row["Blob"], row["Bytes"]));
        Assert.Equal(Convert.ToHexStringLower(MD5.HashData(content)), row["Md5"]);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(content)), row["Sha256"]);
        Assert.InRange(Assert.IsType<DateTimeOffset>(row["ArchivedAt"]), before, TimeProvider.System.GetUtcNow());
        Assert.False(row.ContainsKey("LastError"));
        row = await rows.GetEntityAsync<TableEntity>(partition, "c", cancellationToken: Cancellation);
        Assert.Equal(("Failed", 1), (row["State"], row["Attempts"]));
        Assert.Contains("right to download", Assert.IsType<string>(row["LastError"]), StringComparison.Ordinal);
    }
}
