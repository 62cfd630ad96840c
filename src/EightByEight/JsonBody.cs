using Azure;

namespace EightByEight;

/// <summary>Reads bodies that should be JSON or text.</summary>
internal static class JsonBody
{
    // A page of a hundred records is far below it.
    private const int MaxBytes = 64 * 1024 * 1024;

    /// <summary>
    /// The body in UTF-8, decoded. Compression is not asked for; some servers compress all the same, and some proxies
    /// undo it and leave the header.
    /// </summary>
    public static ReadOnlyMemory<byte> Read(Response response)
    {
        var body = response.Content.ToMemory();
        var codings = ContentCoding.Parse(response.Headers.TryGetValue("Content-Encoding", out var encoding) ? encoding : null);
        if (codings.Count == 0 && body.Span is [0x1F, 0x8B, ..])
        {
            codings = ["gzip"];
        }

        return JsonText.Decode(codings.Count > 0 ? Decompress(body, codings) : body, response.Headers.ContentType);
    }

    private static ReadOnlyMemory<byte> Decompress(ReadOnlyMemory<byte> body, IReadOnlyList<string> codings)
    {
        if (!ContentCoding.CanDecode(codings))
        {
            return body;
        }

        try
        {
            using var decoded = ContentCoding.Decode(BinaryData.FromBytes(body).ToStream(), codings);
            var output = new MemoryStream();
            var buffer = new byte[64 * 1024];
            while (decoded.Read(buffer) is > 0 and var count && output.Length < MaxBytes)
            {
                output.Write(buffer, 0, count);
            }

            return output.GetBuffer().AsMemory(0, (int)output.Length);
        }
        catch (Exception exception) when (exception is InvalidDataException or InvalidOperationException or IOException)
        {
            return body;
        }
    }
}
