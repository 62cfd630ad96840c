using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Archiving.Model;

/// <summary>
/// A set of blob names in sixteen bytes each, by the beginning of their SHA-256: a day of a large account has a hundred
/// thousand receipts, and many windows are compared at once. A collision of two names is too improbable to matter.
/// </summary>
public sealed class NameSet
{
    private readonly HashSet<UInt128> _hashes = [];

    /// <summary>Adds a name.</summary>
    public void Add(string name) => _hashes.Add(Hash(name));

    /// <summary>Whether a name was added.</summary>
    public bool Contains(string name) => _hashes.Contains(Hash(name));

    private static UInt128 Hash(string name)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(name), hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }
}
