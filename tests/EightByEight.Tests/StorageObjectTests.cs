using System.Globalization;
using System.Text;

namespace EightByEight.Tests;

public sealed class StorageObjectTests
{
    private const string Example = """
        {"id":"0e6e8e4c-6c4f-4b4e-9b52-5d6c2a7b1f00","type":"callrecording","mimeType":"audio/mpeg","objectName":"int_2022-11-01T21:22:22+1408.mp3",
        "checksumType":"MD5","checksum":"27b75edcb0305a6a6a87d60a1e01f1a4-1","customerId":"c","userId":"u","storedBytes":123456,
        "createdTime":"2022-11-01T21:22:22","updatedTime":"2022-11-01T21:30:00","objectState":"AVAILABLE","bucketId":"b",
        "tags":[{"key":"startTime","value":"1667337742543"},{"id":"7","key":"note","value":""},{"key":"note","value":"second"}],"shared":false}
        """;

    [Fact]
    public void Record_is_read()
    {
        var record = Parse(Example);

        Assert.Equal("callrecording", record.Type);
        Assert.Equal(123456, record.StoredBytes);
        Assert.Equal("27b75edcb0305a6a6a87d60a1e01f1a4-1", record.Checksum);
        Assert.Equal(ObjectState.Available, record.State);
        Assert.Equal(false, record.Shared);
        Assert.Equal([new ObjectTag("startTime", "1667337742543"), new ObjectTag("note", ""), new ObjectTag("note", "second")], record.Tags);
        Assert.Equal("", record.GetTag("note"));
    }

