using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using EightByEight;

namespace Archiving.Archive;

/// <summary>What of 8x8's claims about an object was checked against its bytes.</summary>
public enum Verification
{
    /// <summary>The MD5 of the content.</summary>
    Md5,

    /// <summary>The MD5 over the MD5s of the content's parts.</summary>
    MultipartMd5,

    /// <summary>The size alone, because 8x8 gave no checksum that could be reckoned.</summary>
    Size,
}

/// <summary>Which of 8x8's claims the content contradicts.</summary>
public enum MismatchCause
{
    /// <summary>The response held more or fewer bytes than it announced.</summary>
    Length,

    /// <summary>The size in the record.</summary>
    Size,

    /// <summary>The MD5 in the record.</summary>
    Md5,

    /// <summary>The MD5 over parts in the record.</summary>
    MultipartMd5,
}

/// <summary>What was read, measured in the same pass.</summary>
/// <param name="Bytes">Size.</param>
/// <param name="Md5">MD5.</param>
/// <param name="Sha256">SHA-256, hex, lower case.</param>
public sealed record ContentDigest(long Bytes, ReadOnlyMemory<byte> Md5, string Sha256)
{
    /// <summary>The MD5 in hex, lower case.</summary>
    public string Md5Hex => Convert.ToHexStringLower(Md5.Span);

    /// <summary>Reads a stream to its end.</summary>
    public static async Task<ContentDigest> MeasureAsync(Stream stream, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(128 * 1024);
        try
        {
            var bytes = 0L;
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
            {
                md5.AppendData(buffer, 0, read);
                sha256.AppendData(buffer, 0, read);
                bytes += read;
            }

            return new ContentDigest(bytes, md5.GetHashAndReset(), Convert.ToHexStringLower(sha256.GetHashAndReset()));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

/// <summary>The outcome of a check.</summary>
/// <param name="Digest">What was read.</param>
/// <param name="Verification">What was checked; of no meaning when there is a mismatch.</param>
/// <param name="Mismatch">What of 8x8's claims the content contradicts; <see langword="null"/> when all is well.</param>
public sealed record VerifiedContent(ContentDigest Digest, Verification Verification, string? Mismatch)
{
    /// <summary>The mismatch in a word; of no meaning when there is none.</summary>
    public MismatchCause Cause { get; init; }
}

/// <summary>Measures content while it passes and holds it against what 8x8 claims of the object.</summary>
public sealed class ContentVerifier : IDisposable
{
    private readonly StorageObject _record;
    private readonly long? _announced;
    private readonly MultipartMd5? _multipart;
    private readonly IncrementalHash _md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
    private readonly IncrementalHash _sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _bytes;

    /// <summary>Starts a check.</summary>
    /// <param name="record">What 8x8 claims.</param>
    /// <param name="announced">The response's Content-Length, when it had one.</param>
    public ContentVerifier(StorageObject record, long? announced)
    {
        ArgumentNullException.ThrowIfNull(record);
        _record = record;
        _announced = announced;

        // Where the two differ, the size is wrong whatever the checksum says.
        _multipart = IsMd5(record) ? MultipartMd5.Start(record.Checksum, Math.Max(record.StoredBytes ?? 0, announced ?? 0)) : null;
    }

    /// <summary>Whether 8x8 names the MD5 of an object's content, and not one over parts.</summary>
    public static bool HasPlainMd5(StorageObject record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return IsMd5(record) && record.Checksum is { Length: 32 } checksum && checksum.All(char.IsAsciiHexDigit);
    }

    /// <summary>Takes in the next bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        _md5.AppendData(bytes);
        _sha256.AppendData(bytes);
        _multipart?.Append(bytes);
        _bytes += bytes.Length;
    }

    /// <summary>Ends the check.</summary>
    public VerifiedContent Finish()
    {
        var digest = new ContentDigest(_bytes, _md5.GetHashAndReset(), Convert.ToHexStringLower(_sha256.GetHashAndReset()));
        if (_announced is { } announced && announced != _bytes)
        {
            return Wrong(digest, MismatchCause.Length, string.Create(CultureInfo.InvariantCulture, $"the response announced {announced} bytes and held {_bytes}"));
        }

        if (_record.StoredBytes is { } stored && stored != _bytes)
        {
            return Wrong(digest, MismatchCause.Size, string.Create(CultureInfo.InvariantCulture, $"8x8 claims {stored} bytes and sends {_bytes}"));
        }

        if (HasPlainMd5(_record))
        {
            return string.Equals(_record.Checksum, digest.Md5Hex, StringComparison.OrdinalIgnoreCase)
                ? new VerifiedContent(digest, Verification.Md5, Mismatch: null)
                : Wrong(digest, MismatchCause.Md5, $"8x8 claims MD5 {_record.Checksum!.ToLowerInvariant()} and the content has {digest.Md5Hex}");
        }

        if (_multipart is null)
        {
            return new VerifiedContent(digest, Verification.Size, Mismatch: null);
        }

        if (_multipart.Matches())
        {
            return new VerifiedContent(digest, Verification.MultipartMd5, Mismatch: null);
        }

        // The part size is a guess unless there is one part: then a checksum that does not fit proves the content wrong.
        return _multipart.IsCertain
            ? Wrong(digest, MismatchCause.MultipartMd5, $"8x8 claims the multipart checksum {_record.Checksum} and the content (MD5 {digest.Md5Hex}) does not have it")
            : new VerifiedContent(digest, Verification.Size, Mismatch: null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _md5.Dispose();
        _sha256.Dispose();
        _multipart?.Dispose();
    }

    private static bool IsMd5(StorageObject record) => record.ChecksumType is null or "" || string.Equals(record.ChecksumType, "MD5", StringComparison.OrdinalIgnoreCase);

    private static VerifiedContent Wrong(ContentDigest digest, MismatchCause cause, string mismatch) => new(digest, Verification.Size, mismatch) { Cause = cause };
}

/// <summary>The names that receipts and the ledger use.</summary>
public static class VerificationNames
{
    /// <summary><c>md5</c>, <c>multipart-md5</c> or <c>size</c>.</summary>
    public static string ToName(this Verification verification) => verification switch
    {
        Verification.Md5 => "md5",
        Verification.MultipartMd5 => "multipart-md5",
        _ => "size",
    };
}
