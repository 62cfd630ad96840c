using System.Runtime.CompilerServices;
using Archiving.Model;
using Archiving.Storage;

namespace Operations.Access;

/// <summary>Which lines of the audit log are wanted. What is <see langword="null"/> does not matter.</summary>
public sealed record AuditFilter
{
    /// <summary>Written at this time or later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Written before this time.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Of the actor with this object id or name, in any case.</summary>
    public string? Actor { get; init; }

    /// <summary>About the object with this id, or <c>region/id</c>.</summary>
    public string? Object { get; init; }

    internal bool Matches(AuditItem item) =>
        (Actor is null || FoldedText.AreEqual(item.Actor?.Id, Actor) || FoldedText.AreEqual(item.Actor?.Name, Actor))
        && (Object is null || item.Id == Object || (item.Id is not null && $"{item.Region}/{item.Id}" == Object));
}

/// <summary>A line of the audit log, as people see it.</summary>
/// <param name="Time">When it was written.</param>
/// <param name="Actor">Who.</param>
/// <param name="Roles">Its roles.</param>
/// <param name="Action">What; <see cref="Unreadable"/> for a line that is none.</param>
/// <param name="Region">8x8's region of the object.</param>
/// <param name="Id">8x8's id of the object.</param>
/// <param name="Parameters">What else the request said.</param>
/// <param name="Case">The case.</param>
/// <param name="Outcome">What became of it.</param>
public sealed record AuditItem(
    DateTimeOffset Time,
    AuditActor? Actor,
    IReadOnlyList<string> Roles,
    string Action,
    string? Region,
    string? Id,
    IReadOnlyDictionary<string, string>? Parameters,
    string? Case,
    string Outcome)
{
    /// <summary>The action of a line that cannot be read, because it was changed.</summary>
    public const string Unreadable = "Unreadable";
}

/// <summary>A page of the audit log.</summary>
/// <param name="Items">The lines, newest first.</param>
/// <param name="Next">Where the next page begins; <see langword="null"/> on the last.</param>
public sealed record AuditPage(IReadOnlyList<AuditItem> Items, AuditPosition? Next);

/// <summary>
/// Reads the audit log, newest first. Each instance has written its own blobs; a blob is opened only when its last line
/// may be the newest that is left, and is read from its end, or from where the page begins. A request reads a bounded
/// number of lines and then returns where to continue, even with a page that is not full.
/// </summary>
public sealed class AuditReader(AuditContainer container, TimeProvider timeProvider)
{
    /// <summary>Maximum number of lines of a page.</summary>
    public const int MaxLines = 200;

    private const int MaxLinesRead = 20_000;
    private static readonly TimeSpan MaxDuration = TimeSpan.FromSeconds(5);

    // Lines have the time of the instance, blobs that of the storage.
    private static readonly TimeSpan MaxSkew = TimeSpan.FromMinutes(5);

    /// <summary>Reads a page.</summary>
    /// <param name="filter">Which lines.</param>
    /// <param name="after">Where the page begins; <see langword="null"/> for the first.</param>
    /// <param name="limit">Maximum number of lines.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<AuditPage> ReadAsync(AuditFilter filter, AuditPosition? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, MaxLines);
        try
        {
            return await FindAsync(filter, after, limit, cancellationToken);
        }
        catch (Exception exception) when (StorageOutage.Archive(exception) is { } outage)
        {
            throw outage;
        }
    }

    private async Task<AuditPage> FindAsync(AuditFilter filter, AuditPosition? after, int limit, CancellationToken cancellationToken)
    {
        var started = timeProvider.GetTimestamp();
        var found = new List<AuditItem>();
        var read = 0;
        var last = after;
        await foreach (var (item, position) in ReadLinesAsync(filter, after, cancellationToken))
        {
            if (item.Time < filter.From)
            {
                break;
            }

            if (found.Count == limit || read == MaxLinesRead || (read > 0 && timeProvider.GetElapsedTime(started) >= MaxDuration))
            {
                return new AuditPage(found, last);
            }

            read++;
            last = position;
            if (filter.Matches(item))
            {
                found.Add(item);
            }
        }

        return new AuditPage(found, Next: null);
    }

    private async IAsyncEnumerable<(AuditItem Item, AuditPosition Position)> ReadLinesAsync(
        AuditFilter filter,
        AuditPosition? after,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Everything at this time or later is left out, but for lines of this very time that come after the position.
        var start = after ?? new AuditPosition(filter.To ?? DateTimeOffset.MaxValue);
        var to = start.Time < timeProvider.GetUtcNow() ? start.Time : timeProvider.GetUtcNow().AddDays(1);
        await foreach (var day in container.ListDaysAsync(DayOf(filter.From ?? DateTimeOffset.MinValue), DayOf(to), cancellationToken))
        {
            var blobs = new PriorityQueue<AuditTail, AuditPosition>(Comparer<AuditPosition>.Create(AuditPosition.Compare));
            await foreach (var blob in container.ListBlobsAsync(day, cancellationToken))
            {
                var newest = FindNewest(day, blob.Properties.LastModified);
                blobs.Enqueue(
                    new AuditTail(container.Client, blob.Name, blob.Properties.ContentLength ?? 0, newest, start),
                    new AuditPosition(newest, blob.Name, long.MaxValue));
            }

            while (blobs.TryDequeue(out var tail, out _))
            {
                // The first time it only finds its place among the others.
                if (tail.Current is { } line)
                {
                    yield return line;
                }

                if (await tail.MoveNextAsync(cancellationToken) is { } next)
                {
                    blobs.Enqueue(tail, next);
                }
            }
        }
    }

    /// <summary>A time than which no line of a blob is newer.</summary>
    private static DateTimeOffset FindNewest(DateOnly day, DateTimeOffset? lastModified) => lastModified is { } time && DayOf(time) == day
        ? time + MaxSkew
        : new DateTimeOffset(day.AddDays(1), TimeOnly.MinValue, TimeSpan.Zero);

    private static DateOnly DayOf(DateTimeOffset time) => DateOnly.FromDateTime(time.UtcDateTime);
}
