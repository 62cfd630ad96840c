using System.Globalization;
using Archiving.Model;
using Archiving.Queues;
using EightByEight;

namespace Archiving.Tests;

public sealed class MessageTests
{
    // The first of the two bytes of a character.
    private const string CutRecord = "{\"id\":\"a\",\"createdTime\":\"2026-01-02T03:04:05\",\"objectName\":\"caf\u00c3.mp3\"}";

    [Fact]
    public void An_object_message_carries_the_record_byte_for_byte()
    {
        const string Record = """{"id":"a","createdTime":"2026-01-02T03:04:05","odd":1.50,"tags":[{"key":"k","value":"ü"}]}""";
        var sent = new ObjectMessage { Region = "uk", Id = "a", Record = Parse(Record), Deferrals = 3, Ticket = "t" };

        var received = ObjectMessage.Parse(sent.ToJson());

        Assert.Equal(Record, received.Record!.Json.ToString());
        Assert.Equal(("uk", "a", 3, "t"), (received.Region, received.Id, received.Deferrals, received.Ticket));
    }

    [Fact]
    public void An_object_message_leaves_out_a_record_that_does_not_fit_and_still_knows_where_its_row_is()
    {
        var record = Parse($$"""{"id":"a","type":"voicemail","createdTime":"2026-01-02T03:04:05","note":"{{new string('x', 60_000)}}"}""");

        var message = new ObjectMessage { Region = "uk", Id = "a", Record = record }.ToJson();

        Assert.InRange(Convert.ToBase64String(message.ToArray()).Length, 1, 65_536);
        var received = ObjectMessage.Parse(message);
        Assert.Null(received.Record);
        Assert.Equal(LedgerKey.Of("uk", record), LedgerKey.Of("uk", received.KnownRecord));
        Assert.Equal("voicemail", received.KnownRecord.Type);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"region":"uk"}""")]
    [InlineData("""{"region":"uk","id":""}""")]
    [InlineData("""{"region":1,"id":"a"}""")]
    [InlineData("""{"region":"uk","id":"a","record":{"no":"id"}}""")]
    public void A_malformed_object_message_says_what_it_should_be(string body)
    {
        Assert.Throws<InvalidMessageException>(() => ObjectMessage.Parse(BinaryData.FromString(body)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"region":"uk"}""")]
    [InlineData("""{"region":"uk","from":"yesterday","to":"2026-01-01T00:00:00Z"}""")]
    [InlineData("""{"region":"uk","from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z","field":"id"}""")]
    public void A_malformed_window_message_says_what_it_should_be(string body)
    {
        Assert.Throws<InvalidMessageException>(() => WindowMessage.Parse(BinaryData.FromString(body)));
    }

    [Fact]
    public void A_window_needs_no_more_than_region_from_and_to()
    {
        var window = WindowMessage.Parse(BinaryData.FromString("""{"region":"uk","from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z"}"""));

        Assert.Equal(("uk", TimeField.UpdatedTime, WindowKind.Listing), (window.Region, window.Field, window.Kind));
    }

    [Fact]
    public void A_window_has_the_same_name_however_often_it_is_sent()
    {
        var window = new WindowMessage { Region = "uk", From = Time("2026-01-01T00:00:00Z"), To = Time("2026-01-02T00:00:00Z"), RunId = "r" };

        Assert.Equal(window.Name, WindowMessage.Parse((window with { Deferrals = 5 }).ToJson()).Name);
        Assert.NotEqual(window.Name, (window with { To = window.To.AddSeconds(1) }).Name);
        Assert.NotEqual(window.Name, (window with { Field = TimeField.CreatedTime }).Name);
    }

    [Fact]
    public void A_receipt_survives_a_round_trip()
    {
        const string Record = """{"id":"a","x":[1,2,{"y":null}],"createdTime":"2026-01-02T03:04:05"}""";
        var receipt = new Receipt("uk", Parse(Record), "uk/x/a", 12, "md5", "sha", "md5", Time("2026-01-02T03:04:05Z"));

        var json = BinaryData.FromBytes(receipt.ToJson());
        var read = Receipt.Parse(json);

        Assert.Contains($"\"object\":{Record}", json.ToString(), StringComparison.Ordinal);
        Assert.Equal(receipt with { Record = read.Record }, read);
    }

    [Fact]
    public void An_object_message_leaves_out_a_record_that_is_no_utf8_because_the_host_hands_it_on_as_text()
    {
        var record = StorageObject.Parse(BinaryData.FromBytes(Latin1(CutRecord)));

        var message = new ObjectMessage { Region = "uk", Id = "a", Record = record }.ToJson();

        Assert.Equal(message.ToArray(), BinaryData.FromString(message.ToString()).ToArray());
        var received = ObjectMessage.Parse(message);
        Assert.Null(received.Record);
        Assert.Equal(LedgerKey.Of("uk", record), LedgerKey.Of("uk", received.KnownRecord));
    }

    [Fact]
    public void An_object_message_is_read_when_its_record_is_no_utf8()
    {
        var received = ObjectMessage.Parse(BinaryData.FromBytes(Latin1($$"""{"region":"uk","id":"a","record":{{CutRecord}}}""")));

        Assert.Equal(Latin1(CutRecord), received.Record!.Json.ToArray());
    }

    [Fact]
    public void A_receipt_survives_a_round_trip_with_a_record_that_is_no_utf8()
    {
        var receipt = new Receipt("uk", StorageObject.Parse(BinaryData.FromBytes(Latin1(CutRecord))), "uk/x/a", 12, "md5", "sha", "md5", Time("2026-01-02T03:04:05Z"));

        var read = Receipt.Parse(BinaryData.FromBytes(receipt.ToJson()));

        Assert.Equal(Latin1(CutRecord), read.Record.Json.ToArray());
        Assert.Equal(receipt with { Record = read.Record }, read);
    }

    /// <summary>Bytes that stand each for one character, up to \u00ff.</summary>
    private static byte[] Latin1(string text) => System.Text.Encoding.Latin1.GetBytes(text);

    private static StorageObject Parse(string json) => StorageObject.Parse(BinaryData.FromString(json));

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
