using Archiving.Model;
using Archiving.Queues;

namespace Archiving.Listing;

/// <summary>
/// Cuts a window that spans years into windows of a day, in two steps: each is a short piece of work of its own, and one that
/// is delivered again finds done what it did before.
/// </summary>
public sealed class WindowCutter(WindowSender sender, ListingStore store, ReceiptDays receiptDays)
{
    private const int MaxParts = 100;

    /// <summary>Sends the parts of a window. For a rebuild these are the days that the container holds.</summary>
    /// <returns>An empty count: the parts have their own.</returns>
    public async Task<WindowRow> CutAsync(WindowMessage window, CancellationToken cancellationToken)
    {
        var parts = window.Kind == WindowKind.Rebuild ? await FindDaysAsync(window, cancellationToken) : Cut(window);
        await sender.SendPartsAsync(parts, cancellationToken);
        return new WindowRow();
    }

    /// <summary>Sends the windows of a run and region again that are not done: their messages may be lost.</summary>
    /// <returns>An empty count: the windows have their own.</returns>
    public async Task<WindowRow> ResumeAsync(WindowMessage run, CancellationToken cancellationToken)
    {
        var rows = await store.ReadWindowsAsync(run.RunId!, cancellationToken);
        var undone = rows.Where(row => !row.Done && row.Region == run.Region).OrderBy(row => row.From);
        await sender.QueueAsync(
            undone.Select(row => run with { From = row.From, To = row.To, IsCut = row.IsCut, IsResumed = false, IsSentAgain = true, Deferrals = 0 }),
            cancellationToken);
        return new WindowRow();
    }

    private static List<WindowMessage> Cut(WindowMessage window)
    {
        var days = ListingPlanner.Cut(window.From, window.To).ToList();
        return
        [
            .. days.Chunk((days.Count + MaxParts - 1) / MaxParts)
                .Select(part => window with { From = part[0].From, To = part[^1].To, IsCut = part.Length > 1, Deferrals = 0 }),
        ];
    }

    private async Task<List<WindowMessage>> FindDaysAsync(WindowMessage window, CancellationToken cancellationToken)
    {
        var days = await receiptDays.FindAsync(window.Region, window.From, window.To, cancellationToken);
        return [.. days.Select(day => window with { From = day, To = day.AddDays(1), IsCut = false, Deferrals = 0 })];
    }
}
