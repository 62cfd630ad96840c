using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace LocalHost.Http;

/// <summary>The key of <c>LocalHost__FunctionKey</c>. As with Core Tools, none is asked for unless it is set.</summary>
internal static class FunctionKey
{
    /// <summary>Whether a request may pass.</summary>
    /// <param name="key">The key; <see langword="null"/> for none.</param>
    /// <param name="request">The request, which gives its key in the header <c>x-functions-key</c> or the query's <c>code</c>.</param>
    public static bool Admits(string? key, HttpRequest request)
    {
        if (key is null)
        {
            return true;
        }

        var given = request.Headers["x-functions-key"].FirstOrDefault() ?? request.Query["code"].FirstOrDefault() ?? "";
        return CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(given)), SHA256.HashData(Encoding.UTF8.GetBytes(key)));
    }
}
