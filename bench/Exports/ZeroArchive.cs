using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Xml.Linq;
using Microsoft.AspNetCore.Http;

namespace Exports;

/// <summary>
/// The blobs of an archive whose content is zeros, so that it takes no disk: content and receipts are answered from memory, and
/// what is exported goes to sparse files. Everything else is the emulator's.
/// </summary>
internal sealed class ZeroArchive(Uri blobs, SampleArchive archive, string folder) : CountingFront(blobs)
{
    private const int Chunk = 256 * 1024;
    private const string Exports = "_exports/";
    private static readonly byte[] Zeros = new byte[Chunk];
    private readonly ConcurrentDictionary<string, StagedFile> _files = new(StringComparer.Ordinal);

    /// <summary>The files of the export that were committed, by their names without folders.</summary>
    public IReadOnlyDictionary<string, string> Files =>
        _files.Where(file => file.Value.Md5 is not null).ToDictionary(file => file.Key[(file.Key.LastIndexOf('/') + 1)..], file => file.Value.Path);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        foreach (var file in _files.Values)
        {
            file.Dispose();
        }
    }

    protected override async Task<bool> TryHandleAsync(HttpContext context)
    {
        var name = Uri.UnescapeDataString(context.Request.Path.Value!).TrimStart('/').Split('/', 3) is [_, _, var blob] ? blob : "";
        if (name.StartsWith(Exports, StringComparison.Ordinal))
        {
            await HandleExportAsync(context, name);
            return true;
        }

        if (archive.FindReceipt(name) is { } receipt)
        {
            Count("receipts read");
            Describe(context, receipt.Length);
            await context.Response.Body.WriteAsync(receipt);
            return true;
        }

        if (!archive.IsContent(name))
        {
            return false;
        }

        Count("contents read");
        Describe(context, archive.ObjectBytes);
        for (var left = archive.ObjectBytes; left > 0; left -= Chunk)
        {
            await context.Response.Body.WriteAsync(Zeros.AsMemory(0, (int)Math.Min(left, Chunk)), context.RequestAborted);
        }

        return true;
    }

    private async Task HandleExportAsync(HttpContext context, string name)
    {
        var file = _files.GetOrAdd(name, _ => new StagedFile(Path.Combine(folder, name[(name.LastIndexOf('/') + 1)..])));
        switch (context.Request.Method, context.Request.Query["comp"].ToString())
        {
            case ("PUT", "block"):
                Count("blocks staged");
                await file.StageAsync(context.Request.Query["blockid"]!, context.Request.Body, context.Request.ContentLength!.Value);
                context.Response.StatusCode = StatusCodes.Status201Created;
                break;
            case ("PUT", "blocklist"):
                Count("blobs committed");
                var list = await XDocument.LoadAsync(context.Request.Body, LoadOptions.None, context.RequestAborted);
                file.Commit([.. list.Root!.Elements().Select(block => block.Value)], context.Request.Headers["x-ms-blob-content-md5"]!);
                context.Response.StatusCode = StatusCodes.Status201Created;
                break;
            default:
                Count("exported blobs looked up");
                if (file.Md5 is { } md5)
                {
                    Describe(context, file.Bytes);
                    context.Response.Headers.ContentMD5 = md5;
                }
                else
                {
                    context.Response.StatusCode = StatusCodes.Status404NotFound;
                    context.Response.Headers["x-ms-error-code"] = "BlobNotFound";
                }

                break;
        }

        context.Response.Headers.ETag = "\"1\"";
    }

    private static void Describe(HttpContext context, long bytes)
    {
        context.Response.ContentLength = bytes;
        context.Response.ContentType = "application/octet-stream";
        context.Response.Headers.ETag = "\"1\"";
        context.Response.Headers.LastModified = TimeProvider.System.GetUtcNow().ToString("R", CultureInfo.InvariantCulture);
        context.Response.Headers["x-ms-blob-type"] = "BlockBlob";
    }

    /// <summary>A blob that is staged in order.</summary>
    private sealed class StagedFile(string path) : IDisposable
    {
        private readonly List<string> _blocks = [];
        private readonly FileStream _stream = new(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);

        public string Path => path;

        public long Bytes => _stream.Length;

        /// <summary>What it was committed with.</summary>
        public string? Md5 { get; private set; }

        public async Task StageAsync(string id, Stream block, long length)
        {
            var buffer = ArrayPool<byte>.Shared.Rent((int)length);
            await block.ReadExactlyAsync(buffer, 0, (int)length);
            var content = buffer.AsSpan(0, (int)length);
            _stream.SetLength(_stream.Length + length);
            for (var at = 0; at < content.Length; at += PageSize)
            {
                var part = content[at..Math.Min(at + PageSize, content.Length)];
                if (part.ContainsAnyExcept((byte)0))
                {
                    _stream.Seek(_stream.Length - length + at, SeekOrigin.Begin);
                    _stream.Write(part);
                }
            }

            _blocks.Add(id);
            ArrayPool<byte>.Shared.Return(buffer);
        }

        /// <exception cref="InvalidOperationException">The blocks were not staged once each and in the order in which they are committed.</exception>
        public void Commit(IReadOnlyList<string> blocks, string md5)
        {
            if (!blocks.SequenceEqual(_blocks, StringComparer.Ordinal))
            {
                throw new InvalidOperationException($"{path}: the blocks are not committed as they were staged. The run is void.");
            }

            Md5 = md5;
        }

        public void Dispose() => _stream.Dispose();

        private const int PageSize = 4096;
    }
}
