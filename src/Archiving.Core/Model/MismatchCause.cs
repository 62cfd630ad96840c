namespace Archiving.Model;

/// <summary>Which of 8x8's claims the content contradicts.</summary>
public enum MismatchCause
{
    /// <summary>The response held more or fewer bytes than it announced.</summary>
    Length,

    /// <summary>The size in the record.</summary>
    Size,

    /// <summary>The MD5 in the record.</summary>
    Md5,

    /// <summary>The MD5 over parts in the record.</summary>
    MultipartMd5,

    /// <summary>No checksum proves the content, and what was sent cannot be the object: it is empty, or an error page.</summary>
    Implausible,
}
