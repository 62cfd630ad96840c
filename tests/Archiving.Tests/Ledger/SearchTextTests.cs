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
    [InlineData("Jane Doe", "'")]
    [InlineData("Jane Doe", "\u0301")]
    [InlineData("Jane Doe", "\u202A")]
    [InlineData("O'Brien", "obrian")]
    [InlineData("\u304B\u304D", "\u304C\u304E")]
    [InlineData("\u304C\u304E", "\u304B\u304D")]
    [InlineData("07700 900123", "+447700900124")]
    public void Search_text_finds_nothing_else(string written, string wanted) => Assert.False(Finds(Record(tags: [("phone", written)]), wanted));

    [Theory]
    [InlineData("José Muñoz", "Jose Muñoz")]
    [InlineData("Jose Munoz", "José Muñoz")]
    [InlineData("José", "josè")]
    [InlineData("STRASSE WEISS", "straße weiß")]
    [InlineData("straße weiß", "STRASSE WEISS")]
    [InlineData("Işık", "IŞIK")]
    [InlineData("Işık", "ışık")]
    [InlineData("Guðrún Þórsdóttir", "gudrun thorsdottir")]
    [InlineData("O'Brien", "obrien")]
    [InlineData("O\u2019Brien", "OBrien")]
    [InlineData("O'Brien", "O\u2019Brien")]
    [InlineData("O\u2019Brien", "o'brien")]
    [InlineData("OBrien", "O'Brien")]
    [InlineData("O'Brien", "brien")]
    public void Names_are_found_with_or_without_diacritics_and_apostrophes(string written, string wanted) => AssertFound(written, wanted);

    [Theory]
    [InlineData("+14085551234", "+1 (408) 555\u20131234")]
    [InlineData("+14085551234", "+1\u2011408\u2011555\u20111234")]
    [InlineData("+14085551234", "\u202A+1 408 555 1234\u202C")]
    [InlineData("+14085551234", "\u2066+1 408\u200E 555 1234\u2069")]
    [InlineData("+14085551234", "+1\u202F408\u2009555\u00A01234")]
    [InlineData("+14085551234", "tel:+14085551234")]
    [InlineData("+14085551234", "TEL:+1-408-555-1234")]
    [InlineData("+1 (408) 555\u20131234", "4085551234")]
    [InlineData("\u202A+1 408\u202F555\u20111234\u202C", "+14085551234")]
    [InlineData("tel:+14085551234", "+14085551234")]
    [InlineData("tel:+14085551234", "tel:+14085551234")]
    [InlineData("07700 900123", "+447700900123")]
    [InlineData("+447700900123", "07700 900123")]
    [InlineData("+44 (0)7700 900456", "+447700900456")]
    [InlineData("+447700900456", "+44 (0)7700 900456")]
    [InlineData("+49 (0)30 12345", "+493012345")]
    [InlineData("+49 30 12345", "+49 (0)30 12345")]
    public void Numbers_are_found_in_any_format(string written, string wanted) => AssertFound(written, wanted);

    [Theory]
    [InlineData("my account is 87654321. 24 hours later", "87654321")]
    [InlineData("order 998877 - 2 items", "998877")]
    [InlineData("call 408-555-0177. 24 hours", "4085550177")]
    [InlineData("in 14085550178 2026-11-28 10:15.mp3", "+1 408 555 0178")]
    [InlineData("4085550177-20261128.mp3", "408-555-0177")]
    [InlineData("+1 408 555 0177 +44 20 7946 0018", "+1 (408) 555-0177")]
    [InlineData("+1 408 555 0177 +44 20 7946 0018", "020 7946 0018")]
    public void Numbers_are_found_beside_other_numbers(string written, string wanted)
    {
        AssertFound(written, wanted);
        Assert.Subset(SearchTerms.OfSpoken(written).ToHashSet(), SearchTerms.OfText(wanted.Replace("020", "+44 20", StringComparison.Ordinal)).ToHashSet());
    }

    [Theory]
    [InlineData("my account is 87654321. 24 hours later", "87654321. 24", true)]
    [InlineData("my account is 87654321. 24 hours later", "7654321", false)]
    [InlineData("my account is 87654321. 24 hours later", "876543", false)]
    [InlineData("0044 7700 900123", "+44 7700 900123", true)]
    [InlineData("447700900123", "0044 7700 900123", true)]
    [InlineData("O\u2019Hara", "OHARA", true)]
    [InlineData("ohara", "O'Hara", true)]
    [InlineData("O'Hara", "hara", true)]
    public void Texts_are_found_by_whole_words_and_numbers(string said, string wanted, bool isFound) =>
        Assert.Equal(isFound, SearchTerms.OfText(wanted).Count > 0 && SearchTerms.OfText(wanted).IsSubsetOf(SearchTerms.OfSpoken(said)));

    [Fact]
    public void Numbers_in_a_row_have_a_term_each_and_one_together() =>
        Assert.Equal(1001, SearchTerms.OfSpoken(string.Join(' ', Enumerable.Range(100_000, 1000))).Count);

    [Theory]
    [InlineData("Jane Doe", "jane")]
    [InlineData("+1 (555) 010-0100", "5550100100")]
    [InlineData("user-5", "user-5")]
    public void Rows_of_an_earlier_version_are_found_by_people_and_numbers_that_their_text_has_no_room_for(string written, string wanted)
    {
        var row = LedgerEntry.Describe("uk", Record(user: "user-5", tags: [("userName", "Jane Doe"), ("address", "+1 (555) 010-0100")]));
        row.Search = "a long name";

        Assert.Contains(written, (string?[])[row.Person, row.Number, row.UserId]);
        Assert.True(SearchTerm.Of(wanted).IsIn(row));
        Assert.Subset(SearchTerms.Of(row).ToHashSet(), SearchTerms.Wanted(wanted).ToHashSet());
    }

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

        Assert.InRange(text.Length, SearchText.MaxLength - 2, SearchText.MaxLength);
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
        Assert.InRange(SearchText.Of(record)!.Length, 1900, SearchText.MaxLength);
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

    /// <summary>By the rows themselves, and by the index that leads to them.</summary>
    private static void AssertFound(string written, string wanted)
    {
        foreach (var record in (StorageObject[])[Record(tags: [("note", written)]), Record(name: written)])
        {
            Assert.True(Finds(record, wanted));
            Assert.NotEmpty(SearchTerms.Wanted(wanted));
            Assert.Subset(SearchTerms.Of(LedgerEntry.Describe("uk", record)).ToHashSet(), SearchTerms.Wanted(wanted).ToHashSet());
        }
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
