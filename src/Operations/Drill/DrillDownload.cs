using System.Globalization;
using System.Security.Cryptography;
using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using Azure;
using EightByEight;
using Operations.Objects;

namespace Operations.Drill;

/// <summary>What the download of an object showed.</summary>
/// <param name="Bytes">How much arrived.</param>
/// <param name="Problem">What is wrong, or why it was not read; <see langword="null"/> when it arrived as it was archived.</param>
/// <param name="IsUnread">Whether the storage did not let it be read, so that it is neither proven nor broken.</param>
public sealed record DrillResult(long Bytes, string? Problem = null, bool IsUnread = false);

/// <summary>Downloads an object by the link that people use, and compares what arrives with its receipt and its row in the ledger.</summary>
public sealed class DrillDownload(ArchiveStore store, ObjectContents contents, TimeProvider timeProvider)
{
    // As a browser does, but for redirects: a link leads to the blob itself. A span would hold the link, which is a secret.
    private static readonly HttpClient Client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = System.Net.DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(30),
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        ActivityHeadersPropagator = null,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Downloads an object and compares it.</summary>
    public async Task<DrillResult> CheckAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entry);
        try
        {
            var link = await contents.LinkAsync(entry, save: true, isNamed: true, cancellationToken);
            using var end = new CancellationTokenSource(LimitFor(entry), timeProvider);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(end.Token, cancellationToken);
            using var response = await Client.GetAsync(link.Url, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if (!response.IsSuccessStatusCode)
            {
                return Describe(entry, response);
            }

            await using var stream = await response.Content.ReadAsStreamAsync(limit.Token);
            var beginning = new byte[MediaHeader.Length];
            var digest = await ContentDigest.MeasureAsync(stream, beginning, limit.Token);
            var received = beginning.AsMemory(0, (int)Math.Min(beginning.Length, digest.Bytes));
            return await CompareAsync(entry, response, digest, received, cancellationToken);
        }
        catch (RefusedException exception)
        {
            return new DrillResult(0, exception.Message);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested
            && exception is HttpRequestException or IOException or OutageException or OperationCanceledException)
        {
            return NotServed(exception.GetType().Name);
        }
    }

    /// <summary>How long a download may take: as long as a slow line does, so that one that stands still does not hold up the others for ever.</summary>
    private static TimeSpan LimitFor(LedgerEntry entry) => TimeSpan.FromMinutes(2) + TimeSpan.FromSeconds((entry.Bytes ?? 0) / 1_000_000.0);

    private DrillResult Describe(LedgerEntry entry, HttpResponseMessage response) => (int)response.StatusCode switch
    {
        404 when IsRemovedByPolicy(entry) => Removed,
        404 => new DrillResult(0, "Its content is missing: the link to it answers 404."),
        _ when response.Headers.TryGetValues("x-ms-error-code", out var codes) && ArchiveStore.IsOfArchiveTier(codes.First()) => NotRead("content"),
        var status when status is 408 or 429 or >= 500 => NotServed(status.ToString(CultureInfo.InvariantCulture)),
        var status => new DrillResult(0, $"The link to its content answers {status}."),
    };

    private static DrillResult NotRead(string what) =>
        new(0, $"Its {what} is in the storage account's archive tier. To prove it, move it to a tier that can be read.", IsUnread: true);

    private static DrillResult Removed => new(0, "The storage account's retention policy has removed it.", IsUnread: true);

    private static DrillResult NotServed(string error) => new(
        0,
        $"The storage did not serve it ({error}), twice: an error of transport, which says nothing of the content. Run the drill again.",
        IsUnread: true);

    private bool IsRemovedByPolicy(LedgerEntry entry) => store.IsRemovedByPolicy(entry.Blob!, entry.ArchivedAt, timeProvider.GetUtcNow());

    private async Task<DrillResult> CompareAsync(
        LedgerEntry entry,
        HttpResponseMessage response,
        ContentDigest digest,
        ReadOnlyMemory<byte> beginning,
        CancellationToken cancellationToken)
    {
        try
        {
            var name = ArchiveLayout.ReceiptName(entry.Blob!);
            if (await store.ReadAsync(name, cancellationToken) is not { } body)
            {
                return IsRemovedByPolicy(entry) ? Removed : new DrillResult(digest.Bytes, "Its receipt is missing.");
            }

            var problem = await CompareAsync(entry, Receipt.Parse(body), response, digest, beginning, cancellationToken);
            if (problem is null && await store.FindAsync(name, cancellationToken) is { Md5.Length: > 0 } stored
                && !stored.Md5.Span.SequenceEqual(MD5.HashData(body)))
            {
                problem = "Its receipt is damaged: it differs from the checksum that it was stored with.";
            }

            return new DrillResult(digest.Bytes, problem);
        }
        catch (FormatException)
        {
            return new DrillResult(digest.Bytes, "Its receipt cannot be read.");
        }
        catch (RequestFailedException exception) when (ArchiveStore.IsOfArchiveTier(exception.ErrorCode))
        {
            return IsOf(entry, digest.Bytes, digest.Md5Hex, digest.Sha256)
                ? NotRead("receipt")
                : new DrillResult(
                    digest.Bytes,
                    $"Its content differs from its row in the ledger: {digest.Bytes} bytes and SHA-256 {digest.Sha256}, "
                        + $"not {entry.Bytes} bytes and {entry.Sha256}.");
        }
    }

    /// <summary>What is wrong; <see langword="null"/> for nothing.</summary>
    private async Task<string?> CompareAsync(
        LedgerEntry entry,
        Receipt receipt,
        HttpResponseMessage response,
        ContentDigest digest,
        ReadOnlyMemory<byte> beginning,
        CancellationToken cancellationToken)
    {
        if ((receipt.Region, receipt.Record.Id, receipt.Blob) != (entry.Region, entry.Id, entry.Blob))
        {
            return "Its receipt is of another object.";
        }

        var isOfRow = IsOf(entry, digest.Bytes, digest.Md5Hex, digest.Sha256);
        if ((digest.Bytes, digest.Md5Hex, digest.Sha256) != (receipt.Bytes, receipt.Md5, receipt.Sha256))
        {
            var row = isOfRow ? " Its row in the ledger is that of the content."
                : IsOf(entry, receipt.Bytes, receipt.Md5, receipt.Sha256) ? ""
                : $" Its row in the ledger differs from both: {entry.Bytes} bytes and {entry.Sha256}.";
            return $"Its content differs from its receipt: {digest.Bytes} bytes and SHA-256 {digest.Sha256}, "
                + $"not {receipt.Bytes} bytes and {receipt.Sha256}.{row}";
        }

        if (!isOfRow)
        {
            return $"Its content and its receipt differ from its row in the ledger: {digest.Bytes} bytes and SHA-256 {digest.Sha256}, "
                + $"not {entry.Bytes} bytes and {entry.Sha256}.";
        }

        var stored = (await store.FindAsync(entry.Blob!, cancellationToken))?.Headers;
        var (type, expected) = (stored?.ContentType ?? "none", ArchiveLayout.ContentType(receipt.Record));
        if (!string.Equals(type, expected, StringComparison.OrdinalIgnoreCase))
        {
            return $"Its Content-Type is \"{type}\", not \"{expected}\".";
        }

        if (response.Content.Headers.ContentDisposition is not { FileNameStar.Length: > 0 })
        {
            return "The link to its content gives the file no name.";
        }

        // Bytes that match 8x8's own checksum are what 8x8 has, whatever they are.
        return ContentCoding.Parse(stored?.ContentEncoding).Count == 0
            && !VerificationNames.IsProof(receipt.Verification)
            && !MediaHeader.Fits(receipt.Record.MimeType, beginning.Span)
                ? $"It does not begin as {receipt.Record.MimeType} does, and 8x8 gave no checksum that proves it."
                : null;
    }

    /// <summary>Whether the row says so of the content, as far as it says anything.</summary>
    private static bool IsOf(LedgerEntry row, long bytes, string md5, string sha256) =>
        (row.Bytes ?? bytes, row.Md5 ?? md5, row.Sha256 ?? sha256) == (bytes, md5, sha256);
}
