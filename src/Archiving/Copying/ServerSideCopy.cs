using Archiving.Archive;
using Archiving.Model;
using Archiving.Settings;
using Archiving.Source;
using Azure;
using EightByEight;
using Microsoft.Extensions.Logging;

namespace Archiving.Copying;

/// <summary>
/// Lets Blob Storage fetch content from 8x8's pre-signed address itself (Put Blob From URL), so that it does not pass
/// through the function. Only for content whose MD5 8x8 names: Blob Storage checks it before anything becomes visible.
/// Everything else is streamed, and so is what 8x8 names no address for or Blob Storage refuses to fetch.
/// </summary>
public sealed partial class ServerSideCopy(
    CloudStorageClient client,
    ArchiveStore store,
    ArchiverOptions options,
    TimeProvider timeProvider,
    ILogger<ServerSideCopy> logger)
{
    /// <summary>
    /// Maximum size of content that is copied this way, in bytes. Blob Storage takes up to 5,000 MiB (Put Blob From URL), and has to be
    /// done before the request times out.
    /// </summary>
    public const long MaxContentBytes = 256 * 1024 * 1024;

    // A refusal because of a firewall or an address that the account cannot reach lasts long.
    private static readonly TimeSpan RefusedFor = TimeSpan.FromHours(1);

    private DateTimeOffset? _refusedAt;

    /// <summary>Whether an object is to be copied this way.</summary>
    public bool Suits(StorageObject record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return options.Archive.Transfer switch
        {
            TransferMode.ServerSide => true,
            TransferMode.Auto => record.StoredBytes > ContentTransfer.BufferSize && !(timeProvider.GetUtcNow() - _refusedAt < RefusedFor),
            _ => false,
        }
            && record.ChecksumForm == ChecksumForm.Md5
            && record.StoredBytes is >= 0 and <= MaxContentBytes;
    }

    /// <summary>Copies content.</summary>
    /// <returns>The outcome, measured on the stored bytes; <see langword="null"/> when the content has to be streamed.</returns>
    internal async Task<ReadResult?> TryRunAsync(CopyState state, CancellationToken cancellationToken)
    {
        var (name, record) = (state.Name, state.Record);
        if (await FindAddressAsync(state, cancellationToken) is not { } address)
        {
            return null;
        }

        var md5 = Convert.FromHexString(record.Checksum!);
        try
        {
            await store.TryPutFromAddressAsync(name, address, md5, ContentTransfer.Headers(record), cancellationToken);
        }
        catch (OutageException outage) when (outage.InnerException is not RequestFailedException { ErrorCode: "CannotVerifyCopySource" })
        {
            throw;
        }
        catch (Exception exception) when (exception is OutageException or RequestFailedException)
        {
            // Address, network or bytes: streaming finds the cause and can report it.
            var errorCode = ((exception as RequestFailedException) ?? (RequestFailedException)exception.InnerException!).ErrorCode;
            _refusedAt = errorCode == "Md5Mismatch" ? _refusedAt : timeProvider.GetUtcNow();
            Log.Refused(logger, state.Region, state.Record.Id, errorCode);
            return null;
        }

        // Read back: the receipt needs the SHA-256, and the stored blob may be another run's, or damaged.
        if (await store.MeasureAsync(name, cancellationToken) is not { } stored)
        {
            return null;
        }

        var isRight = stored.Bytes == record.StoredBytes && stored.Md5.Span.SequenceEqual(md5);
        return isRight ? new ReadResult.Stored(new VerifiedContent(stored, Verification.Md5, Mismatch: null)) : null;
    }

    private async Task<Uri?> FindAddressAsync(CopyState state, CancellationToken cancellationToken)
    {
        try
        {
            return await client.GetPresignedUrlAsync(state.Region, state.Record.Id, cancellationToken);
        }
        catch (Exception exception) when (SourceFailure.Answer(exception) is { Status: not (0 or 401 or 403 or 429 or >= 500) } answer)
        {
            // No outage: 8x8 does not give addresses, or not as this app knows them. Not found may be about this object alone.
            _refusedAt = answer.Status is 404 or 410 ? _refusedAt : timeProvider.GetUtcNow();
            Log.NoAddress(logger, state.Region, state.Record.Id, answer.Status);
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 1310,
            Level = LogLevel.Warning,
            Message = "Blob Storage did not fetch {Region}/{ObjectId} from 8x8 ({ErrorCode}); it is streamed instead")]
        public static partial void Refused(ILogger logger, string region, string objectId, string? errorCode);

        [LoggerMessage(
            EventId = 1311,
            Level = LogLevel.Warning,
            Message = "8x8 returned no usable address for {Region}/{ObjectId} ({Status}); it is streamed instead")]
        public static partial void NoAddress(ILogger logger, string region, string objectId, int status);
    }
}
