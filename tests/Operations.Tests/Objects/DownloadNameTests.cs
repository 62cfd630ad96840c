using System.Text;
using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Settings;
using EightByEight;
using Microsoft.Extensions.Configuration;
using Operations.Objects;

namespace Operations.Tests;

/// <summary>Names of downloaded files: readable, and valid on every system whatever a record holds.</summary>
public sealed class DownloadNameTests
{
    [Fact]
    public void Name_says_when_and_who_of_a_Work_call()
    {
        var record = Record(
            "Whatever.mp3",
            ("direction", "inbound"), ("userName", "Maria Chen"), ("address", "+1 (408) 555-0100"));

        Assert.Equal("2026-01-02 0304 inbound Maria Chen +1 (408) 555-0100.mp3", Name(NameTemplate.Default, record));
    }

    [Theory]
    [InlineData("inbound", "+44 20 7946 0018")]
    [InlineData("Outbound", "+1 408 555 0111")]
    public void Name_gives_the_number_outside_the_account_of_a_Contact_Center_interaction(string direction, string number)
    {
        var record = Record(
            "Whatever.mp3",
            ("direction", direction), ("agentName", "Tom Becker"), ("callerId", "+44 20 7946 0018"), ("calleeId", "+1 408 555 0111"));

        Assert.Equal($"2026-01-02 0304 {direction} Tom Becker {number}.mp3", Name(NameTemplate.Default, record));
    }

    [Theory]
    [InlineData("{direction} {person} {number}{ext}", "Maria Chen.mp3")]
    [InlineData("{createdTime:yyyy} - {direction} - {person}{ext}", "2026 - Maria Chen.mp3")]
    [InlineData("{createdTime:yyyy}_{direction}_{number}_{person}{ext}", "2026_Maria Chen.mp3")]
    [InlineData("{person} ({number}){ext}", "Maria Chen.mp3")]
    [InlineData("{person} ({callId}, {queue}){ext}", "Maria Chen (call-1).mp3")]
    [InlineData("{person} ({number}, {queue}) [{callId}]{ext}", "Maria Chen [call-1].mp3")]
    [InlineData("{person}-{callId}", "Maria Chen-call-1")]
    [InlineData("{USERNAME} {unheardOf}{EXT}", "Maria Chen.mp3")]
    [InlineData("{objectName}{ext}", "Board.mp3")]
    [InlineData("call {number}", "call")]
    [InlineData("{number}{queue}{ext}", "id-1.mp3")]
    [InlineData("{region} {type} {id} {userId} {updatedTime:HHmmss}{ext}", "uk voicemail id-1 u-7.mp3")]
    public void Name_leaves_out_what_is_missing_with_its_separators(string template, string expected)
    {
        var record = Record("Board.mp3", ("userName", "Maria Chen"), ("callId", "call-1"), ("queueName", "  "));

        Assert.Equal(expected, Name(template, record));
    }

    [Theory]
    [InlineData("../../../etc/passwd", "_.._.._etc_passwd.mp3")]
    [InlineData("..", "id-1.mp3")]
    [InlineData(". .", "id-1.mp3")]
    [InlineData("C:\\Windows\\System32", "C__Windows_System32.mp3")]
    [InlineData("<img src=x onerror=alert(1)>", "_img src=x onerror=alert(1)_.mp3")]
    [InlineData("a\u0000b\u0007c\r\nd\te", "abc d e.mp3")]
    [InlineData("invoice\u202Egpj.exe", "invoicegpj.exe.mp3")]
    [InlineData("\u200E\uFEFF \u2066x\u2069", "x.mp3")]
    [InlineData("trailing. . ", "trailing.mp3")]
    [InlineData("-rf", "rf.mp3")]
    [InlineData("nul", "_nul.mp3")]
    [InlineData("COM1.tar", "_COM1.tar.mp3")]
    [InlineData("lpt² .x", "_lpt² .x.mp3")]
    [InlineData("console", "console.mp3")]
    [InlineData("100% \"sure\" ?*|", "100% _sure_ ___.mp3")]
    [InlineData("Überprüfung – 会議 😀", "Überprüfung – 会議 😀.mp3")]
    [InlineData("\uE000\uFFFF\uFFFD", "id-1.mp3")]
    public void Name_is_valid_on_every_system(string objectName, string expected)
    {
        Assert.Equal(expected, Names("{objectName}{ext}").Of("uk", Record(objectName), "uk/voicemail/2026/01/02/id-1.mp3"));
    }

