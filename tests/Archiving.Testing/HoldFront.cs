using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Testing;

namespace Archiving.Testing;

/// <summary>
/// Stands before Azurite and does what Azurite does not: Set Blob Legal Hold, as the REST reference of Blob Storage has it
/// (<c>comp=legalhold</c>, <c>x-ms-legal-hold: true|false</c>, 200 with the header, 404 without a blob), the header in
/// the properties of a blob on hold, and 409 BlobImmutableDueToLegalHold for a request to delete it.
/// </summary>
internal sealed class HoldFront : BlobFront
{
    private HoldFront(StorageAccount account)
        : base(account)
    {
    }

    /// <summary>The blobs on hold.</summary>
    public ConcurrentDictionary<string, bool> Held { get; } = new(StringComparer.Ordinal);

    /// <summary>What a hold and its release are refused with: a status and a code; <see langword="null"/> to do as told.</summary>
    public (int Status, string Code)? Refusal { get; set; }

    public static Task<HoldFront> StartAsync(StorageAccount account) => StartAsync(new HoldFront(account));

    protected override async Task<bool> TryHandleAsync(HttpContext context)
    {
        var (container, blob) = NameOf(context);
        if (context.Request.Method == "DELETE" && Held.ContainsKey(blob))
        {
            await FailAsync(context, 409, "BlobImmutableDueToLegalHold");
            return true;
        }

        if (context.Request.Method == "HEAD" && Held.ContainsKey(blob))
        {
            context.Response.OnStarting(() =>
            {
                context.Response.Headers["x-ms-legal-hold"] = "true";
                return Task.CompletedTask;
            });
        }

        if (context.Request.Method != "PUT" || context.Request.Query["comp"] != "legalhold")
        {
            return false;
        }

        if (Refusal is var (status, code))
        {
            await FailAsync(context, status, code);
        }
        else if (context.Request.Headers["x-ms-legal-hold"] is not ["true" or "false"] || context.Request.Headers["x-ms-version"].Count == 0)
        {
            await FailAsync(context, 400, "InvalidHeaderValue");
        }
        else if (!await Account.Blobs.GetBlobContainerClient(container).GetBlobClient(blob).ExistsAsync(context.RequestAborted))
        {
            await FailAsync(context, 404, "BlobNotFound");
        }
        else
        {
            var isHeld = context.Request.Headers["x-ms-legal-hold"] == "true";
            _ = isHeld ? Held.TryAdd(blob, true) : Held.TryRemove(blob, out _);
            context.Response.StatusCode = 200;
            context.Response.Headers["x-ms-legal-hold"] = isHeld ? "true" : "false";
        }

        return true;
    }
}
