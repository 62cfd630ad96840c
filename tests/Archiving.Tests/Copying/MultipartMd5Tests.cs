using System.Security.Cryptography;
using Archiving.Copying;

namespace Archiving.Tests;

public sealed class MultipartMd5Tests
{
    private const int Mebibyte = 1024 * 1024;
    private const string Md5 = "0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public void Multipart_md5_is_calculated_of_one_part_of_any_size(int length)
    {
        var content = ContentVerifierTests.Content(length);

        Assert.True(Matches(content, Checksum(content, Mebibyte)));
        Assert.True(Matches(content, Checksum(content, Mebibyte).ToUpperInvariant()));
        Assert.False(Matches([.. content, 0], Checksum(content, Mebibyte)));
    }

    [Theory]
    [InlineData(5, 10, 0)]
    [InlineData(5, 10, 1)]
    [InlineData(5, 12, 3)]
    [InlineData(8, 16, 0)]
    [InlineData(8, 17, 3)]
    [InlineData(15, 31, 3)]
    [InlineData(16, 33, 3)]
    public void Multipart_md5_finds_the_part_size(int partMebibytes, int mebibytes, int more)
    {
        var content = ContentVerifierTests.Content((mebibytes * Mebibyte) + more);
        var checksum = Checksum(content, partMebibytes * Mebibyte);

        Assert.True(Matches(content, checksum));
        content[^1] ^= 1;
        Assert.False(Matches(content, checksum));
    }

    [Fact]
    public void Multipart_md5_is_certain_of_one_part_alone()
    {
        Assert.True(Start($"{Md5}-1", 6 * Mebibyte).IsCertain);
        Assert.False(Start($"{Md5}-2", 6 * Mebibyte).IsCertain);
    }

    [Fact]
    public void Multipart_md5_does_not_match_content_of_fewer_parts_than_claimed()
    {
        var content = ContentVerifierTests.Content(10 * Mebibyte);
        var claim = Checksum(content, 5 * Mebibyte).Replace("-2", "-3", StringComparison.Ordinal);

        Assert.False(Matches(content, claim, length: 15 * Mebibyte));
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData("", 0)]
    [InlineData(Md5, 0)]
    [InlineData($"{Md5}-", 0)]
    [InlineData($"{Md5}-0", 0)]
    [InlineData($"{Md5}--1", 0)]
    [InlineData($"{Md5}-+1", 0)]
    [InlineData($"{Md5}- 1", 0)]
    [InlineData($"{Md5}-1 ", 0)]
    [InlineData($"{Md5}-x", 0)]
    [InlineData($"{Md5}_1", 0)]
    [InlineData("0123456789abcdef0123456789abcdeg-1", 0)]
    [InlineData("0123456789abcdef0123456789abcde-11", 0)]
    [InlineData($"{Md5}-10001", 10_001)]
    public void Multipart_md5_is_not_calculated_for_another_kind_of_checksum(string? checksum, long partsOfFiveMebibytes)
    {
        using var hash = MultipartMd5.Start(checksum, partsOfFiveMebibytes * 5 * Mebibyte);

        Assert.Null(hash);
    }

    [Fact]
    public void Multipart_md5_is_calculated_of_as_many_parts_as_S3_allows()
    {
        using var hash = Start($"{Md5}-10000", 10_000L * 5 * Mebibyte);

        Assert.False(hash.Matches());
    }

    [Fact]
    public void Multipart_md5_is_not_calculated_when_no_usual_part_size_gives_that_many_parts()
    {
        using var hash = MultipartMd5.Start($"{Md5}-3", 10 * Mebibyte);

        Assert.Null(hash);
    }

    /// <summary>What S3 says of content that was uploaded in parts of a size.</summary>
    internal static string Checksum(byte[] content, int partSize)
    {
        var parts = content.Length == 0 ? [content] : content.Chunk(partSize).ToList();
        return $"{Convert.ToHexStringLower(MD5.HashData([.. parts.SelectMany(MD5.HashData)]))}-{parts.Count}";
    }

    private static bool Matches(byte[] content, string checksum, long? length = null)
    {
        using var hash = Start(checksum, length ?? content.Length);
        foreach (var part in content.Chunk(777_777))
        {
            hash.Append(part);
        }

        return hash.Matches();
    }

    private static MultipartMd5 Start(string checksum, long length)
    {
        var hash = MultipartMd5.Start(checksum, length);
        Assert.NotNull(hash);
        return hash;
    }
}
