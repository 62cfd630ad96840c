using Archiving.Archive;

namespace Archiving.Listing;

/// <summary>Finds the days of which the container holds objects, by its folders <c>{region}/{type}/{yyyy}/{MM}/{dd}</c>.</summary>
public sealed class ReceiptDays(ArchiveStore archive)
{
    /// <summary>The days in <c>[from, to)</c>, in order; folders of other years and months are not looked into.</summary>
    /// <param name="region">8x8's region.</param>
    /// <param name="from">A time of the first day.</param>
    /// <param name="to">The end, which is not part of it.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    public async Task<IReadOnlyCollection<DateTimeOffset>> FindAsync(string region, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var first = ArchiveLayout.DayFolder(from);
        var last = ArchiveLayout.DayFolder(to.AddTicks(-1));
        var days = new SortedSet<DateTimeOffset>();
        await foreach (var type in archive.ListFoldersAsync(ArchiveLayout.RegionFolder(region), cancellationToken))
        {
            await foreach (var year in FoldersAsync(type, type))
            {
                await foreach (var month in FoldersAsync(type, year))
                {
                    await foreach (var day in FoldersAsync(type, month))
                    {
                        if (ArchiveLayout.TryParseDayFolder(day[type.Length..], out var date))
                        {
                            days.Add(date);
                        }
                    }
                }
            }
        }

        return days;

        async IAsyncEnumerable<string> FoldersAsync(string type, string folder)
        {
            await foreach (var below in archive.ListFoldersAsync(folder, cancellationToken))
            {
                var date = below[type.Length..];
                if (date.Length <= first.Length
                    && string.CompareOrdinal(date, first[..date.Length]) >= 0
                    && string.CompareOrdinal(date, last[..date.Length]) <= 0)
                {
                    yield return below;
                }
            }
        }
    }
}
