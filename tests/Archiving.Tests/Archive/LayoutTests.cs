using Archiving.Archive;
using Archiving.Model;
using EightByEight;

namespace Archiving.Tests;

public sealed class LayoutTests
{
    [Theory]
    [InlineData("call.mp3", "audio/mpeg", ".mp3")]
    [InlineData("Meeting.MP4", "video/mp4", ".mp4")]
    [InlineData("no extension", "audio/wav", ".wav")]
    [InlineData("int_2022-11-01T21:22:22", "audio/mpeg", ".mp3")]
    [InlineData("archive.tar.gz", "application/gzip", ".gz")]
    [InlineData("dot.", "application/json", ".json")]
    [InlineData("too.longext", "text/plain", ".txt")]
    [InlineData("odd.m p3", "audio/mpeg", ".mp3")]
    [InlineData("odd.mp3/", "audio/mpeg", ".mp3")]
    [InlineData("a.12345", "x/y", ".12345")]
    [InlineData("nothing", "x/y", "")]
    [InlineData("", "application/json; charset=utf-8", ".json")]
    public void Takes_the_extension_of_the_name_or_else_of_the_type(string objectName, string mimeType, string extension)
    {
        Assert.Equal($"uk/voicemail/2026/01/02/id{extension}", ArchiveLayout.ContentName("uk", Record("id", objectName, mimeType)));
    }

    [Theory]
    [InlineData("a.", "a%2E")]
    [InlineData("...", "..%2E")]
    [InlineData("a..", "a.%2E")]
    [InlineData("a%2E", "a%252E")]
    [InlineData("a/.", "a%2F%2E")]
    public void Never_ends_a_name_in_a_dot_that_azure_would_drop(string id, string name)
    {
        Assert.Equal($"uk/voicemail/2026/01/02/{name}", ArchiveLayout.ContentName("uk", Record(id, "nothing", "x/y")));
        Assert.Equal($"uk/voicemail/2026/01/02/{id.Replace("%", "%25", StringComparison.Ordinal).Replace("/", "%2F", StringComparison.Ordinal)}.mp3", ArchiveLayout.ContentName("uk", Record(id, "call.mp3", "x/y")));
    }

    [Fact]
    public void Files_by_the_day_of_creation_in_utc()
    {
        var record = StorageObject.Parse(BinaryData.FromString("""{"id":"a","type":"meeting","createdTime":"2026-01-01T23:59:59","updatedTime":"2026-02-01T00:00:00"}"""));

        Assert.Equal("us-east/meeting/2026/01/01/a", ArchiveLayout.ContentName("us-east", record));
    }

    [Theory]
    [InlineData("0e6e8e4c-6c4f", "0e6e8e4c-6c4f")]
    [InlineData("FKC4RF6OXNMGGUW4----", "FKC4RF6OXNMGGUW4----")]
    [InlineData(".", "%2E")]
    [InlineData("..", "%2E%2E")]
    [InlineData("...", "...")]
    [InlineData("../../etc", "..%2F..%2Fetc")]
    [InlineData("a b+c", "a%20b%2Bc")]
    [InlineData("100%", "100%25")]
    [InlineData("tab\tnull\0", "tab%09null%00")]
    [InlineData("é", "%C3%A9")]
    [InlineData("会", "%E4%BC%9A")]
    [InlineData("😀", "%F0%9F%98%80")]
    [InlineData("a\\b?c#d|e~f", "a%5Cb%3Fc%23d%7Ce%7Ef")]
    public void Encodes_whatever_an_id_holds(string id, string expected)
    {
        Assert.Equal(expected, ObjectNames.Encode(id));
    }

    [Fact]
    public void Keeps_long_names_apart_within_the_limits_of_storage()
    {
        var one = ObjectNames.Encode(new string('会', 500) + "1");
        var other = ObjectNames.Encode(new string('会', 500) + "2");

        Assert.NotEqual(one, other);
        Assert.InRange(one.Length, 1, 300);
    }

    [Theory]
    [InlineData("call.mp3", "attachment; filename*=UTF-8''call.mp3")]
    [InlineData("a\r\nX-Injected: b", "attachment; filename*=UTF-8''aX-Injected%3A%20b")]
    [InlineData("\"quoted\"; ü", "attachment; filename*=UTF-8''%22quoted%22%3B%20%C3%BC")]
    [InlineData("", "attachment; filename*=UTF-8''id")]
    public void Carries_the_original_name_as_a_header_that_cannot_break_out(string objectName, string expected)
    {
        Assert.Equal(expected, ArchiveLayout.ContentDisposition(Record("id", objectName, "audio/mpeg")));
    }

    [Theory]
    [InlineData("audio/mpeg", "audio/mpeg")]
    [InlineData("application/json; charset=utf-8", "application/json; charset=utf-8")]
    [InlineData("not a type", "application/octet-stream")]
    [InlineData("audio/mpeg\r\nX: y", "application/octet-stream")]
    [InlineData("", "application/octet-stream")]
    public void Carries_the_type_when_it_is_one(string mimeType, string expected)
    {
        Assert.Equal(expected, ArchiveLayout.ContentType(Record("id", "n", mimeType)));
    }

    [Fact]
    public void Puts_later_content_beside_the_old()
    {
        Assert.Equal("uk/voicemail/2026/01/02/id.27b75edc.mp3", ArchiveLayout.LaterContentName("uk", Record("id", "a.mp3", "audio/mpeg"), "27b75edcb0305a6a6a87d60a1e01f1a4"));
    }

    private static StorageObject Record(string id, string objectName, string mimeType) => StorageObject.Parse(BinaryData.FromObjectAsJson(new { id, type = "voicemail", objectName, mimeType, createdTime = "2026-01-02T03:04:05" }));
}
