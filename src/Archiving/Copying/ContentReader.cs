using Archiving.Model;
using Archiving.Outages;
using Archiving.Source;
using Archiving.Telemetry;
using Azure;
using EightByEight;

namespace Archiving.Copying;

/// <summary>Reads an object's content from 8x8 once, and stores what may be stored.</summary>
public sealed class ContentReader(
    CloudStorageClient client,
    SourceRecords source,
    ServerSideCopy serverSide,
    ContentTransfer transfer,
    HealthBoard health,
    FailingObjects failing,
    SharedConditions conditions,
    ArchivingMetrics metrics)
{
    /// <summary>Reads content, and stores it under the name of the state.</summary>
    /// <exception cref="ObjectGoneException">8x8 no longer has the object.</exception>
    /// <exception cref="PermanentFailureException">The API key may not download it.</exception>
    /// <exception cref="IOException">8x8 stopped sending. Nothing was stored.</exception>
    /// <exception cref="InvalidDataException">8x8 sent an error page. Nothing was stored.</exception>
    internal async Task<ReadResult> ReadAsync(CopyState state, CancellationToken cancellationToken) =>
        await TryCopyServerSideAsync(state, cancellationToken) ?? await StreamAsync(state, cancellationToken);

    private async Task<ReadResult?> TryCopyServerSideAsync(CopyState state, CancellationToken cancellationToken)
    {
        if (!serverSide.Suits(state.Record))
        {
            return null;
        }

        try
        {
            using var phase = metrics.StartTimer(Phase.Copy, state.Region);
            return await serverSide.TryRunAsync(state, cancellationToken);
        }
        catch (Exception exception) when (SourceFailure.Answer(exception) is { Status: 403 } refusal)
        {
            return await ExplainAsync(state, refusal, cancellationToken);
        }
    }

    private async Task<ReadResult> StreamAsync(CopyState state, CancellationToken cancellationToken)
    {
        using var place = await transfer.TryEnterAsync(state.Record.StoredBytes, cancellationToken);
        if (place is null)
        {
            return new ReadResult.Busy();
        }

        ObjectContent content;
        try
        {
            content = await OpenAsync(state, cancellationToken);
        }
        catch (Exception exception) when (SourceFailure.Answer(exception) is { } refusal
            && (refusal.Status is 403 or 404 or 410 || SourceFailure.IsOfAddress(refusal)))
        {
            return await ExplainAsync(state, refusal, cancellationToken);
        }

        await using (content)
        {
            health.Clear(Condition.Source);
            if (failing.Clear(state.Region))
            {
                await conditions.ClearAsync(Condition.Content, cancellationToken, state.Region);
            }

            if (LooksLikeError(content, state.Record, content.Length))
            {
                throw ErrorPage(content, state.Record);
            }

            // A response without a length shows only at its end that it has another one than the object. That two reads agree
            // proves nothing then.
            var result = await StoreAsync(place, content, state, cancellationToken);
            return result is ReadResult.Refused { Content: { Mismatch: not null, Digest: var digest } }
                && state.IsAsBefore(digest)
                && LooksLikeError(content, state.Record, digest.Bytes)
                ? throw ErrorPage(content, state.Record)
                : result;
        }
    }

    private async Task<ReadResult> StoreAsync(TransferPlace place, ObjectContent content, CopyState state, CancellationToken cancellationToken)
    {
        // What 8x8 claims is most often about the content itself, and not about the form in which a server sends it.
        var codings = ContentCoding.Parse(content.ContentEncoding);
        var isDecoded = codings.Count > 0 && !state.AsSent && ContentCoding.CanDecode(codings);
        try
        {
            using var phase = metrics.StartTimer(Phase.Store, state.Region);
            if (!isDecoded)
            {
                return await transfer.RunAsync(place, content, state, cancellationToken);
            }

            await using var decoded = new ObjectContent(ContentCoding.Decode(content.Stream, codings), length: null, content.ContentType);
            var result = await transfer.RunAsync(place, decoded, state, cancellationToken);
            return result is ReadResult.Refused refused ? new ReadResult.Refused(refused.Content with { WasDecoded = true }) : result;
        }
        catch (InvalidDataException) when (isDecoded)
        {
            return new ReadResult.NotCoded();
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException("8x8 stopped sending in the middle of the content. Nothing was stored; it is tried again later.", exception);
        }
    }

    private async Task<ObjectContent> OpenAsync(CopyState state, CancellationToken cancellationToken)
    {
        using var phase = metrics.StartTimer(Phase.Fetch, state.Region);
        return await client.OpenContentAsync(state.Region, state.Record.Id, cancellationToken);
    }

    /// <summary>
    /// A 200 with the type of an error page and another length than the object's: an error that may be temporary.
    /// What no checksum proves is looked at by <see cref="ContentPlausibility"/>.
    /// </summary>
    private static bool LooksLikeError(ObjectContent content, StorageObject record, long? length) =>
        content.ContentType is { } type
        && ContentPlausibility.IsTypeOfErrors(type)
        && record.MimeType?.StartsWith(type.Split(';')[0].Trim(), StringComparison.OrdinalIgnoreCase) != true
        && record.StoredBytes is { } stored
        && length is { } sent
        && sent != stored;

    private static InvalidDataException ErrorPage(ObjectContent content, StorageObject record) =>
        new($"8x8 answered 200 with {content.ContentType} where {record.MimeType} was promised: an error page, not the object.");

    /// <summary>Says which host does not give content that 8x8 redirects to it for.</summary>
    private static ReadResult.NotYet DescribeAddress(CloudStorageException refusal) => new(
        FailureReason.AddressRefused,
        "8x8 lists the object as AVAILABLE, and the host of the address that it gives for the content "
            + (refusal.Status == 0
                ? "does not answer. Check that the app's network and any proxy let it reach that host."
                : $"refuses it ({refusal.Status}). Nothing to do unless it lasts: each attempt asks 8x8 for a new address."),
        $"The host is {new Uri(refusal.Origin).Host}{(ErrorQuote.Of(refusal) is { } quote ? SourceQuote.HostAnswered + quote : "")}.");

    /// <summary>Says in the archive's terms why 8x8 refuses content.</summary>
    private async Task<ReadResult> ExplainAsync(CopyState state, RequestFailedException refusal, CancellationToken cancellationToken)
    {
        // What the content alone answers proves little: the record says whether the object is gone, or in cold storage by now.
        var present = await source.ReadAsync(state.Region, state.Record.Id, cancellationToken);
        if (present.State != ObjectState.Available)
        {
            return new ReadResult.Moved(present);
        }

        if (SourceFailure.IsOfAddress(refusal))
        {
            return DescribeAddress((CloudStorageException)refusal);
        }

        return refusal.Status is 404 or 410
            ? new ReadResult.NotYet(FailureReason.ContentMissing, $"8x8 lists the object as AVAILABLE and does not have its content ({refusal.Status}).")
            : throw new PermanentFailureException(
                "8x8 does not let this API key download the object (403). Give the key's user the role Storage API with the right to download, "
                    + "then redrive the failures.",
                refusal)
            {
                Reason = FailureReason.Forbidden,
            };
    }
}
