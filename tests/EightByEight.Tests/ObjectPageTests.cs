using System.Globalization;
using System.Text;

namespace EightByEight.Tests;

public sealed class ObjectPageTests
{
    private const string First = """{"id":"a","type":"callrecording","objectName":"one"}""";
    private const string Last = """{"id":"z","type":"voicemail","objectName":"last"}""";

    /// <summary>Records with the reason why they cannot be read and the id that is found all the same.</summary>
    public static TheoryData<string, string, string?> BrokenRecords { get; } = new()
    {
        { "null", "not a JSON object", null },
        { "7", "not a JSON object", null },
        { "\"text\"", "not a JSON object", null },
        { "[{\"id\":\"x\"}]", "not a JSON object", null },
        { "{}", "lacks an id", null },
        { "{\"type\":\"x\",\"tags\":[{\"id\":\"7\",\"key\":\"k\",\"value\":\"v\"}]}", "lacks an id", null },
        { "{\"id\":null,\"type\":\"x\"}", "lacks an id", null },
        { "{\"id\":\" \",\"type\":\"x\"}", "lacks an id", null },
        { "{\"id\":{\"value\":\"x\"}}", "lacks an id", null },
        { "{\"id\":true}", "lacks an id", null },
        { "{\"id\":\"x\\udc00\"}", "lacks an id", null },
        { "{\"id\":\"x\",\"id\":\"y\"}", "two ids", "x" },
        { "{\"id\":\"x\",\"objectName\":\"said \"hi\" there\"}", "not JSON", "x" },
        { "{\"id\":\"x\",\"objectName\":\"a 5\" pipe\"}", "not JSON", "x" },
        { """{"id":"x","objectName":"a 5" pipe","tags":[{"key":"k","value":"v"},{"id":"8","key":"k","value":"v"}]}""", "not JSON", "x" },
        { "{\"id\" \"x\"}", "not JSON", null },
    };

    [Theory]
    [InlineData("100")]
    [InlineData("\"100\"")]
    public void Object_page_takes_the_page_key_as_it_comes(string key)
    {
        Assert.Equal("100", Parse($$"""{"content":[],"lastPage":false,"pageKey":{{key}},"pageSize":"0"}""").PageKey);
    }

    [Fact]
    public void Object_page_needs_neither_total_nor_page_key()
    {
        var page = Parse("""{"content":[{"id":"a"},{"id":"b"}],"lastPage":true}""");

        Assert.Equal(["a", "b"], page.Objects.Select(record => record.Id));
        Assert.True(page.IsLastPage);
        Assert.Null(page.PageKey);
        Assert.Null(page.Total);
    }

    [Theory]
    [InlineData("\"total\":null,\"pageSize\":null,\"totalElements\":null,\"numberOfElements\":null", null)]
    [InlineData("\"total\":\"2\",\"pageSize\":\"2\",\"totalElements\":\"2\",\"numberOfElements\":\"2\"", 2L)]
    [InlineData("\"total\":{},\"pageSize\":[],\"totalElements\":true,\"numberOfElements\":2.5", null)]
    [InlineData("\"total\":2,\"total\":null", 2L)]
    public void Object_page_needs_no_counts(string counts, long? total)
    {
        var page = Parse($$"""{"content":[{{First}},{{Last}}],"lastPage":true,{{counts}}}""");

        Assert.Equal(["a", "z"], page.Objects.Select(record => record.Id));
        Assert.Equal(total, page.Total);
    }

    [Theory]
    [MemberData(nameof(BrokenRecords))]
    public void Object_page_keeps_what_stands_around_a_broken_record(string broken, string reason, string? id)
    {
        string[] contents = [$"{First},{broken},{Last}", $"{broken},{First},{Last}", $"{First},{Last},{broken}", $"{First},\n{broken} ,\n{broken},\n{Last}"];
        foreach (var content in contents)
        {
            var page = Parse($$"""{"content":[{{content}}],"lastPage":false,"pageKey":"3"}""");

            Assert.Equal(["a", "z"], page.Objects.Select(record => record.Id));
            Assert.Equal((false, "3"), (page.IsLastPage, page.PageKey));
            Assert.Equal(content.Split(broken).Length - 1, page.Unreadable);
            Assert.All(page.UnreadableRecords, record =>
            {
                Assert.Equal((id, broken), (record.Id, record.Text));
                Assert.Contains(reason, record.Reason, StringComparison.Ordinal);
            });
        }
    }

