using System.Globalization;
using System.Security.Cryptography;
using Archiving.Archive;
using Archiving.Model;
using EightByEight;

namespace Archiving.Copying;

/// <summary>The outcome of a check.</summary>
/// <param name="Digest">What was read.</param>
/// <param name="Verification">What was checked; of no meaning when there is a mismatch.</param>
/// <param name="Mismatch">What of 8x8's claims the content contradicts; <see langword="null"/> when all is well.</param>
public sealed record VerifiedContent(ContentDigest Digest, Verification Verification, string? Mismatch)
{
    /// <summary>The mismatch or contradiction in a word; of no meaning when there is none.</summary>
    public MismatchCause Cause { get; init; }

    /// <summary>Whether it was decoded, because it came coded (Content-Encoding).</summary>
    public bool WasDecoded { get; init; }

    /// <summary>What of 8x8's claims the content contradicts though its checksum proves it; <see langword="null"/> when nothing.</summary>
    public string? Contradiction { get; init; }
}

/// <summary>Measures content while it passes and holds it against what 8x8 claims of the object.</summary>
public sealed class ContentVerifier : IDisposable
{
    private readonly StorageObject _record;
    private readonly long? _announced;
    private readonly string? _contentType;
    private readonly byte[] _beginning = new byte[ContentPlausibility.Beginning];
    private readonly MultipartMd5? _multipart;
    private readonly IncrementalHash _md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
    private readonly IncrementalHash _sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _bytes;

    /// <summary>Starts a check.</summary>
    /// <param name="record">What 8x8 claims.</param>
    /// <param name="announced">The response's Content-Length, when it had one.</param>
    /// <param name="contentType">The response's Content-Type, when it had one.</param>
    public ContentVerifier(StorageObject record, long? announced, string? contentType = null)
    {
        ArgumentNullException.ThrowIfNull(record);
        _record = record;
        _announced = announced;
        _contentType = contentType;

        // Where the two differ, the size is wrong even if the checksum matches.
        _multipart = record.ChecksumForm == ChecksumForm.MultipartMd5
            ? MultipartMd5.Start(record.Checksum, Math.Max(record.StoredBytes ?? 0, announced ?? 0))
            : null;
    }

    /// <summary>Takes in the next bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        _md5.AppendData(bytes);
        _sha256.AppendData(bytes);
        _multipart?.Append(bytes);
        if (_bytes < _beginning.Length)
        {
            bytes[..(int)Math.Min(bytes.Length, _beginning.Length - _bytes)].CopyTo(_beginning.AsSpan((int)_bytes));
        }

        _bytes += bytes.Length;
    }

    /// <summary>Ends the check.</summary>
    public VerifiedContent Finish()
    {
        var digest = new ContentDigest(_bytes, _md5.GetHashAndReset(), Convert.ToHexStringLower(_sha256.GetHashAndReset()));
        if (_announced is { } announced && announced != _bytes)
        {
            return Wrong(
                digest,
                MismatchCause.Length,
                string.Create(CultureInfo.InvariantCulture, $"the response announced {announced} bytes and held {_bytes}"));
        }

        var size = _record.StoredBytes is { } stored && stored != _bytes
            ? string.Create(CultureInfo.InvariantCulture, $"8x8 claims {stored} bytes and sends {_bytes}")
            : null;
        var hasPlainMd5 = _record.ChecksumForm == ChecksumForm.Md5;
        if (hasPlainMd5 && _record.Checksum == digest.Md5Hex)
        {
            // The MD5 proves the content, whatever is claimed of its size.
            return new VerifiedContent(digest, Verification.Md5, Mismatch: null) { Contradiction = size, Cause = MismatchCause.Size };
        }

        if (size is not null)
        {
            return Wrong(digest, MismatchCause.Size, size);
        }

        if (hasPlainMd5)
        {
            return Wrong(digest, MismatchCause.Md5, $"8x8 claims MD5 {_record.Checksum} and the content has {digest.Md5Hex}");
        }

        if (_multipart is null)
        {
            return Unproven(digest);
        }

        if (_multipart.Matches())
        {
            return new VerifiedContent(digest, Verification.MultipartMd5, Mismatch: null);
        }

        // The part size is a guess unless there is one part: then a checksum that does not fit proves the content wrong.
        return _multipart.IsCertain
            ? Wrong(
                digest,
                MismatchCause.MultipartMd5,
                $"8x8 claims the multipart checksum {_record.Checksum} and the content (MD5 {digest.Md5Hex}) does not have it")
            : Unproven(digest);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _md5.Dispose();
        _sha256.Dispose();
        _multipart?.Dispose();
    }

    private VerifiedContent Unproven(ContentDigest digest)
    {
        // A size that fits proves little: an error can have it by chance. It proves that empty content is meant to be empty.
        var beginning = _beginning.AsSpan(0, (int)Math.Min(_bytes, _beginning.Length));
        if (_record.StoredBytes != 0 && ContentPlausibility.FindProblem(_record, _contentType, beginning) is { } problem)
        {
            return Wrong(digest, MismatchCause.Implausible, problem);
        }

        return new VerifiedContent(digest, _record.StoredBytes is null ? Verification.None : Verification.Size, Mismatch: null);
    }

    private static VerifiedContent Wrong(ContentDigest digest, MismatchCause cause, string mismatch) =>
        new(digest, Verification.Size, mismatch) { Cause = cause };
}
