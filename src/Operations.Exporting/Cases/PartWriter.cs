using System.Buffers;
using System.IO.Compression;
using System.Security.Cryptography;
using Archiving.Archive;
using Archiving.Cases;
using Archiving.Model;
using Archiving.Storage;
using Azure;

namespace Operations.Cases;

/// <summary>
/// Writes a part of an export: a zip archive, stored and not compressed, as a stream into staged blocks. Every byte is hashed
/// again on the way and compared with the object's receipt. A part in which anything is missing or differs gets no blob.
/// </summary>
public sealed class PartWriter(CaseStore cases, ArchiveStore store)
{
    // The rows of a whole part would stay in memory while it is written.
    private const int ObjectsAtOnce = 200;

    // Small objects are read some ahead, because they take longer to ask for than to read.
    private const int ReadAhead = 8;
    private const int MaxReadAhead = 1024 * 1024;
    private const int BufferSize = 256 * 1024;
    private const string ContentType = "application/zip";

    // What the zip format can say: date and time of MS-DOS.
    private static readonly DateTimeOffset Earliest = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Latest = new(2107, 12, 31, 23, 59, 58, TimeSpan.Zero);

    /// <summary>Writes a part, unless it is there.</summary>
    public async Task WriteAsync(ExportRow export, ExportPartRow part, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(part);
        var name = ExportLayout.Blob(export, ExportLayout.Part(part.Number));
        if (!await TryAdoptAsync(part, name, cancellationToken))
        {
            await WriteAsync(export, part, name, cancellationToken);
        }

        part.IsDone = true;
        await cases.WriteAsync(part, cancellationToken);
    }

    private async Task WriteAsync(ExportRow export, ExportPartRow part, string name, CancellationToken cancellationToken)
    {
        await using var blob = new StagedBlob(store, name);
        part.Problems = 0;
        var zip = await ZipArchive.CreateAsync(blob, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, cancellationToken);
        await using (zip)
        {
            try
            {
                // All rows before the blob is visible: a delivery that finds it knows what it holds.
                await foreach (var objects in cases.ReadExportObjectsAsync(export, part.Number, cancellationToken).Chunk(ObjectsAtOnce))
                {
                    await AddAsync(zip, objects, blob, cancellationToken);
                    part.Problems += objects.Count(item => item.Problem is not null);
                    await cases.WriteAsync(objects, cancellationToken);
                }
            }
            catch (Exception)
            {
                blob.Abandon();
                throw;
            }
        }

        var digest = part.Problems == 0 ? await blob.CompleteAsync(cancellationToken) : null;
        (part.Bytes, part.Sha256, part.Md5) = (digest?.Bytes ?? 0, digest?.Sha256, digest?.Md5Hex);
        while (!await cases.TryWriteAsync(part, cancellationToken))
        {
            if (await cases.FindAgainAsync(part, cancellationToken) is not { IsDone: false } now)
            {
                // Another delivery has written the part, and may have ended the export.
                await TryAdoptAsync(part, name, cancellationToken);
                return;
            }

            part.ETag = now.ETag;
        }

        if (digest is not null && !await blob.TryCommitAsync(digest, ContentType, cancellationToken))
        {
            await TryAdoptAsync(part, name, cancellationToken);
        }
    }

    /// <summary>Takes over a part that another delivery committed.</summary>
    /// <returns><see langword="false"/> when there is none.</returns>
    private async Task<bool> TryAdoptAsync(ExportPartRow part, string name, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(name, cancellationToken) is not { } stored)
        {
            return false;
        }

        if (part.Bytes != stored.Bytes || part.Md5 != Convert.ToHexStringLower(stored.Md5.Span))
        {
            // Two deliveries wrote at the same time, and the other one was first.
            var digest = await store.MeasureAsync(name, cancellationToken) ?? throw new InvalidDataException($"{name} vanished.");
            (part.Bytes, part.Sha256, part.Md5) = (digest.Bytes, digest.Sha256, digest.Md5Hex);
        }

