using System.Security.Cryptography;
using Archiving.Archive;
using EightByEight;

namespace Archiving.Tests;

public sealed class ContentVerifierTests
{
    private const int Mebibyte = 1024 * 1024;
    private static readonly byte[] Bytes = Content(1000);

    [Fact]
    public void Takes_a_plain_md5_for_proof()
    {
        AssertVerified(Verification.Md5, Verify(Bytes, checksum: Md5(Bytes)));
        AssertVerified(Verification.Md5, Verify(Bytes, checksum: Md5(Bytes).ToUpperInvariant()));
        AssertVerified(Verification.Md5, Verify([], checksum: Md5([])));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    public void Takes_a_checksum_of_one_part_for_proof(int length)
    {
        var content = Content(length);

        AssertVerified(Verification.MultipartMd5, Verify(content, checksum: Multipart(content, length)));
    }

    [Theory]
    [InlineData(5, 12)]
    [InlineData(8, 17)]
    [InlineData(16, 33)]
    [InlineData(5, 10)]
    [InlineData(15, 31)]
    public void Finds_the_part_size(int partMebibytes, int mebibytes)
    {
        var content = Content((mebibytes * Mebibyte) + 3);

        AssertVerified(Verification.MultipartMd5, Verify(content, checksum: Multipart(content, partMebibytes * Mebibyte), chunk: 777_777));
    }

    [Fact]
    public void Relies_on_size_when_no_part_size_fits()
    {
        var content = Content(12 * Mebibyte);

        AssertVerified(Verification.Size, Verify(content, checksum: Multipart(content, (5 * Mebibyte) + 1)));
        AssertVerified(Verification.Size, Verify(Bytes, checksum: null));
        AssertVerified(Verification.Size, Verify(Bytes, checksum: "not a checksum"));
        AssertVerified(Verification.Size, Verify(Bytes, checksum: Md5(Bytes), checksumType: "CRC32"));
    }

    [Fact]
    public void Finds_every_single_flipped_bit()
    {
        for (var bit = 0; bit < 64; bit++)
        {
            var flipped = (byte[])Bytes.Clone();
            flipped[bit * 15] ^= (byte)(1 << (bit % 8));
            Assert.NotNull(Verify(flipped, checksum: Md5(Bytes)).Mismatch);
            Assert.NotNull(Verify(flipped, checksum: Multipart(Bytes, Bytes.Length)).Mismatch);
        }
    }

    [Theory]
    [InlineData(999L, null, "8x8 claims 999 bytes and sends 1000")]
    [InlineData(1001L, null, "8x8 claims 1001 bytes and sends 1000")]
    [InlineData(null, 1001L, "announced 1001 bytes and held 1000")]
    [InlineData(1000L, 999L, "announced 999 bytes and held 1000")]
    public void Finds_a_wrong_size(long? stored, long? announced, string expected)
    {
        var verified = Verify(Bytes, checksum: Md5(Bytes), stored: stored, hasStored: true, announced: announced);

        Assert.Contains(expected, verified.Mismatch, StringComparison.Ordinal);
    }

    [Fact]
    public void Measures_what_passed()
    {
        var digest = Verify(Bytes, checksum: null).Digest;

        Assert.Equal((1000L, Md5(Bytes), Convert.ToHexStringLower(SHA256.HashData(Bytes))), (digest.Bytes, digest.Md5Hex, digest.Sha256));
    }

    private static void AssertVerified(Verification expected, VerifiedContent actual)
    {
        Assert.Null(actual.Mismatch);
        Assert.Equal(expected, actual.Verification);
    }

    private static VerifiedContent Verify(byte[] content, string? checksum, long? stored = null, bool hasStored = false, long? announced = null, int chunk = 300, string checksumType = "MD5")
    {
        var record = StorageObject.Parse(BinaryData.FromObjectAsJson(new { id = "a", checksumType, checksum, storedBytes = hasStored ? stored : content.Length }));
        using var verifier = new ContentVerifier(record, announced);
        foreach (var part in content.Chunk(chunk))
        {
            verifier.Append(part);
        }

        return verifier.Finish();
    }

    private static byte[] Content(int length)
    {
        var content = new byte[length];
        new Simulator.Objects.GeneratedContent("", 11, length).Fill(content, 0);
        return content;
    }

    private static string Md5(byte[] content) => Convert.ToHexStringLower(MD5.HashData(content));

    private static string Multipart(byte[] content, int partSize)
    {
        var parts = content.Chunk(partSize).Select(MD5.HashData).ToList();
        return $"{Md5([.. parts.SelectMany(part => part)])}-{parts.Count}";
    }
}
