using Archiving.Ledger;
using EightByEight;
using Operations.Search;

namespace Archiving.Tests;

/// <summary>What objects are searched by.</summary>
public sealed class SearchTextTests
{
    [Theory]
    [InlineData("+1 (555) 010-0100", "15550100100")]
    [InlineData("+1 (555) 010-0100", "+1 (555) 010-0100")]
    [InlineData("+1 (555) 010-0100", "555 010 0100")]
    [InlineData("+1 (555) 010-0100", "010-0100")]
    [InlineData("15550100100", "+1 (555) 010-0100")]
    [InlineData("15550100100", "5550100")]
    [InlineData("020.7946.0018", "(020) 7946 0018")]
    [InlineData("call: +1 (408) 555-0100 → +44 20 7946 0018.mp3", "442079460018")]
    [InlineData("call: +1 (408) 555-0100 → +44 20 7946 0018.mp3", "14085550100")]
    [InlineData("Überprüfung", "ÜBERPRÜFUNG")]
    [InlineData("Jane Doe", "  jane d ")]
    [InlineData("Jane Doe", "\uFEFFjane d")]
    [InlineData("Jos\u00E9 N\u00FA\u00F1ez", "jose\u0301 nu\u0301n\u0303ez")]
    [InlineData("JOSE\u0301", "jos\u00E9")]
    [InlineData("Nguy\u1EC5n Th\u1ECB L\u1EC7", "NGUYE\u0302\u0303N THI\u0323 LE\u0323\u0302")]
    [InlineData("L\u1EC7", "l\u00EA\u0323")]
    [InlineData("\uAE40\uBBFC\uC900", "\u1100\u1175\u11B7\u1106\u1175\u11AB\u110C\u116E\u11AB")]
    [InlineData("\u304C\u304E", "\u304B\u3099\u304D\u3099")]
    [InlineData("\u0419\u043E\u0436", "\u0438\u0306\u043E\u0436")]
    [InlineData("\u0391\u039D\u0394\u03A1\u0395\u0391\u03A3", "\u03B1\u03BD\u03B4\u03C1\u03B5\u03B1\u03C2")]
    [InlineData("\u0386\u03BD\u03BD\u03B1", "\u03B1\u0301\u03BD\u03BD\u03B1")]
    [InlineData("\u0623\u062D\u0645\u062F", "\u0627\u0654\u062D\u0645\u062F")]
    [InlineData("\u0130stanbul", "i\u0307STANBUL")]
    [InlineData("\u212Bngstr\u00F6m", "A\u030ANGSTRO\u0308M")]
    [InlineData("half \uD83D of a pair \u00E9", "a pair e\u0301")]
    public void Search_text_finds_what_people_write_in_their_own_way(string written, string wanted)
    {
        Assert.True(Finds(Record(tags: [("phone", written)]), wanted));
        Assert.True(Finds(Record(name: written), wanted));
    }

    [Theory]
    [InlineData("+1 (555) 010-0100", "15550100101")]
    [InlineData("+1 (555) 010-0100", "555 0100100 x")]
    [InlineData("Jane Doe", "Jane Roe")]
    [InlineData("Jos\u00E9", "jos\u00E8")]
    [InlineData("Jose", "jos\u00E9")]
    public void Search_text_finds_nothing_else(string written, string wanted) => Assert.False(Finds(Record(tags: [("phone", written)]), wanted));

    [Fact]
    public void Search_text_finds_by_name_user_tags_and_ids()
    {
        var record = Record("id-77", "Quarterly.mp3", "user-5", "bucket-9", ("callId", "call-3"), ("agent", "Sam"), ("note", ""));

        foreach (var wanted in (string[])["id-77", "quarterly", "USER-5", "bucket-9", "CALL-3", "sam"])
        {
            Assert.True(Finds(record, wanted), wanted);
        }

        Assert.False(Finds(record, "sam\nq"));
    }

    [Fact]
    public void Search_text_leaves_out_times()
    {
        var record = Record(
            tags: [("startTime", "1667337742543"), ("endTimestamp", "1667337742544"), ("callDuration", "1667337742545"), ("extension", "1001")]);

        Assert.False(Finds(record, "16673377"));
        Assert.True(Finds(record, "1001"));
    }

