using System.Globalization;
using System.Security.Cryptography;

namespace Archiving.Copying;

/// <summary>
/// The checksum that S3 gives to an object stored in parts, <c>&lt;md5&gt;-&lt;n&gt;</c>: the MD5 of the parts' MD5s one
/// after the other, and the number of parts. The part size is not known, so every common one that gives n parts is
/// calculated in the same pass over the content.
/// </summary>
public sealed class MultipartMd5 : IDisposable
{
    private const long Mebibyte = 1024 * 1024;

    private readonly string _claim;
    private readonly int _parts;
    private readonly List<Candidate> _candidates;

    private MultipartMd5(string claim, int parts, IEnumerable<long> partSizes)
    {
        _claim = claim;
        _parts = parts;
        _candidates = [.. partSizes.Select(size => new Candidate(size))];
    }

    private static IEnumerable<long> UsualPartSizes =>
        new long[] { 5, 6, 7, 8, 10, 12, 15, 16, 20, 24, 25, 30, 32, 40, 48, 50, 64, 75, 80, 96, 100, 128, 150, 200, 250, 256, 500, 512, 1000, 1024 }.Select(
            size => size * Mebibyte);

    /// <summary>Whether the part sizes are known and not guessed, so that a checksum that does not fit proves the content wrong.</summary>
    public bool IsCertain => _parts == 1;

    /// <summary>Starts the calculation for a claimed checksum.</summary>
    /// <param name="checksum">What 8x8 says.</param>
    /// <param name="length">Size of the content, in bytes; one part needs none.</param>
    /// <returns><see langword="null"/> when the checksum is not of this form, or no usual part size gives that many parts.</returns>
    public static MultipartMd5? Start(string? checksum, long length)
    {
        if (checksum is null || checksum.Length < 34 || checksum[32] != '-'
            || !checksum.Take(32).All(char.IsAsciiHexDigit)
            || !int.TryParse(checksum.AsSpan(33), NumberStyles.None, CultureInfo.InvariantCulture, out var parts)
            || parts is < 1 or > 10_000)
        {
            return null;
        }

        // One part has no end but the content's.
        long[] partSizes = parts == 1 ? [long.MaxValue] : [.. UsualPartSizes.Where(size => (length + size - 1) / size == parts)];
        return partSizes.Length > 0 ? new MultipartMd5(checksum[..32], parts, partSizes) : null;
    }

    /// <summary>Takes in the next bytes of the content.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        foreach (var candidate in _candidates)
        {
            candidate.Append(bytes);
        }
    }

    /// <summary>Whether the content has the claimed checksum by one of the part sizes. Ends the calculation.</summary>
    public bool Matches() =>
        _candidates.Exists(candidate => candidate.Finish(_parts) is { } md5 && string.Equals(md5, _claim, StringComparison.OrdinalIgnoreCase));

    /// <inheritdoc/>
    public void Dispose() => _candidates.ForEach(candidate => candidate.Dispose());

    private sealed class Candidate(long partSize) : IDisposable
    {
        private readonly IncrementalHash _part = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        private readonly IncrementalHash _whole = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        private long _inPart;
        private int _parts;

        public void Append(ReadOnlySpan<byte> bytes)
        {
            while (bytes.Length > 0)
            {
                var taken = (int)Math.Min(bytes.Length, partSize - _inPart);
                _part.AppendData(bytes[..taken]);
                _inPart += taken;
                bytes = bytes[taken..];
                if (_inPart == partSize)
                {
                    EndPart();
                }
            }
        }

        public string? Finish(int parts)
        {
            if (_inPart > 0 || _parts == 0)
            {
                EndPart();
            }

            return _parts == parts ? Convert.ToHexStringLower(_whole.GetHashAndReset()) : null;
        }

        public void Dispose()
        {
            _part.Dispose();
            _whole.Dispose();
        }

        private void EndPart()
        {
            Span<byte> md5 = stackalloc byte[MD5.HashSizeInBytes];
            _part.GetHashAndReset(md5);
            _whole.AppendData(md5);
            _inPart = 0;
            _parts++;
        }
    }
}
