using System.Text.Json;

namespace EightByEight;

/// <summary>A page of a search.</summary>
/// <param name="Objects">The records.</param>
/// <param name="IsLastPage">Whether it is the last: the only mark of the end (8x8 developer site).</param>
/// <param name="PageKey">What the next request gives as its page key; an offset or a page number, taken as it is.</param>
/// <param name="PageSize">How many records 8x8 says this page holds.</param>
/// <param name="Total">A total that 8x8 may give, of records or of pages.</param>
public sealed record ObjectPage(IReadOnlyList<StorageObject> Objects, bool IsLastPage, string? PageKey, long? PageSize = null, long? Total = null)
{
    /// <summary>
    /// How many of its records cannot be read, because they have no id. They are left out: one of them must not hide all
    /// that comes after it.
    /// </summary>
    public int Unreadable { get; init; }

    /// <summary>Reads a page.</summary>
    /// <exception cref="FormatException">It is not a page, or none of its records can be read.</exception>
    public static ObjectPage Parse(BinaryData json)
    {
        ArgumentNullException.ThrowIfNull(json);
        var bytes = json.ToMemory();
        try
        {
            var reader = new Utf8JsonReader(bytes.Span);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                throw new FormatException("The page is not a JSON object.");
            }

            List<StorageObject>? objects = null;
            var unreadable = 0;
            bool? isLastPage = null;
            string? pageKey = null;
            long? pageSize = null;
            long? total = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("content"u8))
                {
                    reader.Read();
                    (objects, unreadable) = ReadObjects(ref reader, bytes);
                }
                else if (reader.ValueTextEquals("lastPage"u8))
                {
                    reader.Read();
                    isLastPage = LenientJson.Boolean(ref reader);
                }
                else if (reader.ValueTextEquals("pageKey"u8))
                {
                    reader.Read();
                    pageKey = LenientJson.Text(ref reader);
                }
                else if (reader.ValueTextEquals("pageSize"u8))
                {
                    reader.Read();
                    pageSize = LenientJson.Integer(ref reader);
                }
                else if (reader.ValueTextEquals("total"u8))
                {
                    reader.Read();
                    total = LenientJson.Integer(ref reader);
                }
                else
                {
                    reader.Read();
                    reader.Skip();
                }
            }

            return new ObjectPage(
                objects ?? throw new FormatException("The page lacks \"content\"."),
                isLastPage ?? throw new FormatException("The page lacks \"lastPage\"."),
                pageKey,
                pageSize,
                total)
            {
                Unreadable = unreadable,
            };
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new FormatException($"The page is not JSON: {exception.Message}", exception);
        }
    }

    private static (List<StorageObject>? Objects, int Unreadable) ReadObjects(ref Utf8JsonReader reader, ReadOnlyMemory<byte> bytes)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return (null, 0);
        }

        FormatException? problem = null;
        var unreadable = 0;
        var objects = new List<StorageObject>(100);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();

            // A copy of its own, so that a record that is kept does not keep the whole page.
            try
            {
                objects.Add(StorageObject.Parse(BinaryData.FromBytes(bytes[start..(int)reader.BytesConsumed].ToArray())));
            }
            catch (FormatException exception)
            {
                problem = exception;
                unreadable++;
            }
        }

        return objects.Count == 0 && problem is not null ? throw problem : (objects, unreadable);
    }
}