    [Fact]
    public void Object_page_says_when_nothing_of_it_can_be_read()
    {
        var page = Parse("""{"content":[{"type":"x"}],"lastPage":true}""");

        Assert.Empty(page.Objects);
        Assert.Equal("""{"type":"x"}""", Assert.Single(page.UnreadableRecords).Text);
    }

    [Fact]
    public void Object_page_keeps_the_beginning_of_what_it_cannot_read_and_no_half_characters()
    {
        var name = "x" + new string('é', 5000);

        var record = Assert.Single(Parse($$"""{"content":[{"objectName":"{{name}}"}],"lastPage":true}""").UnreadableRecords);

        Assert.InRange(Encoding.UTF8.GetByteCount(record.Text), UnreadableRecord.MaxTextBytes - 1, UnreadableRecord.MaxTextBytes);
        Assert.StartsWith("{\"objectName\":\"xéé", record.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("\ufffd", record.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("é", record.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("line\nfeed", "line\nfeed")]
    [InlineData("tab\there", "tab\there")]
    [InlineData("nul\0here", "nul\0here")]
    [InlineData("\u0001\u001f", "\u0001\u001f")]
    [InlineData("C:\\Windows\\x", "C:\\Windows\\x")]
    [InlineData("half \\u12 of it", "half \\u12 of it")]
    [InlineData("quoted \\\" \\\\", "quoted \" \\")]
    public void Object_page_reads_what_stands_raw_in_a_string(string raw, string expected)
    {
        var record = $$"""{"id":"b","objectName":"{{raw}}","tags":[{"key":"k","value":"{{raw}}"}]}""";

        var page = Parse($$"""{"content":[{{First}},{{record}},{{Last}}],"note":"{{raw}}","lastPage":true}""");

        Assert.Equal(["a", "b", "z"], page.Objects.Select(record => record.Id));
        Assert.Equal((expected, expected), (page.Objects[1].ObjectName, page.Objects[1].GetTag("k")));
    }

    [Fact]
    public void Object_page_makes_json_of_a_record_that_was_none()
    {
        var page = Parse("{\"content\":[{\"id\":\"a\",\"objectName\":\"x\ny\",},{\"id\":\"b\" }],\"lastPage\":true}");

        Assert.Equal("""{"id":"a","objectName":"x\u000ay"}""", page.Objects[0].Json.ToString());
        Assert.Equal("""{"id":"b" }""", page.Objects[1].Json.ToString());
        Assert.Equal([true, false], page.Objects.Select(record => record.IsRepaired));
    }

    [Theory]
    [InlineData("""{"content":[{"id":"a","tags":[{"key":"k","value":"v",},],},{"id":"b",},],"lastPage":true,}""")]
    [InlineData("""{"content":[{"id":"a",,"tags":[]},,{"id":"b"}],,"lastPage":true}""")]
    [InlineData("""{"content":[{"id":"a"}{"id":"b"}]"lastPage":true}""")]
    [InlineData("""{"content":[{"id":"a","storedBytes":NaN,"shared":True},{"id":"b","storedBytes":007,"type":}],"lastPage":True}""")]
    public void Object_page_reads_what_is_nearly_json(string json)
    {
        var page = Parse(json);

        Assert.Equal(["a", "b"], page.Objects.Select(record => record.Id));
        Assert.Empty(page.UnreadableRecords);
        Assert.True(page.IsLastPage);
    }

    [Theory]
    [InlineData("utf-8", true)]
    [InlineData("utf-16", true)]
    [InlineData("utf-16BE", true)]
    [InlineData("utf-32", true)]
    [InlineData("utf-16", false)]
    [InlineData("utf-16BE", false)]
    [InlineData("utf-32", false)]
    public void Object_page_reads_a_page_in_every_encoding(string charset, bool hasMark)
    {
        var encoding = Encoding.GetEncoding(charset);
        const string Json = """{"content":[{"id":"a","objectName":"Überprüfung 会議 😀"}],"lastPage":true}""";
        byte[] bytes = [.. hasMark ? encoding.GetPreamble() : [], .. encoding.GetBytes(Json)];

        var page = ObjectPage.Parse(BinaryData.FromBytes(bytes));

        Assert.Equal("Überprüfung 会議 😀", Assert.Single(page.Objects).ObjectName);
        Assert.StartsWith("{\"id\":\"a\"", page.Objects[0].Json.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Object_page_reads_names_and_strings_that_are_no_characters()
    {
        var json = """
            {"\ud83d":1,"content":[{"\udc00":2,"id":"a","objectName":"x\ud83d"},{"id":"b","objectName":"?","?":1}],"lastPage":true,"?":0}
            """u8.ToArray();
        json.AsSpan().Replace((byte)'?', (byte)0xFF);

        var page = ObjectPage.Parse(BinaryData.FromBytes(json));

        Assert.Equal(["x\ufffd", "\ufffd"], page.Objects.Select(record => record.ObjectName));
    }

    [Theory]
    [InlineData("""{"content":null,"lastPage":true}""")]
    [InlineData("""{"lastPage":true,"pageKey":"0"}""")]
    [InlineData("""{"content":[],"lastPage":"true"}""")]
    [InlineData("""{"content":null,"lastPage":1,}""")]
    public void Object_page_takes_a_page_without_content_for_an_empty_one(string json)
    {
        var page = Parse(json);

        Assert.Empty(page.Objects);
        Assert.True(page.IsLastPage);
        Assert.False(page.IsBlank);
    }

    [Theory]
    [InlineData("""{"content":null,"numberOfElements":2,"lastPage":true}""")]
    [InlineData("""{"numberOfElements":"2","lastPage":true}""")]
    [InlineData("""{"content":null,"numberOfElements":2,"lastPage":true,}""")]
    public void Object_page_takes_no_page_for_empty_that_counts_records(string json)
    {
        var exception = Assert.Throws<FormatException>(() => Parse(json));

        Assert.Equal("The page counts 2 records (\"numberOfElements\") and lacks \"content\".", exception.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \r\n")]
    [InlineData("\ufeff")]
    [InlineData(" null\n")]
    public void Object_page_takes_nothing_for_an_empty_last_page_and_says_so(string body)
    {
        var page = Parse(body);

        Assert.True(page is { Objects.Count: 0, IsLastPage: true, IsBlank: true, PageKey: null });
    }

    [Fact]
    public void Object_page_reads_a_list_of_one_that_is_no_list()
    {
        Assert.Equal("a", Assert.Single(Parse($$"""{"content":{{First}},"lastPage":true}""").Objects).Id);
        Assert.Equal("a", Assert.Single(Parse($$"""{"content":{{First}},"lastPage":true,}""").Objects).Id);
        Assert.Single(Parse("""{"content":{},"lastPage":true}""").UnreadableRecords);
    }

    [Theory]
    [InlineData("""{"content":[{"id":"a"}],"content":null,"lastPage":true,"lastPage":null}""", true)]
    [InlineData("""{"content":null,"content":[{"id":"a"}],"lastPage":true,"lastPage":false}""", false)]
    [InlineData("""{"content":[{"id":"a"}],"content":[],"lastPage":false,"lastPage":true}""", false)]
    public void Object_page_loses_nothing_to_members_that_come_twice(string json, bool isLast)
    {
        var page = Parse(json);

        Assert.Equal("a", Assert.Single(page.Objects).Id);
        Assert.Equal(isLast, page.IsLastPage);
    }

    [Fact]
    public void Object_page_ends_nowhere_but_at_its_end()
    {
        var whole = $$"""{"content":[{{First}},{"id":"m","objectName":"a 5" pipe","tags":[{"key":"k","value":"v"}]},{{Last}}],"pageKey":"3","lastPage":true}""";
        Assert.Single(Parse(whole).UnreadableRecords);

        for (var length = 1; length < whole.Length; length++)
        {
            Assert.Throws<FormatException>(() => Parse(whole[..length]));
        }
    }

    [Fact]
    public void Object_page_reads_each_of_a_hundred_broken_records_around_the_others()
    {
        var records = Enumerable.Range(0, 100).Select(number => string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            {"id":"{{number}}","type":"x","objectName":"{{(number % 3 == 0 ? "5\" pipe" : "5 in")}}","tags":[{"key":"k","value":"v"},{"key":"l","value":"w"}]}
            """));

        var page = Parse($$"""{"content":[{{string.Join(',', records)}}],"lastPage":true}""");

        var names = Enumerable.Range(0, 100).ToLookup(number => number % 3 == 0, number => number.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(names[false], page.Objects.Select(record => record.Id));
        Assert.Equal(names[true], page.UnreadableRecords.Select(record => record.Id));
    }

    [Fact]
    public void Object_page_survives_any_change_of_a_byte_and_names_what_it_costs()
    {
        const int Records = 7;
        var records = Enumerable.Range(0, Records).Select(number => string.Create(
            CultureInfo.InvariantCulture,
            $$$"""
            {"id":"r{{{number}}}","type":"callrecording","objectName":"é \"{{{number}}}\".mp3","storedBytes":{{{number}}},
            "tags":[{"id":"t1","key":"k","value":"v"},{"key":"l","value":"{[,"}],"shared":false}
            """));
        var page = Encoding.UTF8.GetBytes($$"""{"content":[{{string.Join(',', records)}}],"lastPage":true,"pageKey":"7"}""");
        var first = page.AsSpan().IndexOf("\"r3\""u8) - 6;
        var last = page.AsSpan().IndexOf("\"r4\""u8) - 7;
#pragma warning disable CA5394 // The seed makes the changes the same each time.
        var random = new Random(8888);
        for (var round = 0; round < 5_000; round++)
        {
            List<byte> changed = [.. page];
            var at = random.Next(first + 1, last);
            var value = "\"\\{}[],: \n\0x7\u00ff"u8[random.Next(14)];
            switch (random.Next(3))
            {
                case 0:
                    changed[at] = value;
                    break;
                case 1:
                    changed.Insert(at, value);
                    break;
                default:
                    changed.RemoveAt(at);
                    break;
            }

            // Only the record that was changed may be lost, and then it is among the unreadable ones.
            ObjectPage read;
            try
            {
                read = ObjectPage.Parse(BinaryData.FromBytes(changed.ToArray()));
            }
            catch (FormatException exception)
            {
                throw new InvalidOperationException(Encoding.UTF8.GetString([.. changed[(first - 20)..(last + 60)]]), exception);
            }

            var ids = read.Objects.Select(record => record.Id).ToList();
            foreach (var number in (int[])[0, 1, 2, 4, 5, 6])
            {
                var id = string.Create(CultureInfo.InvariantCulture, $"r{number}");
                Assert.True(ids.Contains(id), $"{id} is lost in: {Encoding.UTF8.GetString([.. changed])}");
            }

            Assert.True(read.Objects.Count + read.Unreadable >= Records, Encoding.UTF8.GetString([.. changed]));
            Assert.Equal((true, "7"), (read.IsLastPage, read.PageKey));
        }
#pragma warning restore CA5394
    }

    [Fact]
    public void Object_page_fails_in_one_way_only()
    {
        const string Record = """{"id":"b","createdTime":[2022,11,1],"tags":[{"key":"k","value":"\ud83d\ude00"}]}""";
        var page = Encoding.UTF8.GetBytes($$"""{"content":[{{First}},{{Record}},{{Last}}],"lastPage":true,"total":3}""");
#pragma warning disable CA5394 // The seed makes the changes the same each time.
        var random = new Random(8889);
        for (var round = 0; round < 5_000; round++)
        {
            var changed = page.ToArray();
            for (var change = random.Next(1, 6); change > 0; change--)
            {
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
            }

            if (Xunit.Record.Exception(() => ObjectPage.Parse(BinaryData.FromBytes(changed[..random.Next(1, changed.Length + 1)]))) is { } exception)
            {
                Assert.IsType<FormatException>(exception);
            }
        }
#pragma warning restore CA5394
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"content":[]}""")]
    [InlineData("""{"content":[],"lastPage":null}""")]
    [InlineData("""{"content":"none","lastPage":true}""")]
    [InlineData("""{"content":"none","lastPage":true,}""")]
    [InlineData("""{"error":"200 with an error"}""")]
    [InlineData("<html></html>")]
    [InlineData("ok")]
    public void Json_that_is_no_page_is_refused(string json)
    {
        Assert.Throws<FormatException>(() => Parse(json));
    }

    private static ObjectPage Parse(string json) => ObjectPage.Parse(BinaryData.FromString(json));
}