    [Fact]
    public void Record_reads_times_without_zone_as_utc_in_every_culture()
    {
        // Made up, because the apps run without the data of real ones.
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.DateTimeFormat.ShortDatePattern = "dd.MM.yyyy";
        culture.DateTimeFormat.DateSeparator = ".";
        culture.DateTimeFormat.TimeSeparator = ".";
        culture.NumberFormat.NegativeSign = "~";
        CultureInfo.CurrentCulture = culture;

        var record = Parse(Example);

        // The tag startTime of 8x8's own example belongs to the same second.
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(1667337742543).ToUnixTimeSeconds(), record.CreatedTime!.Value.ToUnixTimeSeconds());
        Assert.Equal(TimeSpan.Zero, record.CreatedTime.Value.Offset);
    }

    [Theory]
    [InlineData("\"123456\"", 123456L)]
    [InlineData("123456", 123456L)]
    [InlineData("123456.0", 123456L)]
    [InlineData("\"9007199254740993\"", 9007199254740993L)]
    [InlineData("\"\"", null)]
    [InlineData("null", null)]
    [InlineData("-1", null)]
    [InlineData("{}", null)]
    public void Record_reads_sizes_as_numbers_or_strings(string json, long? expected)
    {
        Assert.Equal(expected, Parse($$"""{"id":"a","storedBytes":{{json}}}""").StoredBytes);
    }

    [Theory]
    [InlineData("\"2022-11-01T21:22:22Z\"", "2022-11-01T21:22:22Z")]
    [InlineData("\"2022-11-01T22:22:22+01:00\"", "2022-11-01T21:22:22Z")]
    [InlineData("\"2022-11-01T21:22:22.543\"", "2022-11-01T21:22:22.543Z")]
    [InlineData("\"2022-11-01T21:22:22,5438219571Z\"", "2022-11-01T21:22:22.5438219Z")]
    [InlineData("\"2022-11-01 21:22:22 UTC\"", "2022-11-01T21:22:22Z")]
    [InlineData("\"2022-11-01 21:22:22 GMT\"", "2022-11-01T21:22:22Z")]
    [InlineData("\"2022-11-01T21:22:22Z[UTC]\"", "2022-11-01T21:22:22Z")]
    [InlineData("\"2022-11-01T21:22:22[Etc/UTC]\"", "2022-11-01T21:22:22Z")]
    [InlineData("\"2022-11-01T22:22:22+01:00[Europe/Paris]\"", "2022-11-01T21:22:22Z")]
    [InlineData("\"2022-11-01T21:22:22+0000\"", "2022-11-01T21:22:22Z")]
    [InlineData("\"2022-11-01T16:52:22.5-0430\"", "2022-11-01T21:22:22.5Z")]
    [InlineData("\"2022-11-01T23:22:22+02\"", "2022-11-01T21:22:22Z")]
    [InlineData("\"2022-11-01T23:22:22 UTC+02:00\"", "2022-11-01T21:22:22Z")]
    [InlineData("\"20221101T212222Z\"", "2022-11-01T21:22:22Z")]
    [InlineData("\"20221101T212222.5+0000\"", "2022-11-01T21:22:22.5Z")]
    [InlineData("\"20221101212222\"", "2022-11-01T21:22:22Z")]
    [InlineData("\"20221101\"", "2022-11-01T00:00:00Z")]
    [InlineData("\"2022-11-01\"", "2022-11-01T00:00:00Z")]
    [InlineData("\"2022/11/01 21:22\"", "2022-11-01T21:22:00Z")]
    [InlineData("\"2016-12-31T23:59:60Z\"", "2017-01-01T00:00:00Z")]
    [InlineData("\"2022-10-31T24:00:00\"", "2022-11-01T00:00:00Z")]
    [InlineData("\"2022-10-31T24:00\"", "2022-11-01T00:00:00Z")]
    [InlineData("\" 2022-11-01t21:22:22z\\n\"", "2022-11-01T21:22:22Z")]
    [InlineData("\"Tue, 01 Nov 2022 21:22:22 GMT\"", "2022-11-01T21:22:22Z")]
    [InlineData("\"Tue Nov 01 21:22:22 UTC 2022\"", "2022-11-01T21:22:22Z")]
    [InlineData("1667337742543", "2022-11-01T21:22:22.543Z")]
    [InlineData("\"1667337742543\"", "2022-11-01T21:22:22.543Z")]
    [InlineData("1.667337742543e12", "2022-11-01T21:22:22.543Z")]
    [InlineData("1667337742", "2022-11-01T21:22:22Z")]
    [InlineData("1667337742.543000000", "2022-11-01T21:22:22.543Z")]
    [InlineData("[2022,11,1,21,22,22]", "2022-11-01T21:22:22Z")]
    [InlineData("[2022,11,1,21,22,22,543000000]", "2022-11-01T21:22:22.543Z")]
    public void Record_reads_times_in_every_form(string json, string expected)
    {
        var record = Parse($$"""{"id":"a","createdTime":{{json}}}""");

        Assert.Equal(DateTimeOffset.Parse(expected, CultureInfo.InvariantCulture), record.CreatedTime);
        Assert.Equal(TimeSpan.Zero, record.CreatedTime!.Value.Offset);
        Assert.Empty(record.UnreadableFields);
    }

    [Theory]
    [InlineData("\"yesterday\"", "yesterday")]
    [InlineData("\"12.5.2022\"", "12.5.2022")]
    [InlineData("\"01/11/2022 21:22\"", "01/11/2022 21:22")]
    [InlineData("\"21:22\"", "21:22")]
    [InlineData("\"2022-13-01T00:00:00\"", "2022-13-01T00:00:00")]
    [InlineData("\"2022-02-29T00:00:00\"", "2022-02-29T00:00:00")]
    [InlineData("\"2022-11-01T25:00:00\"", "2022-11-01T25:00:00")]
    [InlineData("\"2022-11-01T24:00:01\"", "2022-11-01T24:00:01")]
    [InlineData("\"2022-11-01T21:22:61\"", "2022-11-01T21:22:61")]
    [InlineData("\"2022-11-01T21:22:22 PST\"", "2022-11-01T21:22:22 PST")]
    [InlineData("\"2022-11-01T21:22:22[America/New_York]\"", "2022-11-01T21:22:22[America/New_York]")]
    [InlineData("\"2022-11-01T21:22:22+25:00\"", "2022-11-01T21:22:22+25:00")]
    [InlineData("\"9999-12-31T24:00:00\"", "9999-12-31T24:00:00")]
    [InlineData("-5", "-5")]
    [InlineData("99999999999999999", "99999999999999999")]
    [InlineData("1e400", "1e400")]
    [InlineData("true", "true")]
    [InlineData("[2022,13,1]", "[2022,13,1]")]
    [InlineData("[\"2022\"]", "[\"2022\"]")]
    [InlineData("{\"epoch\":1}", "{\"epoch\":1}")]
    public void Record_names_what_is_no_time(string json, string text)
    {
        var record = Parse($$"""{"id":"a","createdTime":{{json}},"updatedTime":"2022-11-01T21:22:22"}""");

        Assert.Null(record.CreatedTime);
        Assert.NotNull(record.UpdatedTime);
        Assert.Equal([new UnreadableField("createdTime", text)], record.UnreadableFields);
    }

    [Fact]
    public void Record_distinguishes_malformed_fields_from_missing_ones()
    {
        var missing = Parse("""{"id":"a","createdTime":null,"updatedTime":" ","storedBytes":""}""");
        var malformed = Parse($$"""{"id":"a","createdTime":"{{new string('x', 1000)}}","updatedTime":"soon","storedBytes":"12 KB"}""");

        Assert.Empty(missing.UnreadableFields);
        Assert.Empty(Parse("""{"id":"a","createdTime":[],"updatedTime":{},"storedBytes":[]}""").UnreadableFields);
        Assert.Equal(["createdTime", "updatedTime", "storedBytes"], malformed.UnreadableFields.Select(field => field.Name));
        Assert.Equal(UnreadableField.MaxTextLength, malformed.UnreadableFields[0].Text.Length);
        Assert.Equal("12 KB", malformed.UnreadableFields[2].Text);
    }

    [Fact]
    public void Record_takes_states_and_types_that_it_does_not_know()
    {
        var record = Parse("""{"id":"a","objectState":"FROZEN","type":"hologram"}""");

        Assert.Equal("FROZEN", record.State.ToString());
        Assert.NotEqual(ObjectState.Available, record.State);
        Assert.Equal("hologram", record.Type);
    }

    [Fact]
    public void Record_needs_nothing_but_an_id()
    {
        var record = Parse("""{"id":"FKC4RF6OXNMGGUW4LIFSWVLEIVJ54JBTVAD3SQYKNFK2ATUQCMAA----"}""");

        Assert.Equal("unknown", record.Type);
        Assert.Null(record.Checksum);
        Assert.Null(record.CreatedTime);
        Assert.Empty(record.Tags);
    }

    [Fact]
    public void Record_ignores_fields_of_other_shapes()
    {
        var record = Parse("""{"id":"a","tags":{"no":"array"},"shared":"maybe","mimeType":["x"],"new":{"a":[{"b":1}]},"objectName":"n"}""");

        Assert.Empty(record.Tags);
        Assert.Null(record.MimeType);
        Assert.Equal("n", record.ObjectName);
    }

    [Fact]
    public void Record_keeps_its_json_exactly_as_it_came()
    {
        const string Odd = """{ "id" : "a",  "x":1.0e3, "t":"\u0041" }""";

        Assert.Equal(Odd, Parse(Odd).Json.ToString());
    }

    [Fact]
    public void Record_reads_text_that_holds_half_of_a_character()
    {
        var record = Parse("""{"id":"a","objectName":"a\ud83d \"b\" \\ud83d\n\u00e9","tags":[{"key":"k\udc00","value":"\ud83d\ude00"}]}""");

        Assert.Equal("a\ufffd \"b\" \\ud83d\n\u00e9", record.ObjectName);
        Assert.Equal(new ObjectTag("k\ufffd", "\ud83d\ude00"), record.Tags[0]);
    }

    [Fact]
    public void Record_reads_text_that_holds_bytes_that_are_no_utf8()
    {
        var json = "{\"id\":\"a\",\"objectName\":\"x?y\"}"u8.ToArray();
        json[Array.IndexOf(json, (byte)'?')] = 0xFF;

        Assert.Equal("x\ufffdy", StorageObject.Parse(BinaryData.FromBytes(json)).ObjectName);
    }

    [Theory]
    [InlineData("\ufeff{\"id\":\"a\"}")]
    [InlineData(" {\"id\":\"a\"}\0")]
    [InlineData("{\"id\":\"a\"}\n{\"id\":\"b\"}")]
    public void Record_keeps_nothing_that_stands_around_the_record(string text)
    {
        var record = Parse(text);

        Assert.Equal("""{"id":"a"}""", record.Json.ToString());
        Assert.False(record.IsRepaired);
    }

    [Fact]
    public void Record_is_read_in_another_encoding()
    {
        var record = StorageObject.Parse(BinaryData.FromBytes([0xFF, 0xFE, .. Encoding.Unicode.GetBytes("""{"id":"a","objectName":"é"}""")]));

        Assert.Equal(("é", """{"id":"a","objectName":"é"}"""), (record.ObjectName, record.Json.ToString()));
    }

    [Fact]
    public void Record_that_is_nearly_json_is_read()
    {
        var record = Parse("{\"id\":\"a\",\"objectName\":\"x\ny\t\0\\q\",\"storedBytes\":012,\"tags\":[{\"key\":\"k\",\"value\":\"v\",},],}");

        Assert.Equal(("x\ny\t\0\\q", 12L, "v"), (record.ObjectName, record.StoredBytes, record.GetTag("k")));
        Assert.True(record.IsRepaired);
        Assert.Equal(record.ObjectName, Parse(record.Json.ToString()).ObjectName);
        Assert.False(Parse(record.Json.ToString()).IsRepaired);
    }

    [Fact]
    public void Record_takes_the_last_of_members_that_come_twice_and_can_be_read()
    {
        var record = Parse("""
            {"id":"a","id":"a","id":null,"type":"x","type":null,"storedBytes":1,"storedBytes":2,"storedBytes":"many","checksum":"c","checksum":"",
            "createdTime":"2022-11-01T21:22:22","createdTime":"soon","objectState":"AVAILABLE","objectState":null,"mimeType":"m","mimeType":[],
            "tags":[{"key":"k","value":"v"}],"tags":null,"tags":[{"key":"l","value":"w"}]}
            """);

        Assert.Equal(("a", "x", 2L, "c", "m"), (record.Id, record.Type, record.StoredBytes, record.Checksum, record.MimeType));
        Assert.Equal(ObjectState.Available, record.State);
        Assert.NotNull(record.CreatedTime);
        Assert.Equal(["k", "l"], record.Tags.Select(tag => tag.Key));
    }

    [Theory]
    [InlineData("""{"id":"a","id":"b"}""", "two ids")]
    [InlineData("""{"id":false}""", "lacks an id")]
    [InlineData("""{"id":"\t"}""", "lacks an id")]
    public void Record_makes_up_no_id(string json, string reason)
    {
        Assert.Contains(reason, Assert.Throws<FormatException>(() => Parse(json)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"id":""}""")]
    [InlineData("""{"id":"a" """)]
    public void Json_that_is_no_record_is_refused(string json)
    {
        Assert.Throws<FormatException>(() => Parse(json));
    }

    private static StorageObject Parse(string json) => StorageObject.Parse(BinaryData.FromString(json));
}
