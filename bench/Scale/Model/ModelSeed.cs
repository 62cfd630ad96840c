using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Storage;
using Operations.Catalogue;
using Operations.Status;

namespace Scale.Model;

/// <summary>The small tables as an archive of ten years leaves them.</summary>
internal static class ModelSeed
{
    /// <summary>A backfill of the last three years, which has listed everything and not archived it all.</summary>
    public const string RunId = "backfill-model";

    private const int YearsOfRun = 3;

    public static void Fill(ModelArchive archive, ModelStorage storage)
    {
        FillSummaries(archive, storage);
        FillIndex(archive, storage);
        FillListings(archive, storage);
        FillOperations(archive, storage);
    }

    private static void FillSummaries(ModelArchive archive, ModelStorage storage)
    {
        var firstOfRun = FirstDayOfRun(archive);
        storage.Run = (RunId, firstOfRun);
        storage.Put(LedgerChanges.TableName, new DayRow { RowKey = LedgerDays.CompleteKey });
        for (var day = 0; day < archive.Days.Count; day++)
        {
            for (var region = 0; region < ModelArchive.Regions.Length; region++)
            {
                if (archive.Count(day, region) is var count && count == 0)
                {
                    continue;
                }

                // Counted after the last change, except today.
                var changed = ModelObject.VerifiedAt(archive, day)?.AddHours(1) ?? archive.Days[day].AddHours(18);
                changed = day >= firstOfRun && changed < archive.Now.AddHours(-2) ? archive.Now.AddHours(-2) : changed;
                var isToday = day == archive.Days.Count - 1;
                var took = TimeSpan.FromSeconds((double)count / ModelLimits.EntitiesPerSecond);
                var row = DayRow.Create(
                    LedgerKey.Partition(ModelArchive.Regions[region], archive.Days[day]),
                    ModelArchive.Regions[region],
                    Summarize(archive, day, count),
                    "00112233445566778899aabbccddeeff",
                    isToday ? archive.Now.AddMinutes(-5) : changed.AddMinutes(10),
                    took);
                row.ChangedUntil = isToday ? archive.Now : changed;
                storage.Put(LedgerChanges.TableName, row);
            }
        }
    }

    private static Dictionary<string, TypeSummary> Summarize(ModelArchive archive, int day, int count)
    {
        var types = new Dictionary<string, TypeSummary>(StringComparer.Ordinal);
        for (var type = 0; type < ModelArchive.Types.Length; type++)
        {
            var objects = (count - type + ModelArchive.ObjectsPerCall - 1) / ModelArchive.ObjectsPerCall;
            var failed = Enumerable.Range(0, Math.Min(count, 10))
                .Count(index => index % ModelArchive.ObjectsPerCall == type && ModelObject.IsFailing(archive, day, index));
            var summary = new TypeSummary { Bytes = objects * 1_000_000L, OldestRead = ModelObject.VerifiedAt(archive, day) ?? archive.Days[day].AddHours(9) };
            summary.States[nameof(LedgerState.Archived)] = objects - failed;
            if (failed > 0)
            {
                summary.States[nameof(LedgerState.Failed)] = failed;
                summary.Unarchived[8] = failed;
                summary.OldestId = "o";
                summary.OldestCreatedTime = archive.Days[day].AddHours(8);
            }

            types[ModelArchive.Types[type]] = summary;
        }

        return types;
    }

    private static void FillIndex(ModelArchive archive, ModelStorage storage)
    {
        storage.Put(SearchIndex.TableName, new IndexDayRow
        {
            RowKey = IndexDayRow.StartKey,
            Key = Convert.ToHexStringLower(ModelStorage.IndexKey),
            Version = SearchIndex.Version,
            IsOpen = false,
        });
        foreach (var back in (int[])[0, 1])
        {
            foreach (var region in ModelArchive.Regions)
            {
                // Today is written to; rows of the day before are kept.
                var day = archive.Days[^(1 + back)];
                storage.Put(SearchIndex.TableName, new IndexDayRow
                {
                    RowKey = LedgerKey.Partition(region, day),
                    IsOpen = back == 0,
                    IsNoted = true,
                    IndexedTo = back == 0 ? archive.Now.AddMinutes(-5) : day.AddHours(18),
                });
            }
        }
    }

    private static void FillListings(ModelArchive archive, ModelStorage storage)
    {
        var now = archive.Now;
        foreach (var region in ModelArchive.Regions)
        {
            storage.Put(ListingStore.TableName, new WatermarkRow
            {
                RowKey = region,
                Region = region,
                StartFrom = archive.Days[0],
                Watermark = now.AddMinutes(-10),
                LastCompleted = now.AddMinutes(-9),
                Began = archive.Days[0],
            });
        }

        storage.Put(ListingStore.TableName, new RunRow
        {
            RowKey = RunId,
            Kind = nameof(WindowKind.Backfill),
            Regions = string.Join(',', ModelArchive.Regions),
            From = archive.Days[FirstDayOfRun(archive)],
            To = now,
            StartedAt = now.AddHours(-6),
            CompletedAt = now.AddHours(-3),
            Planned = ModelArchive.Regions.Length,
        });
        var listed = archive.Objects / archive.Days.Count * (archive.Days.Count - FirstDayOfRun(archive));
        storage.Put(ListingStore.TableName, new RunCountsRow
        {
            PartitionKey = $"run|{RunId}",
            RowKey = $"{RunCountsRow.FirstKey}0",
            Planned = 3000,
            Completed = 3000,
            Listed = listed,
            Enqueued = listed,
        });
    }

    private static void FillOperations(ModelArchive archive, ModelStorage storage)
    {
        foreach (var month in archive.Days.Select(day => $"{day:yyyy-MM}").Distinct())
        {
            foreach (var region in ModelArchive.Regions)
            {
                storage.Put(OperationsTable.TableName, new CatalogueMonthRow
                {
                    RowKey = CatalogueMonthRow.KeyOf(region, month),
                    Region = region,
                    Month = month,
                    Wanted = "digest",
                    Built = "digest",
                    BuiltAt = archive.Now.AddDays(-1),
                    Rows = archive.Objects / 480,
                    ParquetBytes = archive.Objects / 480 * 200,
                });
            }
        }

        storage.Put(OperationsTable.TableName, new CataloguePlanRow { Since = archive.Days[0], PlannedAt = archive.Now.AddHours(-14) });
        for (var sample = archive.Now.AddDays(-8); sample <= archive.Now; sample = sample.AddMinutes(5))
        {
            storage.Put(OperationsTable.TableName, new StatusHistory.Row
            {
                PartitionKey = $"status|{sample:yyyyMMdd}",
                RowKey = $"{sample:HHmmss}",
                At = sample,
                Archived = archive.Objects,
            });
        }
    }

    private static int FirstDayOfRun(ModelArchive archive) => archive.Days.Count * (10 - YearsOfRun) / 10;
}
