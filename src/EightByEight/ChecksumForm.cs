namespace EightByEight;

/// <summary>What an object's checksum is made of.</summary>
public enum ChecksumForm
{
    /// <summary>8x8 gave no checksum.</summary>
    None,

    /// <summary>The MD5 of the content: <see cref="StorageObject.Checksum"/> is 32 hex digits in lower case.</summary>
    Md5,

    /// <summary>
    /// The MD5 of the MD5s of the parts in which the content was stored: <see cref="StorageObject.Checksum"/> is 32 hex
    /// digits in lower case, a hyphen, and the number of parts.
    /// </summary>
    MultipartMd5,

    /// <summary>Something else, such as another algorithm: <see cref="StorageObject.Checksum"/> is what 8x8 gave.</summary>
    Unknown,
}
