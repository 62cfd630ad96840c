using System.Security.Cryptography;
using Archiving.Archive;
using Archiving.Copying;
using Archiving.Model;
using EightByEight;

namespace Archiving.Tests;

public sealed class ContentVerifierTests
{
    private const int Mebibyte = 1024 * 1024;
    private static readonly byte[] Bytes = Content(1000);

    [Fact]
    public void Verifier_takes_a_plain_md5_for_proof()
    {
        AssertVerified(Verification.Md5, Verify(Bytes, checksum: Md5(Bytes)));
        AssertVerified(Verification.Md5, Verify(Bytes, checksum: Md5(Bytes).ToUpperInvariant()));
        AssertVerified(Verification.Md5, Verify([], checksum: Md5([])));
    }

    [Theory]
    [InlineData("md5")]
    [InlineData("")]
    [InlineData(null)]
    public void Verifier_takes_a_checksum_of_no_named_kind_for_md5(string? checksumType)
    {
        AssertVerified(Verification.Md5, Verify(Bytes, checksum: Md5(Bytes), checksumType: checksumType));
        AssertVerified(Verification.MultipartMd5, Verify(Bytes, checksum: MultipartMd5Tests.Checksum(Bytes, 1000), checksumType: checksumType));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    public void Verifier_takes_a_checksum_of_one_part_for_proof(int length)
    {
        var content = Content(length);

        AssertVerified(Verification.MultipartMd5, Verify(content, checksum: MultipartMd5Tests.Checksum(content, length)));
    }

    [Fact]
    public void Verifier_calculates_parts_by_the_size_in_the_record_or_else_the_announced_one()
    {
        var content = Content(12 * Mebibyte);
        var checksum = MultipartMd5Tests.Checksum(content, 5 * Mebibyte);

        AssertVerified(Verification.MultipartMd5, Verify(content, checksum));
        AssertVerified(Verification.MultipartMd5, Verify(content, checksum, hasStored: true, announced: content.Length));
        AssertVerified(Verification.None, Verify(content, checksum, hasStored: true));
        AssertVerified(Verification.MultipartMd5, Verify(Bytes, checksum: MultipartMd5Tests.Checksum(Bytes, Mebibyte), hasStored: true));
    }

    [Fact]
    public void Verifier_relies_on_size_when_no_part_size_fits()
    {
        var content = Content(12 * Mebibyte);

        AssertVerified(Verification.Size, Verify(content, checksum: MultipartMd5Tests.Checksum(content, (5 * Mebibyte) + 1)));
        AssertVerified(Verification.Size, Verify(Bytes, checksum: null));
        AssertVerified(Verification.Size, Verify(Bytes, checksum: "not a checksum"));
        AssertVerified(Verification.Size, Verify(Bytes, checksum: Md5(Bytes), checksumType: "CRC32"));
        AssertVerified(Verification.Size, Verify(Bytes, checksum: MultipartMd5Tests.Checksum(Bytes, Mebibyte), checksumType: "CRC32"));
    }

    [Fact]
    public void Verifier_finds_every_single_flipped_bit()
    {
        for (var bit = 0; bit < 64; bit++)
        {
            var flipped = (byte[])Bytes.Clone();
            flipped[bit * 15] ^= (byte)(1 << (bit % 8));
            Assert.NotNull(Verify(flipped, checksum: Md5(Bytes)).Mismatch);
            Assert.NotNull(Verify(flipped, checksum: MultipartMd5Tests.Checksum(Bytes, Bytes.Length)).Mismatch);
        }
    }

    [Theory]
    [InlineData(999L, null, "8x8 claims 999 bytes and sends 1000")]
    [InlineData(1001L, null, "8x8 claims 1001 bytes and sends 1000")]
    [InlineData(null, 1001L, "the response announced 1001 bytes and held 1000")]
    [InlineData(1000L, 999L, "the response announced 999 bytes and held 1000")]
    public void Verifier_finds_a_wrong_size(long? stored, long? announced, string expected)
    {
        var verified = Verify(Bytes, checksum: null, stored: stored, hasStored: true, announced: announced);

        Assert.Equal(expected, verified.Mismatch);
    }

    [Fact]
    public void Plain_md5_that_fits_outweighs_a_size_that_does_not()
    {
        var verified = Verify(Bytes, checksum: Md5(Bytes), stored: 999, hasStored: true);

        AssertVerified(Verification.Md5, verified);
        Assert.Equal((MismatchCause.Size, "8x8 claims 999 bytes and sends 1000"), (verified.Cause, verified.Contradiction));
    }

    [Fact]
    public void Content_of_which_nothing_is_claimed_is_not_verified() => AssertVerified(Verification.None, Verify(Bytes, checksum: null, hasStored: true));

    [Fact]
    public void Verifier_says_which_checksum_the_content_contradicts()
    {
        var claim = Md5([]);
        Assert.Equal($"8x8 claims MD5 {claim} and the content has {Md5(Bytes)}", Verify(Bytes, checksum: claim.ToUpperInvariant()).Mismatch);
        Assert.Equal(
            $"8x8 claims the multipart checksum {claim}-1 and the content (MD5 {Md5(Bytes)}) does not have it",
            Verify(Bytes, checksum: $"{claim}-1").Mismatch);
    }

    [Fact]
    public void Digest_measures_the_bytes_that_passed()
    {
        var digest = Verify(Bytes, checksum: null).Digest;

        Assert.Equal((1000L, Md5(Bytes), Convert.ToHexStringLower(SHA256.HashData(Bytes))), (digest.Bytes, digest.Md5Hex, digest.Sha256));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(300_000)]
    public async Task Digest_measures_a_stream(int length)
    {
        var content = Content(length);

        var digest = await ContentDigest.MeasureAsync(new MemoryStream(content), TestContext.Current.CancellationToken);

        Assert.Equal((length, Md5(content), Convert.ToHexStringLower(SHA256.HashData(content))), (digest.Bytes, digest.Md5Hex, digest.Sha256));
    }

    [Theory]
    [InlineData(Verification.Md5, "md5")]
    [InlineData(Verification.MultipartMd5, "multipart-md5")]
    [InlineData(Verification.Size, "size")]
    [InlineData(Verification.None, "none")]
    public void Verification_has_the_name_that_receipts_use(Verification verification, string expected) => Assert.Equal(expected, verification.ToName());

    private static void AssertVerified(Verification expected, VerifiedContent actual)
    {
        Assert.Null(actual.Mismatch);
        Assert.Equal(expected, actual.Verification);
    }

    private static VerifiedContent Verify(
        byte[] content,
        string? checksum,
        long? stored = null,
        bool hasStored = false,
        long? announced = null,
        int chunk = 300,
        string? checksumType = "MD5")
    {
        using var verifier = new ContentVerifier(Record(checksum, checksumType, hasStored ? stored : content.Length), announced);
        foreach (var part in content.Chunk(chunk))
        {
            verifier.Append(part);
        }

        return verifier.Finish();
    }

    private static StorageObject Record(string? checksum, string? checksumType, long? storedBytes) =>
        StorageObject.Parse(BinaryData.FromObjectAsJson(new { id = "a", checksumType, checksum, storedBytes }));

    internal static byte[] Content(int length)
    {
        var content = new byte[length];
        new Simulator.Objects.GeneratedContent("", 11, length).Fill(content, 0);
        return content;
    }

    private static string Md5(byte[] content) => Convert.ToHexStringLower(MD5.HashData(content));
}
