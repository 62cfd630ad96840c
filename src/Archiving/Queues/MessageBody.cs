using System.Buffers;
using System.Buffers.Text;

namespace Archiving.Queues;

/// <summary>
/// The body of a message. The Functions host hands messages on as they are (<c>messageEncoding</c> in host.json): it
/// moves what it cannot decode to the poison queue, cannot decode it there either, and no function would ever receive it.
/// </summary>
internal static class MessageBody
{
    /// <summary>The JSON of a message, which is Base64 or plain. What is neither is returned as it is.</summary>
    public static BinaryData Decode(BinaryData body)
    {
        var text = body.ToMemory();
        if (text.Span.TrimStart(" \t\r\n"u8) is [(byte)'{', ..])
        {
            return body;
        }

        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        return Base64.DecodeFromUtf8(text.Span, bytes, out _, out var length) == OperationStatus.Done ? BinaryData.FromBytes(bytes.AsMemory(0, length)) : body;
    }
}
