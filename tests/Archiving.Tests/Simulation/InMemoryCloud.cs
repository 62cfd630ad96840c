using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Azure;
using EightByEight;
using Simulator.Objects;

namespace Archiving.Tests.Simulation;

/// <summary>8x8 in memory: the simulator's own store and search, without HTTP.</summary>
internal sealed class InMemoryCloud(World world, ObjectStore store, CloudFaults faults, int pageSize) : CloudStorageClient
{
    public long DeepestPageKey { get; private set; }

    public override Task<IReadOnlyList<string>> GetRegionsAsync(string discoveryRegion, CancellationToken cancellationToken = default) =>
        world.StepAsync(faults.GetRegions);

    public override Task<ObjectPage> GetObjectsAsync(string region, ObjectQuery query, CancellationToken cancellationToken = default) => world.StepAsync(() =>
    {
        var filter = FilterExpression.Parse(query.Filter);
        faults.CheckSearch(region, filter);
        var key = long.Parse(query.PageKey ?? "0", CultureInfo.InvariantCulture);
        if (filter.ComparesTimes)
        {
            // A region that rejects times can only be listed by offset.
            DeepestPageKey = Math.Max(DeepestPageKey, store.Search.PageNumbers ? key * pageSize : key);
        }

        var found = store.Find(region, filter, query.SortField ?? "createdTime", query.SortDirection == SortDirection.Descending, key, pageSize);
        return ObjectPage.Parse(Write(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("content");
            var isByUpdatedTime = query.Filter?.Contains("updatedTime", StringComparison.Ordinal) == true;
            foreach (var item in found.Objects.Where(item => !isByUpdatedTime || !faults.WithoutUpdatedTime.Contains(item.Id)))
            {
                Write(json, item, isAlone: false);
            }

            json.WriteEndArray();
            json.WriteBoolean("lastPage", found.IsLastPage);
            json.WriteNumber("pageKey", found.NextPageKey);
            json.WriteEndObject();
        }));
    });

    public override Task<StorageObject> GetObjectAsync(string region, string id, CancellationToken cancellationToken = default) =>
        world.StepAsync(() =>
        {
            var item = store.Find(region, id) ?? throw new RequestFailedException(404, "missing");
            try
            {
                return StorageObject.Parse(Write(json => Write(json, item, isAlone: true)));
            }
            catch (FormatException exception)
            {
                throw new RequestFailedException(200, "The record cannot be read.", exception);
            }
        });

    public override Task<ObjectContent> OpenContentAsync(string region, string id, CancellationToken cancellationToken = default) => world.StepAsync(() =>
    {
        var item = store.Find(region, id);
        switch (item?.State)
        {
            case "AVAILABLE":
                if (faults.ReplaceContent(item) is { } other)
                {
                    return other;
                }

                var bytes = new byte[item.Content.Length];
                item.Content.Fill(bytes, 0);
                return new ObjectContent(new MemoryStream(bytes), bytes.Length, item.MimeType);
            case "ARCHIVED" or "PENDING":
                throw new RequestFailedException(403, "not available");
            default:
                throw new RequestFailedException(404, "missing");
        }
    });

    private void Write(Utf8JsonWriter json, SimulatedObject item, bool isAlone)
    {
        if (faults.ReplaceRecord(item, isAlone) is { } text)
        {
            json.WriteRawValue(text, skipInputValidation: true);
        }
        else
        {
            item.Write(json);
        }
    }

    private static BinaryData Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            write(json);
        }

        return BinaryData.FromBytes(buffer.WrittenMemory.ToArray());
    }
}
