using System.IO.Compression;

namespace Simulator.Objects;

/// <summary>Content as Content-Encoding codes it.</summary>
internal static class CodedContent
{
    public static byte[] Encode(GeneratedContent content, string contentEncoding)
    {
        var bytes = new byte[content.Length];
        content.Fill(bytes, 0);
        return contentEncoding.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Aggregate(bytes, Encode);
    }

    private static byte[] Encode(byte[] bytes, string coding)
    {
        var output = new MemoryStream();
        using (Stream? encoder = coding.ToLowerInvariant() switch
        {
            "gzip" or "x-gzip" => new GZipStream(output, CompressionLevel.Fastest),
            "deflate" => new ZLibStream(output, CompressionLevel.Fastest),
            "br" => new BrotliStream(output, CompressionLevel.Fastest),
            _ => null,
        })
        {
            if (encoder is null)
            {
                return bytes;
            }

            encoder.Write(bytes);
        }

        return output.ToArray();
    }
}
