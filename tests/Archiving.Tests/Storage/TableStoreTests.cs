using Archiving.Storage;
using Azure.Data.Tables;
using Testing;

namespace Archiving.Tests;

/// <summary>The gateway to a table, by the one that any class may use.</summary>
public sealed class TableStoreTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Table_store_deletes_the_other_rows_when_one_was_deleted_meanwhile()
    {
        var table = new OperationsTable(azurite.NewAccount().Tables);
        var rows = Enumerable.Range(0, 150).Select(number => new TableEntity("partition", $"row-{number:D3}")).ToList();
        await Task.WhenAll(rows.Select(row => table.WriteAsync(row, Cancellation)));
        await table.DeleteAsync("partition", "row-007", Cancellation);

        await table.DeleteAsync(rows, Cancellation);

        Assert.Empty(await table.ReadAsync<TableEntity>("partition", Cancellation));
    }
}
