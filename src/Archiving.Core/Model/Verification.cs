namespace Archiving.Model;

/// <summary>What of 8x8's claims about an object was checked against its bytes.</summary>
public enum Verification
{
    /// <summary>The MD5 of the content.</summary>
    Md5,

    /// <summary>The MD5 over the MD5s of the content's parts.</summary>
    MultipartMd5,

    /// <summary>The size alone, because 8x8 gave no checksum that can be calculated.</summary>
    Size,

    /// <summary>Nothing, because 8x8 gave neither checksum nor size. Two reads gave the same bytes.</summary>
    None,
}

/// <summary>The names that receipts and the ledger use.</summary>
public static class VerificationNames
{
    /// <summary><c>md5</c>, <c>multipart-md5</c>, <c>size</c> or <c>none</c>.</summary>
    public static string ToName(this Verification verification) => verification switch
    {
        Verification.Md5 => "md5",
        Verification.MultipartMd5 => "multipart-md5",
        Verification.Size => "size",
        _ => "none",
    };

    /// <summary>
    /// Whether <paramref name="name"/> says that a checksum of 8x8's matched the content: <c>md5</c> or <c>multipart-md5</c>. A size
    /// alone proves nothing of the bytes.
    /// </summary>
    public static bool IsProof(string? name) => name is "md5" or "multipart-md5";
}
