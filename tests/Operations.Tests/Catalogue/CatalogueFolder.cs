using System.Globalization;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using DuckDB.NET.Data;
using Operations.Catalogue;

namespace Operations.Tests;

/// <summary>The catalogue as a reader has it: a copy of its files, asked with DuckDB.</summary>
internal sealed class CatalogueFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("catalogue-");
    private readonly DuckDBConnection _connection = new("Data Source=:memory:");

    private CatalogueFolder()
    {
    }

    /// <summary>Every file of the catalogue, by its name in the container.</summary>
    public IReadOnlyList<string> Names { get; private set; } = [];

    /// <summary>Where the copy is.</summary>
    public string Root => _folder.FullName;

    /// <summary>What <c>FROM</c> takes for the Parquet files.</summary>
    public string Parquet => $"read_parquet('{_folder.FullName}/_catalogue/region=*/month=*/objects.parquet', hive_partitioning = false)";

    /// <summary>What <c>FROM</c> takes for the CSV files.</summary>
    public string Csv => $"read_csv('{_folder.FullName}/_catalogue/region=*/month=*/objects.csv', hive_partitioning = false, all_varchar = true)";

    /// <summary>Copies what is there now.</summary>
    public static async Task<CatalogueFolder> DownloadAsync(BlobContainerClient container, CancellationToken cancellationToken)
    {
        var folder = new CatalogueFolder();
        var names = new List<string>();
        await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, CatalogueColumns.Folder, cancellationToken))
        {
            var path = folder.PathOf(blob.Name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await container.GetBlobClient(blob.Name).DownloadToAsync(path, cancellationToken);
            names.Add(blob.Name);
        }

        folder.Names = names;
        await folder._connection.OpenAsync(cancellationToken);
        await folder.QueryAsync("SET TimeZone = 'UTC'", cancellationToken);
        return folder;
    }

    /// <summary>Where the copy of a file is.</summary>
    public string PathOf(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>The rows that a query gives, each with its values as text.</summary>
    public async Task<List<string>> QueryAsync(string query, CancellationToken cancellationToken)
    {
        await using var command = _connection.CreateCommand();
        command.CommandText = query;
        var rows = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var values = new object[reader.FieldCount];
            reader.GetValues(values);
            rows.Add(string.Join('|', values.Select(Show)));
        }

        return rows;
    }

    public void Dispose()
    {
        _connection.Dispose();
        _folder.Delete(recursive: true);
    }

    internal static string Show(object? value) => value switch
    {
        null or DBNull => "",
        DateTime time => time.ToString("yyyy-MM-dd'T'HH:mm:ss.fff", CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(format: null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };
}
