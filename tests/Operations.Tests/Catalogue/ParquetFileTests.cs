using Archiving.Archive;
using Archiving.Model;
using Operations.Catalogue;
using Testing;

namespace Operations.Tests;

/// <summary>A file that is written page by page says to a reader what was written, whatever the values are.</summary>
public sealed class ParquetFileTests(AzuriteFixture azurite)
{
    private const string Name = "_catalogue/region=us-east/month=2026-03/objects.parquet";
    private static readonly DateTime Start = new(2026, 3, 1, 0, 0, 0, DateTimeKind.Utc);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task File_holds_absent_empty_foreign_and_long_values_and_more_different_ones_than_a_dictionary()
    {
        var rows = Enumerable.Range(0, 24_000).Select(number => Row(
            number,
            person: number < 1_000 ? null : $"Person {number}",
            name: (number % 4) switch { 0 => null, 1 => "", 2 => "Zoë 😀", _ => new string('x', number % 200) },
            duration: number % 3 == 0 ? null : (number - 12_000) / 8.0)).ToList();
        using var folder = await WriteAsync(rows, new CatalogueLimits { RowsPerGroup = 20_000 });

        Assert.Equal(
            rows.Select(row => string.Join(
                '|',
                row.Id,
                CatalogueFolder.Show(row.CreatedTime),
                row.Bytes,
                CatalogueFolder.Show(row.DurationSeconds),
                row.Facts.Person ?? "none",
                row.Facts.Queue ?? "none",
                row.ObjectName ?? "none",
                row.State)),
            await folder.QueryAsync(
                $"""
                SELECT id, createdTime, bytes, durationSeconds, coalesce(person, 'none'), coalesce(queue, 'none'), coalesce(objectName, 'none'), state
                FROM {folder.Parquet} ORDER BY createdTime
                """,
                Cancellation));
        Assert.Equal(
            ["PLAIN, RLE, RLE_DICTIONARY", "RLE, RLE_DICTIONARY"],
            await folder.QueryAsync(
                $"SELECT DISTINCT encodings FROM parquet_metadata('{folder.PathOf(Name)}') WHERE path_in_schema IN ('person', 'state') ORDER BY 1",
                Cancellation));
    }

    [Fact]
    public async Task Row_groups_tell_what_is_in_them_except_for_values_that_are_long()
    {
        var rows = Enumerable.Range(0, 50).Select(number => Row(
            number,
            person: number % 2 == 0 ? null : number == 31 ? "é" : "Ann",
            name: new string('x', number == 7 ? 65 : 64),
            duration: 0.5 - number)).ToList();
        using var folder = await WriteAsync(rows, new CatalogueLimits { RowsPerGroup = 50 });

        Assert.Equal(
            [
                "id|50|0|object-00000|object-00049",
                "createdTime|50|0|2026-03-01 00:00:00+00|2026-03-01 00:00:49+00",
                "bytes|50|0|0|49",
                "durationSeconds|50|0|-48.5|0.5",
                "person|50|25|Ann|é",
                "objectName|50|0||",
                "sha256|50|50||",
            ],
            await folder.QueryAsync(
                $"""
                SELECT path_in_schema, num_values, stats_null_count, stats_min_value, stats_max_value FROM parquet_metadata('{folder.PathOf(Name)}')
                WHERE path_in_schema IN ('id', 'createdTime', 'bytes', 'durationSeconds', 'person', 'objectName', 'sha256') ORDER BY column_id
                """,
                Cancellation));
    }

    [Theory]
    [InlineData(100, int.MaxValue, "100|100|50")]
    [InlineData(80, int.MaxValue, "100|100|50")]
    [InlineData(int.MaxValue, 1, "50|50|50|50|50")]
    [InlineData(int.MaxValue, int.MaxValue, "250")]
    public async Task Row_group_ends_when_it_has_enough_rows_or_bytes(int rows, int bytes, string sizes)
    {
        using var folder = await WriteAsync(
            [.. Enumerable.Range(0, 250).Select(number => Row(number))],
            new CatalogueLimits { RowsPerGroup = rows, BytesPerGroup = bytes, RowsPerSlice = 50 });

        Assert.Equal(
            sizes.Split('|'),
            await folder.QueryAsync(
                $"SELECT row_group_num_rows FROM parquet_metadata('{folder.PathOf(Name)}') WHERE column_id = 0 ORDER BY row_group_id",
                Cancellation));
    }

    [Fact]
    public async Task File_of_hundreds_of_row_groups_can_be_left_to_another_run()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var archive = pipeline.Get<ArchiveStore>();
        var limits = new CatalogueLimits { RowsPerGroup = 1 };
        var rows = Enumerable.Range(0, 300).Select(number => Row(number, person: $"Person {number}", sha256: new string('e', 64))).ToList();
        var row = new CatalogueMonthRow();
        StagedPart? staged = null;
        foreach (var run in new[] { "first-ru", "second-r" })
        {
            var file = new ParquetFile(new StagedFile(archive, Name, run, staged), limits, row.Groups);
            foreach (var group in rows.Skip(run == "first-ru" ? 0 : 150).Take(150))
            {
                await file.WriteAsync([group], Cancellation);
            }

            (staged, row.Groups) = await file.SuspendAsync(Cancellation);
        }

        var third = new ParquetFile(new StagedFile(archive, Name, "third-ru", staged), limits, row.Groups);
        await third.StageAsync(Cancellation);
        await third.CommitAsync(Cancellation);

        Assert.InRange(row.Groups!.Length, 1, 200_000);
        using var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);
        Assert.Equal(rows.Select(item => item.Id), await folder.QueryAsync($"SELECT id FROM {folder.Parquet} ORDER BY createdTime", Cancellation));
    }

    private static CatalogueRow Row(int number, string? person = "Ann", string? name = "a.mp3", double? duration = 1, string? sha256 = null) => new()
    {
        Region = "us-east",
        Id = $"object-{number:D5}",
        Type = "voicemail",
        CreatedTime = Start.AddSeconds(number),
        ArchivedAt = Start.AddDays(1),
        Bytes = number,
        DurationSeconds = duration,
        Facts = new CallFacts(Direction: null, person, PersonId: null, Number: null, OtherParty: null, Queue: null, Agent: null),
        CallId = null,
        ObjectName = name,
        Blob = $"us-east/voicemail/2026/03/01/object-{number:D5}.mp3",
        Md5 = null,
        Sha256 = sha256,
        Verification = "md5",
        State = "Archived",
        Tags = "[]",
    };

    private async Task<CatalogueFolder> WriteAsync(List<CatalogueRow> rows, CatalogueLimits limits)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var file = new ParquetFile(new StagedFile(pipeline.Get<ArchiveStore>(), Name, "only-run", staged: null), limits, groups: null);
        foreach (var page in rows.Chunk(limits.RowsPerSlice))
        {
            await file.WriteAsync(page, Cancellation);
        }

        await file.StageAsync(Cancellation);
        var bytes = await file.CommitAsync(Cancellation);
        var folder = await CatalogueFolder.DownloadAsync(pipeline.Container, Cancellation);
        Assert.Equal(new FileInfo(folder.PathOf(Name)).Length, bytes);
        return folder;
    }
}
