using System.Text.Json;

namespace EightByEight.Tests;

public sealed class ChecksumTests
{
    private const string Md5 = "27b75edcb0305a6a6a87d60a1e01f1a4";

    [Theory]
    [InlineData("27b75edcb0305a6a6a87d60a1e01f1a4")]
    [InlineData("27B75EDCB0305A6A6A87D60A1E01F1A4")]
    [InlineData(" 27b75edcb0305a6a6a87d60a1e01f1a4\n")]
    [InlineData("\"27b75edcb0305a6a6a87d60a1e01f1a4\"")]
    [InlineData("'27b75edcb0305a6a6a87d60a1e01f1a4'")]
    [InlineData("W/\"27b75edcb0305a6a6a87d60a1e01f1a4\"")]
    [InlineData("w/\"27B75EDCB0305A6A6A87D60A1E01F1A4\"")]
    [InlineData("&quot;27b75edcb0305a6a6a87d60a1e01f1a4&quot;")]
    [InlineData("md5:27b75edcb0305a6a6a87d60a1e01f1a4")]
    [InlineData("MD5: 27b75edcb0305a6a6a87d60a1e01f1a4")]
    [InlineData("md5=J7de3LAwWmpqh9YKHgHxpA==")]
    [InlineData("{MD5}J7de3LAwWmpqh9YKHgHxpA==")]
    [InlineData("\"md5:27b75edcb0305a6a6a87d60a1e01f1a4\"")]
    [InlineData("Content-MD5: J7de3LAwWmpqh9YKHgHxpA==")]
    [InlineData("J7de3LAwWmpqh9YKHgHxpA==")]
    [InlineData("\"J7de3LAwWmpqh9YKHgHxpA==\"")]
    [InlineData("J7de3LAwWmpqh9YKHgHxpA")]
    [InlineData("MjdiNzVlZGNiMDMwNWE2YTZhODdkNjBhMWUwMWYxYTQ=")]
    [InlineData("27-B7-5E-DC-B0-30-5A-6A-6A-87-D6-0A-1E-01-F1-A4")]
    [InlineData("27:b7:5e:dc:b0:30:5a:6a:6a:87:d6:0a:1e:01:f1:a4")]
    [InlineData("0x27b75edcb0305a6a6a87d60a1e01f1a4")]
    public void Checksum_reads_an_md5_in_every_form(string text)
    {
        Assert.Equal((ChecksumForm.Md5, Md5), Read(text));
    }

    [Fact]
    public void Checksum_reads_base64_of_both_alphabets()
    {
        var bytes = Enumerable.Repeat((byte)0xFB, 16).ToArray();
        var expected = (ChecksumForm.Md5, Convert.ToHexStringLower(bytes));

        Assert.Equal(expected, Read(Convert.ToBase64String(bytes)));
        Assert.Equal(expected, Read(System.Buffers.Text.Base64Url.EncodeToString(bytes)));
    }

    [Theory]
    [InlineData("27b75edcb0305a6a6a87d60a1e01f1a4-1", 1)]
    [InlineData("27B75EDCB0305A6A6A87D60A1E01F1A4-12", 12)]
    [InlineData("\"27b75edcb0305a6a6a87d60a1e01f1a4-3\"", 3)]
    [InlineData("W/\"27b75edcb0305a6a6a87d60a1e01f1a4-3\"", 3)]
    [InlineData("&quot;27b75edcb0305a6a6a87d60a1e01f1a4-3&quot;", 3)]
    [InlineData("md5:27b75edcb0305a6a6a87d60a1e01f1a4-10000", 10_000)]
    [InlineData("27b75edcb0305a6a6a87d60a1e01f1a4-007", 7)]
    public void Checksum_reads_a_checksum_of_parts_in_every_form(string text, int parts)
    {
        Assert.Equal((ChecksumForm.MultipartMd5, $"{Md5}-{parts}"), Read(text));
    }

    [Theory]
    [InlineData("27b75edcb0305a6a6a87d60a1e01f1a4-0")]
    [InlineData("27b75edcb0305a6a6a87d60a1e01f1a4-10001")]
    [InlineData("27b75edcb0305a6a6a87d60a1e01f1a")]
    [InlineData("27b75edcb0305a6a6a87d60a1e01f1ag")]
    [InlineData("2jmj7l5rSw0yVb/vlWAYkK/YBwk=")]
    [InlineData("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")]
    [InlineData("crc32c:AAAAAA==")]
    [InlineData("sha256:27b75edcb0305a6a6a87d60a1e01f1a4")]
    [InlineData("N/A")]
    [InlineData("\"\"")]
    [InlineData("W/")]
    public void Checksum_keeps_what_it_does_not_understand(string text)
    {
        Assert.Equal((ChecksumForm.Unknown, text), Read(text));
    }

    [Theory]
    [InlineData(null, ChecksumForm.Md5)]
    [InlineData("", ChecksumForm.Md5)]
    [InlineData("md5", ChecksumForm.Md5)]
    [InlineData("MD-5", ChecksumForm.Md5)]
    [InlineData("Content-MD5", ChecksumForm.Md5)]
    [InlineData("ETag", ChecksumForm.Unknown)]
    [InlineData("SHA256", ChecksumForm.Unknown)]
    [InlineData("MD4", ChecksumForm.Unknown)]
    public void Checksum_is_of_the_algorithm_that_is_named(string? type, ChecksumForm form)
    {
        Assert.Equal((form, form == ChecksumForm.Md5 ? Md5 : Md5.ToUpperInvariant()), Read(Md5.ToUpperInvariant(), type));
    }

    [Fact]
    public void Checksum_is_none_when_none_is_given()
    {
        Assert.Equal((ChecksumForm.None, null), Read(null));
        Assert.Equal((ChecksumForm.None, null), Read(""));
        Assert.Equal((ChecksumForm.None, null), Read("  "));
    }

    [Fact]
    public void Checksum_finds_the_algorithm_wherever_it_stands_in_the_record()
    {
        var record = StorageObject.Parse(BinaryData.FromString($$"""{"id":"a","checksum":"J7de3LAwWmpqh9YKHgHxpA==","checksumType":"MD5"}"""));

        Assert.Equal((ChecksumForm.Md5, Md5), (record.ChecksumForm, record.Checksum));
        Assert.Contains("J7de3LAwWmpqh9YKHgHxpA==", record.Json.ToString(), StringComparison.Ordinal);
    }

    private static (ChecksumForm Form, string? Text) Read(string? checksum, string? type = "MD5")
    {
        var record = StorageObject.Parse(BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(new { id = "a", checksumType = type, checksum })));
        return (record.ChecksumForm, record.Checksum);
    }
}
