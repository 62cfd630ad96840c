using Azure;
using Azure.Core;

namespace EightByEight;

/// <summary>An answer, and who gave it after which redirects.</summary>
/// <param name="Message">The request that was answered.</param>
/// <param name="Call">What errors call it: the address that 8x8 redirects to is a secret.</param>
/// <param name="IsFromRedirectTarget">Whether another host than 8x8's answered.</param>
/// <param name="RetryAfter">For how long it asks not to be called again.</param>
internal sealed record ServedResponse(HttpMessage Message, string Call, bool IsFromRedirectTarget, TimeSpan? RetryAfter) : IDisposable
{
    public Response Response => Message.Response;

    public int Status => Response.Status;

    public CloudStorageException ToException(string message, Exception? innerException = null) =>
        new(Status, message, Origin(Message), IsFromRedirectTarget, RetryAfter, innerException)
        {
            IsRefusal = !EffectPolicy.MayHaveHadEffect(Message),
        };

    public static string Origin(HttpMessage message) => message.Request.Uri.ToUri().GetLeftPart(UriPartial.Authority);

    public void Dispose() => Message.Dispose();
}
