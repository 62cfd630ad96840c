using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Azure;
using EightByEight;
using Simulator.Objects;

namespace Archiving.Tests.Simulation;

/// <summary>8x8 in memory: the simulator's own store and search, without HTTP.</summary>
internal sealed class InMemoryCloud(World world, ObjectStore store, int pageSize) : CloudStorageClient
{
    public long DeepestPageKey { get; private set; }

    public override Task<IReadOnlyList<string>> GetRegionsAsync(string discoveryRegion, CancellationToken cancellationToken = default) =>
        world.StepAsync<IReadOnlyList<string>>(() => ["us-east", "uk"]);

    public override Task<ObjectPage> GetObjectsAsync(string region, ObjectQuery query, CancellationToken cancellationToken = default) => world.StepAsync(() =>
    {
        var key = long.Parse(query.PageKey ?? "0", CultureInfo.InvariantCulture);
        DeepestPageKey = Math.Max(DeepestPageKey, store.Search.PageNumbers ? key * pageSize : key);
        var found = store.Find(
            region,
            FilterExpression.Parse(query.Filter),
            query.SortField ?? "createdTime",
            query.SortDirection == SortDirection.Descending,
            key,
            pageSize);
        return new ObjectPage(
            [.. found.Objects.Select(Record)],
            found.IsLastPage,
            found.NextPageKey.ToString(CultureInfo.InvariantCulture),
            found.Objects.Count);
    });

    public override Task<StorageObject> GetObjectAsync(string region, string id, CancellationToken cancellationToken = default) =>
        world.StepAsync(() => Record(store.Find(region, id) ?? throw new RequestFailedException(404, "missing")));

    public override Task<ObjectContent> OpenContentAsync(string region, string id, CancellationToken cancellationToken = default) => world.StepAsync(() =>
    {
        var item = store.Find(region, id);
        switch (item?.State)
        {
            case "AVAILABLE":
                var bytes = new byte[item.Content.Length];
                item.Content.Fill(bytes, 0);
                return new ObjectContent(new MemoryStream(bytes), bytes.Length, item.MimeType);
            case "ARCHIVED" or "PENDING":
                throw new RequestFailedException(403, "not available");
            default:
                throw new RequestFailedException(404, "missing");
        }
    });

    private static StorageObject Record(SimulatedObject item)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            item.Write(json);
        }

        return StorageObject.Parse(BinaryData.FromBytes(buffer.WrittenMemory.ToArray()));
    }
}
