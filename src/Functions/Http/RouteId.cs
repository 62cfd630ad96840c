namespace Functions.Http;

/// <summary>An object's ID in the path of a request.</summary>
internal static class RouteId
{
    /// <summary>
    /// The ID that a part of the path stands for. The web server decodes a path and leaves an encoded slash in it as it is, so
    /// what arrives for <c>a/b</c> and for <c>a%2Fb</c> can be the same. It is therefore always decoded once more, and an ID that
    /// holds a slash or a percent sign is encoded twice: each address stands for one ID, whichever are on record.
    /// </summary>
    public static string Decode(string part) => Uri.UnescapeDataString(part);
}