    [Fact]
    public void Search_text_is_cut_and_stays_text()
    {
        var long1 = string.Concat(Enumerable.Repeat("😀", 2000));
        var text = SearchText.Of(Record(name: "a" + long1))!;

        Assert.InRange(text.Length, SearchText.Longest - 2, SearchText.Longest);
        Assert.DoesNotContain('\uFFFD', System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text)));
        Assert.Null(SearchText.Of(Record()));
    }

    [Theory]
    [InlineData(1900)]
    [InlineData(5000)]
    public void Long_name_and_many_tags_leave_room_for_people_numbers_and_calls(int length)
    {
        var name = string.Concat(Enumerable.Repeat("lorem 1234567, ", length / 15));
        (string, string)[] wanted = [("callId", "call-77"), ("userName", "Jane Doe"), ("address", "+1 (555) 010-0100"), ("agentName", "Sam Miller")];
        var tags = Enumerable.Range(0, 60).Select(number => ($"note{number}", $"a note that is in the way {number}")).Append(("memo", name));
        var record = Record(name: name, user: "user-5", tags: [.. tags, .. wanted]);

        Assert.All(wanted.Select(tag => tag.Item2).Append("user-5"), value => Assert.True(Finds(record, value), value));
        Assert.True(Finds(record, "15550100100"));
        Assert.InRange(SearchText.Of(record)!.Length, 1900, SearchText.Longest);
    }

    [Fact]
    public void Search_text_holds_nothing_twice()
    {
        var text = SearchText.Of(Record(name: "Jane", tags: [("a", "jane"), ("b", "JANE"), ("number", "5550100"), ("again", "555-0100")]));

        Assert.Equal("jane\n5550100\n555-0100", text);
    }

    [Theory]
    [InlineData("4085550177-20261128.mp3", "address", "4085550177")]
    [InlineData("in 14085550178 2026-11-28 10:15.mp3", "address", "14085550178")]
    [InlineData("Marianne.mp3", "userName", "Anne")]
    [InlineData("x-call-77.mp3", "callReference", "call-77")]
    public void Index_has_a_value_that_is_a_part_of_another_one(string name, string tag, string value)
    {
        var terms = SearchTerms.Of(LedgerEntry.Describe("uk", Record(name: name, tags: [(tag, value)])));

        Assert.Subset(terms.ToHashSet(), SearchTerms.Wanted(value).ToHashSet());
        Assert.True(SearchTerms.FindId(value) is not { } id || terms.Contains(id));
    }

    [Theory]
    [InlineData("callId", "sourceId")]
    [InlineData("sourceId", "sourceObjectId")]
    [InlineData("sourceObjectId", "other")]
    public void Search_text_knows_the_call(string first, string second)
    {
        Assert.Equal("1", SearchText.CallOf(Record(tags: [(second, "2"), (first, "1")])));
        Assert.Equal("2", SearchText.CallOf(Record(tags: [(second == "other" ? "callId" : second, "2"), (first, "")])));
    }

    [Fact]
    public void Search_text_finds_rows_of_an_earlier_version_by_name_and_id()
    {
        var row = LedgerEntry.Describe("uk", Record("id-77", "Quarterly.mp3"));
        row.Search = null;
        row.CallId = null;

        Assert.True(SearchTerm.Of("quarterly").IsIn(row));
        Assert.True(SearchTerm.Of("ID-77").IsIn(row));
        Assert.False(SearchTerm.Of("call-3").IsIn(row));
    }

    internal static StorageObject Record(
        string id = "1",
        string? name = null,
        string? user = null,
        string? bucket = null,
        params (string Key, string Value)[] tags) => StorageObject.Parse(BinaryData.FromObjectAsJson(new
        {
            id,
            objectName = name,
            userId = user,
            bucketId = bucket,
            createdTime = "2026-11-01T10:00:00",
            tags = tags.Select(tag => new { key = tag.Key, value = tag.Value }),
        }));

    private static bool Finds(StorageObject record, string wanted) => SearchTerm.Of(wanted).IsIn(LedgerEntry.Describe("uk", record));
}
