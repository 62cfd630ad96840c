using System.Runtime.InteropServices;
using System.Security.Cryptography;
using EightByEight;

namespace Archiving.Listing;

/// <summary>
/// Remembers for up to an hour which records the ledger has shown to be archived, byte for byte as 8x8 gave them. Each
/// listing reaches back over what the one before has listed; what has not changed since need not be looked up again.
/// <para>
/// An archived object stays archived: verification, purging and requeuing check the ledger themselves. Only backfills
/// and reconciles distrust the ledger, and they do not use this class.
/// </para>
/// </summary>
/// <param name="timeProvider">Gives the time.</param>
internal sealed class ArchivedRecords(TimeProvider timeProvider)
{
    // About 50 bytes each: two generations are 13 MB at most.
    private const int MaxPerGeneration = 125_000;

    // What is found is never older than three of these: an hour.
    private static readonly TimeSpan GenerationLifetime = TimeSpan.FromMinutes(20);
    private readonly Lock _lock = new();
    private HashSet<(string Region, UInt128 Json)> _young = [];
    private HashSet<(string Region, UInt128 Json)> _old = [];
    private long _youngSince = timeProvider.GetTimestamp();

    /// <summary>Whether exactly this record was found archived within the hour.</summary>
    public bool Contains(string region, StorageObject record)
    {
        var fingerprint = Fingerprint(region, record);
        lock (_lock)
        {
            Forget();
            return _young.Contains(fingerprint) || _old.Contains(fingerprint);
        }
    }

    /// <summary>Remembers a record that the ledger knows as it is, and as archived.</summary>
    public void Add(string region, StorageObject record)
    {
        var fingerprint = Fingerprint(region, record);
        lock (_lock)
        {
            Forget();
            _young.Add(fingerprint);
        }
    }

    private void Forget()
    {
        var age = timeProvider.GetElapsedTime(_youngSince);
        if (age < GenerationLifetime && _young.Count < MaxPerGeneration)
        {
            return;
        }

        _old = age < 2 * GenerationLifetime ? _young : [];
        _young = [];
        _youngSince = timeProvider.GetTimestamp();
    }

    private static (string Region, UInt128 Json) Fingerprint(string region, StorageObject record)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(record.Json.ToMemory().Span, hash);
        return (region, MemoryMarshal.Read<UInt128>(hash));
    }
}
