using Microsoft.AspNetCore.Http;
using Testing;

namespace Archiving.Testing;

/// <summary>Stands before the blobs of an account and answers in their place where a test says so, as Azure Storage would.</summary>
internal sealed class RefusingFront : BlobFront
{
    private RefusingFront(StorageAccount account)
        : base(account)
    {
    }

    /// <summary>The status and error code of a request for a path; <see langword="null"/> lets it through.</summary>
    public Func<string, (int Status, string Code)?> Answer { get; set; } = _ => null;

    /// <summary>Which requests are looked at.</summary>
    public Func<HttpRequest, bool> IsMeant { get; set; } = _ => true;

    public static Task<RefusingFront> StartAsync(StorageAccount account) => StartAsync(new RefusingFront(account));

    /// <inheritdoc/>
    protected override async Task<bool> TryHandleAsync(HttpContext context)
    {
        if (!IsMeant(context.Request) || Answer(Uri.UnescapeDataString(context.Request.Path)) is not var (status, code))
        {
            return false;
        }

        await FailAsync(context, status, code);
        return true;
    }
}
