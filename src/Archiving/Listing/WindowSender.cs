using Archiving.Queues;

namespace Archiving.Listing;

/// <summary>Sends windows. They are recorded before, so that their run never looks complete while one of them is missing.</summary>
public sealed class WindowSender(ListingStore store, WorkQueues queues)
{

    /// <summary>Sends the windows of a run that begins, or is resumed.</summary>
    public async Task StartRunAsync(string runId, RunRow run, IReadOnlyCollection<WindowMessage> windows, CancellationToken cancellationToken)
    {
        await store.AddWindowsAsync(windows, cancellationToken);
        await store.WriteRunAsync(runId, run, cancellationToken);
        await QueueAsync(windows, cancellationToken);
    }

    /// <summary>Sends the parts that a window of a run, or one by itself, was split into.</summary>
    public async Task SendPartsAsync(IReadOnlyCollection<WindowMessage> parts, CancellationToken cancellationToken)
    {
        await store.AddWindowsAsync([.. parts.Where(part => part.RunId is not null)], cancellationToken);
        await QueueAsync(parts, cancellationToken);
    }

    /// <summary>Sends windows that are on record, the first ones first.</summary>
    public Task QueueAsync(IEnumerable<WindowMessage> windows, CancellationToken cancellationToken) =>
        queues.SendAllAsync(QueueNames.ListWindows, windows, cancellationToken);
}
