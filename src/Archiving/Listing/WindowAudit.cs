using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using EightByEight;

namespace Archiving.Listing;

/// <summary>
/// One window's comparison, page by page in order of <c>createdTime</c>. A record of the last second of a page waits
/// for the next page, which begins with that second and can hold more of it.
/// </summary>
public sealed class WindowAudit
{
    private readonly Func<string, bool> _isListed;
    private readonly Func<StorageObject, bool> _isAtRisk;
    private readonly Func<LedgerEntry, bool> _isForgotten;
    private readonly NameSet _receipts;
    private readonly DateTimeOffset _readAt;
    private readonly List<LedgerKey> _forgotten = [];
    private Dictionary<LedgerKey, (DateTimeOffset Created, Finding Finding, bool IsAtRisk)> _waiting = [];
    private long _listed;
    private long _archived;
    private long _expired;
    private long _missing;
    private long _changed;
    private long _onlyHere;
    private long _atRisk;

    internal WindowAudit(
        DateTimeOffset from,
        NameSet receipts,
        DateTimeOffset readAt,
        Func<string, bool> isListed,
        Func<StorageObject, bool> isAtRisk,
        Func<LedgerEntry, bool> isForgotten)
    {
        Since = from;
        _receipts = receipts;
        _readAt = readAt;
        _isListed = isListed;
        _isAtRisk = isAtRisk;
        _isForgotten = isForgotten;
    }

    /// <summary>Everything before this time has been compared.</summary>
    public DateTimeOffset Since { get; private set; }

    /// <summary>
    /// Whether an archived object has its receipt. One that was archived after the receipts were read has written it before its row.
    /// </summary>
    internal bool IsProven(LedgerEntry entry) =>
        entry.Blob is { } blob && (_receipts.Contains(ArchiveLayout.ReceiptName(blob)) || entry.ArchivedAt >= _readAt);

    /// <summary>Rows of objects that 8x8 does not list, and that failed, or wait for a message which may be lost.</summary>
    internal IReadOnlyCollection<LedgerKey> Forgotten => _forgotten;

    /// <summary>Compares a page.</summary>
    /// <param name="page">What the intake made of it, with the ledger's rows from <see cref="Since"/> on.</param>
    /// <param name="until">Everything before this time has been listed.</param>
    public void TakePage(IntakePage page, DateTimeOffset until)
    {
        foreach (var intake in page.Records)
        {
            _waiting[intake.Key] = (LedgerKey.CreatedTime(intake.Record), intake.Finding, _isAtRisk(intake.Record));
        }

        foreach (var entry in page.Others)
        {
            TakeRow(entry, until);
        }

        Settle(until);
    }

    /// <summary>Takes in a row that may speak of an object that 8x8 no longer has.</summary>
    internal void TakeRow(LedgerEntry entry, DateTimeOffset until)
    {
        var key = entry.Key;
        if (entry.CreatedTime < Since || entry.CreatedTime >= until || !_isListed(entry.Type) || _waiting.ContainsKey(key))
        {
            return;
        }

        if (entry.IsInArchive())
        {
            _onlyHere++;
        }
        else if (_isForgotten(entry))
        {
            _forgotten.Add(key);
        }
    }

    /// <summary>Counts what was made before a time; all that comes later was made at that time or after it.</summary>
    internal void Settle(DateTimeOffset until)
    {
        var left = new Dictionary<LedgerKey, (DateTimeOffset Created, Finding Finding, bool IsAtRisk)>();
        foreach (var (key, (created, finding, isAtRisk)) in _waiting)
        {
            if (created >= until)
            {
                left[key] = (created, finding, isAtRisk);
                continue;
            }

            _listed++;
            _archived += finding == Finding.Archived ? 1 : 0;
            _expired += finding == Finding.Expired ? 1 : 0;
            _missing += finding == Finding.Missing ? 1 : 0;
            _changed += finding == Finding.Changed ? 1 : 0;
            _atRisk += finding is not (Finding.Archived or Finding.Expired) && isAtRisk ? 1 : 0;
        }

        _waiting = left;
        Since = until > Since ? until : Since;
    }

    internal WindowRow ToCounts(long restored) => new()
    {
        Listed = _listed,
        Archived = _archived,
        Expired = _expired,
        Missing = _missing,
        Changed = _changed,
        OnlyHere = _onlyHere,
        AtRisk = _atRisk,
        Restored = restored,
    };
}
