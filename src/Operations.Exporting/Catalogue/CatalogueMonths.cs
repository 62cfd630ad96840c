using Archiving.Model;
using Archiving.Storage;

namespace Operations.Catalogue;

/// <summary>What is built of the catalogue, and what is to be built: rows of the table <c>operations</c>.</summary>
public sealed class CatalogueMonths(OperationsTable table, TimeProvider timeProvider) : IStorageResource
{
    /// <inheritdoc/>
    Task IStorageResource.CreateAsync(CancellationToken cancellationToken) => ReadPlanAsync(cancellationToken);

    /// <summary>Every month.</summary>
    /// <exception cref="OutageException">The storage does not work.</exception>
    internal async Task<IReadOnlyList<CatalogueMonthRow>> ReadAsync(CancellationToken cancellationToken) =>
        [.. (await table.ReadAsync<CatalogueMonthRow>(CatalogueMonthRow.Partition, cancellationToken)).Where(row => row.RowKey != CataloguePlanRow.Key)];

    /// <summary>A month; <see langword="null"/> when it never came up.</summary>
    internal Task<CatalogueMonthRow?> FindAsync(string region, string month, CancellationToken cancellationToken) =>
        table.FindAsync<CatalogueMonthRow>(CatalogueMonthRow.Partition, CatalogueMonthRow.KeyOf(region, month), cancellationToken);

    /// <summary>Changes a month's row, on top of what others have changed meanwhile.</summary>
    /// <param name="region">8x8's region.</param>
    /// <param name="month">The month.</param>
    /// <param name="change">What to change; <see langword="false"/> to leave the row as it is.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    /// <returns>Whether it was changed.</returns>
    internal async Task<bool> UpdateAsync(string region, string month, Func<CatalogueMonthRow, bool> change, CancellationToken cancellationToken)
    {
        string? write = null;
        while (true)
        {
            var row = await FindAsync(region, month, cancellationToken)
                ?? new CatalogueMonthRow { RowKey = CatalogueMonthRow.KeyOf(region, month), Region = region, Month = month };
            if (write is not null && row.Write == write)
            {
                // The client sent it again because the answer was lost, and was told that the row has changed since it was read.
                return true;
            }

            if (!change(row))
            {
                return false;
            }

            row.Write = write = Guid.NewGuid().ToString("N");
            if (await table.TryWriteAsync(row, cancellationToken))
            {
                return true;
            }
        }
    }

    /// <summary>When the catalogue was last planned, and since when it is expected: since now, if nothing says it.</summary>
    internal async Task<CataloguePlanRow> ReadPlanAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await table.FindAsync<CataloguePlanRow>(CatalogueMonthRow.Partition, CataloguePlanRow.Key, cancellationToken) is { } row)
            {
                return row;
            }

            await table.TryWriteAsync(new CataloguePlanRow { Since = timeProvider.GetUtcNow() }, cancellationToken);
        }
    }

    /// <summary>Notes that the catalogue was planned.</summary>
    internal async Task NotePlanAsync(CancellationToken cancellationToken)
    {
        var plan = await ReadPlanAsync(cancellationToken);
        plan.PlannedAt = timeProvider.GetUtcNow();
        await table.WriteAsync(plan, cancellationToken);
    }
}