    [Fact]
    public void Name_is_valid_when_neither_record_nor_id_gives_any()
    {
        var record = StorageObject.Parse(BinaryData.FromObjectAsJson(new { id = "...", createdTime = "2026-01-02T03:04:05", mimeType = "audio/mpeg" }));

        Assert.Equal("object.mp3", Name("{person}{ext}", record));
    }

    [Theory]
    [InlineData("n")]
    [InlineData("会")]
    [InlineData("😀")]
    public void Name_ends_within_the_limits_of_file_systems(string character)
    {
        var name = Name("{objectName}{ext}", Record(string.Concat(Enumerable.Repeat(character, 1000))));

        Assert.EndsWith(".mp3", name, StringComparison.Ordinal);
        Assert.InRange(Encoding.UTF8.GetByteCount(name), DownloadName.MaxBytes - 4, DownloadName.MaxBytes);
        Assert.Equal(name, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(name)));
    }

    [Fact]
    public void Name_is_valid_whatever_random_text_it_is_made_of()
    {
        var random = new Random(8888);
        const string Characters = "abé会.. -_/\\:*?\"<>|\0\r\n\t\u202E\u200D\uD83D\uDE00()[]{}%'";
        foreach (var template in (string[])[NameTemplate.Default, "{objectName}{ext}", "{person} ({number}) - {queue}", "[{objectName}]_{person}{ext}"])
        {
            for (var round = 0; round < 500; round++)
            {
                string Text() => string.Concat(Enumerable.Range(0, random.Next(300)).Select(_ => Characters[random.Next(Characters.Length)]));
                var name = Name(template, Record(Text(), ("userName", Text()), ("address", Text()), ("queueName", Text())));

                Assert.InRange(Encoding.UTF8.GetByteCount(name), 1, DownloadName.MaxBytes);
                Assert.DoesNotContain(name, character => character < ' ' || "<>:\"/\\|?*\u202E\u200D".Contains(character));
                Assert.False(name[0] is '.' or ' ' or '-' || name[^1] is '.' or ' ', name);
                Assert.Equal(name, Path.GetFileName(name));
            }
        }
    }

    [Theory]
    [InlineData("id-1.mp3", ".mp3")]
    [InlineData("id-1.0123abcd.mp3", ".mp3")]
    [InlineData("id-1.0123abcd", "")]
    [InlineData("id-1", "")]
    public void Name_has_the_extension_of_the_blob(string blob, string extension)
    {
        Assert.Equal($"Board{extension}", Names("{objectName}{ext}").Of("uk", Record("Board"), $"uk/voicemail/2026/01/02/{blob}"));
    }

    [Fact]
    public void Name_takes_no_part_of_an_id_for_an_extension()
    {
        var record = StorageObject.Parse(BinaryData.FromObjectAsJson(new { id = "a.wav", createdTime = "2026-01-02T03:04:05" }));

        Assert.Equal("a.wav", Name("{person}{ext}", record));
    }

    [Fact]
    public void Name_is_of_the_row_when_there_is_no_receipt()
    {
        var entry = LedgerEntry.Describe("uk", Record("Board.mp3", ("agentName", "Tom Becker"), ("queueName", "Sales")));

        Assert.Equal("2026-01-02 0304 Tom Becker Sales.mp3", Names("{createdTime} {person} {queue}{ext}").Of(entry, "uk/voicemail/2026/01/02/id-1.mp3"));
    }

    [Fact]
    public void Content_disposition_carries_a_name_in_both_forms()
    {
        Assert.Equal(
            "attachment; filename=\"__ 100_ a.mp3\"; filename*=UTF-8''%C3%BC%F0%9F%98%80%20100%25%20a.mp3",
            DownloadName.ToContentDisposition("attachment", "ü😀 100% a.mp3"));
    }

    private static string Name(string template, StorageObject record) => Names(template).Of("uk", record, ArchiveLayout.ContentName("uk", record));

    private static DownloadName Names(string template)
    {
        var all = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase)
        {
            ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
            ["EightByEight:Key"] = "key",
            ["EightByEight:Secret"] = "secret",
            ["Archive:DownloadName"] = template,
        };
        Schedules.AddTo(all);
        return new DownloadName(ArchiverOptions.Read(new ConfigurationBuilder().AddInMemoryCollection(all).Build()));
    }

    private static StorageObject Record(string objectName, params (string Key, string Value)[] tags) => StorageObject.Parse(BinaryData.FromObjectAsJson(new
    {
        id = "id-1",
        type = "voicemail",
        objectName,
        mimeType = "audio/mpeg",
        userId = "u-7",
        createdTime = "2026-01-02T03:04:05",
        tags = tags.Select(tag => new { key = tag.Key, value = tag.Value }),
    }));
}
