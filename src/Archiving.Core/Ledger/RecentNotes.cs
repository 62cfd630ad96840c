using System.Collections.Concurrent;

namespace Archiving.Ledger;

/// <summary>
/// Notes about partitions that are good for some seconds, in which they are not written again. A caller that comes while a note is
/// being written waits for that one.
/// </summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="write">Writes the note of a partition. It is not cancelled with its first caller, because others wait for it.</param>
internal sealed class RecentNotes(TimeProvider timeProvider, Func<string, Task> write)
{
    private const int MaxRemembered = 10_000;
    private readonly ConcurrentDictionary<string, (long At, Task Written)> _notes = new(StringComparer.Ordinal);

    /// <summary>How long a note is good.</summary>
    public static TimeSpan Lifetime { get; } = TimeSpan.FromSeconds(5);

    /// <summary>Writes the note of a partition, unless one is good or being written.</summary>
    public Task NoteAsync(string partition, CancellationToken cancellationToken)
    {
        var now = timeProvider.GetTimestamp();
        if (!_notes.TryGetValue(partition, out var note)
            || timeProvider.GetElapsedTime(note.At, now) >= Lifetime
            || note.Written is { IsFaulted: true } or { IsCanceled: true })
        {
            if (_notes.Count > MaxRemembered)
            {
                _notes.Clear();
            }

            _notes[partition] = note = (now, write(partition));
        }

        return note.Written.WaitAsync(cancellationToken);
    }

    /// <summary>Takes no earlier note for good any more.</summary>
    public void Clear() => _notes.Clear();
}
