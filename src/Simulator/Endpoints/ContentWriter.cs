using Simulator.Faults;
using Simulator.Objects;

namespace Simulator.Endpoints;

/// <summary>Writes an object's bytes, well or badly.</summary>
internal static class ContentWriter
{
    private const int ChunkSize = 64 * 1024;

    public static async Task WriteAsync(HttpContext context, SimulatedObject item, FaultRule? fault, Counters counters)
    {
        var response = context.Response;
        response.ContentType = item.MimeType;
        var content = item.Content;
        switch (fault?.Kind)
        {
            case FaultKind.ErrorJson:
                await response.Body.WriteAsync(ErrorPages.Json(response, fault), context.RequestAborted);
                return;
            case FaultKind.ErrorHtml:
                await response.Body.WriteAsync(ErrorPages.Html(response, fault), context.RequestAborted);
                return;
            case FaultKind.Blank when fault.Status == StatusCodes.Status204NoContent:
                response.StatusCode = StatusCodes.Status204NoContent;
                return;
            case FaultKind.Blank:
                response.ContentLength = 0;
                return;
            case FaultKind.Early:
                response.ContentLength = content.Length / 2;
                await CopyAsync(context, content, 0, content.Length / 2, fault, counters);
                return;
            case FaultKind.Extra:
                response.ContentLength = content.Length + 7;
                await CopyAsync(context, content, 0, content.Length, fault, counters);
                await response.Body.WriteAsync("surplus"u8.ToArray(), context.RequestAborted);
                return;
            case FaultKind.Cut:
                response.ContentLength = Math.Max(1, content.Length);
                await CopyAsync(context, content, 0, content.Length / 2, fault, counters);
                await response.Body.FlushAsync(context.RequestAborted);

                // A reset throws away at the other end what has arrived and is not read yet.
                await Task.Delay(100, context.RequestAborted);
                context.Abort();
                return;
            case FaultKind.Stall:
                response.ContentLength = Math.Max(1, content.Length);
                await CopyAsync(context, content, 0, content.Length / 2, fault, counters);
                await response.Body.FlushAsync(context.RequestAborted);
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return;
        }

        if (Encoding(item, fault) is { } encoding)
        {
            await WriteCodedAsync(context, item, encoding, counters);
            return;
        }

        if (fault?.Kind != FaultKind.NoLength)
        {
            response.ContentLength = content.Length;
        }

        await CopyAsync(context, content, 0, content.Length, fault, counters);
    }

    /// <summary>The coding of an answer, by the object or by a rule; <see langword="null"/> for none.</summary>
    private static string? Encoding(SimulatedObject item, FaultRule? fault) => fault?.Kind == FaultKind.Encode ? fault.ContentEncoding : item.ContentEncoding;

    private static async Task WriteCodedAsync(HttpContext context, SimulatedObject item, string encoding, Counters counters)
    {
        var coded = CodedContent.Encode(item.Content, encoding);
        context.Response.Headers.ContentEncoding = encoding;
        context.Response.ContentLength = coded.Length;
        await context.Response.Body.WriteAsync(coded, context.RequestAborted);
        counters.Count("contentBytes", coded.Length);
    }

    /// <summary>Answers as S3 does: whole, or the range that was asked for.</summary>
    public static async Task WriteRangeAsync(HttpContext context, SimulatedObject item, FaultRule? fault, Counters counters)
    {
        var length = item.Content.Length;
        if (fault is null && item.ContentEncoding is null && context.Request.GetTypedHeaders().Range?.Ranges is { Count: 1 } ranges && length > 0)
        {
            var range = ranges.First();
            var from = range.From ?? length - range.To!.Value;
            var to = range.From is null ? length - 1 : Math.Min(range.To ?? (length - 1), length - 1);
            if (from >= length || from > to)
            {
                context.Response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
                return;
            }

            context.Response.StatusCode = StatusCodes.Status206PartialContent;
            context.Response.ContentType = item.MimeType;
            context.Response.ContentLength = to - from + 1;
            context.Response.Headers.ContentRange = $"bytes {from}-{to}/{length}";
            await CopyAsync(context, item.Content, from, to - from + 1, fault: null, counters);
            return;
        }

        await WriteAsync(context, item, fault, counters);
    }

    private static async Task CopyAsync(HttpContext context, GeneratedContent content, long start, long count, FaultRule? fault, Counters counters)
    {
        var writer = context.Response.BodyWriter;
        for (var offset = start; offset < start + count;)
        {
            var size = (int)Math.Min(ChunkSize, start + count - offset);
            var memory = writer.GetMemory(size);
            content.Fill(memory.Span[..size], offset);
            if (fault?.Kind == FaultKind.Flip && offset == start)
            {
                memory.Span[size / 2] ^= 1;
            }

            writer.Advance(size);
            var flush = await writer.FlushAsync(context.RequestAborted);
            if (flush.IsCompleted)
            {
                return;
            }

            offset += size;
            counters.Count("contentBytes", size);
            if (fault?.Kind == FaultKind.Slow)
            {
                await Task.Delay(fault.Milliseconds, context.RequestAborted);
            }
        }
    }
}
