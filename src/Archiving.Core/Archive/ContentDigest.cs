using System.Buffers;
using System.Security.Cryptography;
using Archiving.Model;

namespace Archiving.Archive;

/// <summary>What was read, measured in the same pass.</summary>
/// <param name="Bytes">Size.</param>
/// <param name="Md5">MD5.</param>
/// <param name="Sha256">SHA-256, hex, lower case.</param>
public sealed record ContentDigest(long Bytes, ReadOnlyMemory<byte> Md5, string Sha256)
{
    /// <summary>The MD5 in hex, lower case.</summary>
    public string Md5Hex => Convert.ToHexStringLower(Md5.Span);

    /// <summary>Whether it is the content that a receipt names.</summary>
    public bool IsOf(Receipt receipt) => Bytes == receipt.Bytes && Md5Hex == receipt.Md5 && Sha256 == receipt.Sha256;

    /// <summary>Reads a stream to its end.</summary>
    public static Task<ContentDigest> MeasureAsync(Stream stream, CancellationToken cancellationToken) =>
        MeasureAsync(stream, beginning: null, cancellationToken);

    /// <summary>Reads a stream to its end, and keeps its beginning.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="beginning">Gets what it begins with, as much as there is room for; the rest of it is left as it is.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    public static async Task<ContentDigest> MeasureAsync(Stream stream, byte[]? beginning, CancellationToken cancellationToken)
    {
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(128 * 1024);
        try
        {
            var bytes = 0L;
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
            {
                if (beginning is not null && bytes < beginning.Length)
                {
                    buffer.AsSpan(0, Math.Min(read, beginning.Length - (int)bytes)).CopyTo(beginning.AsSpan((int)bytes));
                }

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
