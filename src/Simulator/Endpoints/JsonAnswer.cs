using System.Buffers;
using System.Text;
using System.Text.Json;
using Simulator.Faults;

namespace Simulator.Endpoints;

/// <summary>Writes an answer in JSON, well or badly.</summary>
internal static class JsonAnswer
{
    public static Task WriteAsync(HttpContext context, FaultRule? fault, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(64 * 1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            write(json);
        }

        return WriteAsync(context, fault, buffer.WrittenMemory);
    }

    public static async Task WriteAsync(HttpContext context, FaultRule? fault, ReadOnlyMemory<byte> json)
    {
        var response = context.Response;
        response.ContentType = "application/json";
        var body = fault?.Kind switch
        {
            FaultKind.Blank => default,
            FaultKind.ByteOrderMark => AddByteOrderMark(response, fault, json),
            FaultKind.TrailingCommas => AddTrailingCommas(json.Span),
            FaultKind.Truncated => json[..(json.Length / 2)],
            FaultKind.ErrorHtml => ErrorPages.Html(response, fault),
            FaultKind.ErrorJson => ErrorPages.Json(response, fault),
            _ => json,
        };
        if (fault is { Kind: FaultKind.Blank, Status: StatusCodes.Status204NoContent })
        {
            response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        if (fault?.Kind == FaultKind.Cut)
        {
            response.ContentLength = body.Length;
            await response.Body.WriteAsync(body[..(body.Length / 2)], context.RequestAborted);
            await response.Body.FlushAsync(context.RequestAborted);

            // A reset throws away at the other end what has arrived and is not read yet.
            await Task.Delay(100, context.RequestAborted);
            context.Abort();
            return;
        }

        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static byte[] AddByteOrderMark(HttpResponse response, FaultRule fault, ReadOnlyMemory<byte> json)
    {
        var encoding = Encoding.GetEncoding(fault.Charset);
        response.ContentType = $"application/json; charset={fault.Charset}";
        return [.. encoding.GetPreamble(), .. encoding.GetBytes(Encoding.UTF8.GetString(json.Span))];
    }

    /// <summary>Puts a comma after the last element of everything.</summary>
    private static byte[] AddTrailingCommas(ReadOnlySpan<byte> json)
    {
        var output = new List<byte>(json.Length + 256);
        var isInString = false;
        for (var index = 0; index < json.Length; index++)
        {
            if (!isInString && json[index] is ((byte)'}' or (byte)']') && json[index - 1] is not ((byte)'{' or (byte)'['))
            {
                output.Add((byte)',');
            }

            output.Add(json[index]);
            if (json[index] == '"')
            {
                isInString = !isInString;
            }
            else if (isInString && json[index] == '\\')
            {
                output.Add(json[++index]);
            }
        }

        return [.. output];
    }
}