        return true;
    }

    private async Task AddAsync(ZipArchive zip, ExportObjectRow[] objects, StagedBlob blob, CancellationToken cancellationToken)
    {
        var ahead = new Queue<Task<Opened>>();
        try
        {
            var next = 0;
            foreach (var item in objects)
            {
                for (; next < objects.Length && ahead.Count < ReadAhead; next++)
                {
                    ahead.Enqueue(OpenAsync(objects[next], cancellationToken));
                }

                var opened = await ahead.Dequeue();
                item.Problem = opened.Problem ?? await AddAsync(zip, item, opened, cancellationToken);
                if (item.Problem is not null)
                {
                    // Nothing of this part is going to be kept; the rest is read to name all that is wrong.
                    blob.Abandon();
                }
            }
        }
        finally
        {
            foreach (Task task in ahead)
            {
                await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Adds an object and its receipt.</summary>
    /// <returns>What is wrong with it; <see langword="null"/> when nothing is.</returns>
    private async Task<string?> AddAsync(ZipArchive zip, ExportObjectRow item, Opened opened, CancellationToken cancellationToken)
    {
        var receipt = opened.Receipt!;
        var content = opened.Content ?? await TryOpenContentAsync(item, cancellationToken);
        if (content is null)
        {
            return "Its archived bytes are missing, or in the storage account's archive tier.";
        }

        await using (content)
        {
            var entry = NewEntry(zip, item, item.Name);
            await using var target = await entry.OpenAsync(cancellationToken);
            var (bytes, sha256) = await CopyAsync(content, target, cancellationToken);
            if (bytes != receipt.Bytes || sha256 != receipt.Sha256)
            {
                return $"Its archived bytes are not those of its receipt: {bytes} bytes with SHA-256 {sha256}, where the receipt has "
                    + $"{receipt.Bytes} and {receipt.Sha256}.";
            }
        }

        await using (var target = await NewEntry(zip, item, ArchiveLayout.ReceiptName(item.Name)).OpenAsync(cancellationToken))
        {
            await target.WriteAsync(opened.ReceiptJson!.ToMemory(), cancellationToken);
        }

        item.Bytes = receipt.Bytes;
        item.Md5 = receipt.Md5;
        item.Sha256 = receipt.Sha256;
        item.Verification = receipt.Verification;
        item.ArchivedAt = receipt.ArchivedAt;
        item.ReceiptSha256 = Convert.ToHexStringLower(SHA256.HashData(opened.ReceiptJson!.ToMemory().Span));
        return null;
    }

    private static ZipArchiveEntry NewEntry(ZipArchive zip, ExportObjectRow item, string name)
    {
        var entry = zip.CreateEntry(name, CompressionLevel.NoCompression);
        entry.LastWriteTime = item.CreatedTime < Earliest ? Earliest : item.CreatedTime > Latest ? Latest : item.CreatedTime.ToUniversalTime();
        return entry;
    }

    private static async Task<(long Bytes, string Sha256)> CopyAsync(Stream content, Stream target, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            var bytes = 0L;
            int read;
            while ((read = await ReadAsync(content, buffer, cancellationToken)) > 0)
            {
                hash.AppendData(buffer, 0, read);
                await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                bytes += read;
            }

            return (bytes, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task<int> ReadAsync(Stream content, byte[] buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await content.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception exception) when (StorageOutage.Archive(exception) is { } outage)
        {
            throw outage;
        }
    }

    /// <summary>Reads an object's receipt, and its content when that is small.</summary>
    private async Task<Opened> OpenAsync(ExportObjectRow item, CancellationToken cancellationToken)
    {
        try
        {
            if (await store.ReadAsync(ArchiveLayout.ReceiptName(item.Blob), cancellationToken) is not { } json)
            {
                return new Opened("Its receipt is missing.");
            }

            var receipt = Receipt.Parse(json);
            if (receipt.Region != item.Region || receipt.Record.Id != item.Id || receipt.Blob != item.Blob)
            {
                return new Opened("Its receipt is of another object.");
            }

            var content = receipt.Bytes <= MaxReadAhead ? await store.ReadAsync(item.Blob, cancellationToken) : null;
            return receipt.Bytes <= MaxReadAhead && content is null
                ? new Opened("Its archived bytes are missing.")
                : new Opened(Problem: null) { ReceiptJson = json, Receipt = receipt, Content = content?.ToStream() };
        }
        catch (FormatException exception)
        {
            return new Opened($"Its receipt cannot be read: {exception.Message}");
        }
        catch (RequestFailedException exception) when (ArchiveStore.IsOfArchiveTier(exception.ErrorCode))
        {
            return new Opened("It is in the storage account's archive tier. Move it to a tier that can be read.");
        }
    }

    private async Task<Stream?> TryOpenContentAsync(ExportObjectRow item, CancellationToken cancellationToken)
    {
        try
        {
            return (await store.OpenAsync(item.Blob, cancellationToken))?.Content;
        }
        catch (RequestFailedException exception) when (ArchiveStore.IsOfArchiveTier(exception.ErrorCode))
        {
            return null;
        }
    }

    private sealed record Opened(string? Problem)
    {
        public Receipt? Receipt { get; init; }

        public BinaryData? ReceiptJson { get; init; }

        public Stream? Content { get; init; }
    }
}
