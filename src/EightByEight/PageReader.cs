using System.Text.Json;

namespace EightByEight;

/// <summary>Reads a page of records: as JSON, or, where that fails, piece by piece.</summary>
internal sealed class PageReader(ReadOnlyMemory<byte> json)
{
    private readonly List<StorageObject> _objects = new(100);
    private readonly List<UnreadableRecord> _unreadable = [];
    private bool _hasContent;
    private bool? _isLastPage;
    private string? _pageKey;
    private long? _pageSize;
    private long? _total;
    private long? _count;

    /// <summary>Reads a page that is JSON as a whole.</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    /// <exception cref="FormatException">It is JSON and not a page.</exception>
    public ObjectPage ReadStrictly()
    {
        var reader = new Utf8JsonReader(json.Span);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new FormatException("The page is not a JSON object.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = Member(ref reader);
            reader.Read();
            if (member != PageMember.Content)
            {
                ReadMember(member, ref reader);
            }
            else if (reader.TokenType == JsonTokenType.StartArray)
            {
                _hasContent = true;
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    AddRecord(ref reader);
                }
            }
            else if (reader.TokenType == JsonTokenType.StartObject)
            {
                // Some serializers write a list of one as its only element.
                _hasContent = true;
                AddRecord(ref reader);
            }
            else if (reader.TokenType != JsonTokenType.Null)
            {
                throw new FormatException("The page's \"content\" is not an array.");
            }
        }

        return Finish();
    }

    /// <summary>Reads a page of which some part is not JSON: finds where each member and each record begins and ends.</summary>
    /// <exception cref="FormatException">It is not a page, or ends in the middle.</exception>
    public ObjectPage ReadPieces()
    {
        var text = json.Span;
        var index = TolerantJson.SkipWhiteSpace(text, 0);
        if (index == text.Length || text[index] != '{')
        {
            throw new FormatException("The page is not a JSON object.");
        }

        index++;
        while (true)
        {
            index = SkipSeparators(text, index);
            if (index == text.Length)
            {
                throw Truncated();
            }

            if (text[index] == '}')
            {
                return Finish();
            }

            var nameEnd = text[index] == '"' ? TolerantJson.SkipString(text, index) : -1;
            var colon = nameEnd < 0 ? text.Length : TolerantJson.SkipWhiteSpace(text, nameEnd);
            if (colon == text.Length)
            {
                throw Truncated();
            }

            if (text[colon] != ':')
            {
                throw new FormatException("The page is not JSON: a name without a value.");
            }

            var member = Member(text[index..nameEnd]);
            index = TolerantJson.SkipWhiteSpace(text, colon + 1);
            if (member == PageMember.Content && index < text.Length && text[index] == '[')
            {
                index = ReadRecords(index + 1);
                continue;
            }

            var end = TolerantJson.SkipValue(text, index);
            if (end < 0)
            {
                throw Truncated();
            }

            ReadMember(member, index, end);
            index = end;
        }
    }

    private static int SkipSeparators(ReadOnlySpan<byte> text, int index)
    {
        index = TolerantJson.SkipWhiteSpace(text, index);
        while (index < text.Length && text[index] == ',')
        {
            index = TolerantJson.SkipWhiteSpace(text, index + 1);
        }

        return index;
    }

    /// <summary>Reads the records of an array from its first on.</summary>
    /// <returns>The index after the array.</returns>
    private int ReadRecords(int index)
    {
        _hasContent = true;
        var text = json.Span;
        while (true)
        {
            index = SkipSeparators(text, index);
            if (index == text.Length)
            {
                throw Truncated();
            }

            if (text[index] == ']' && (IsEndOfPage(text, index + 1) || FindNext(text, index, apparentEnd: -1).Next < 0))
            {
                return index + 1;
            }

            var end = TolerantJson.SkipValue(text, index);
            if (end >= 0 && IsAfterRecord(text, end) && TryAddRecord(index, end))
            {
                index = end;
                continue;
            }

            // A quotation mark too many turns text and structure round until the next one: find the record after it.
            var (recordEnd, next) = FindNext(text, index, end);
            if (next < 0)
            {
                throw Truncated();
            }

            _unreadable.Add(UnreadableRecord.Create(text[index..recordEnd], "The record is not JSON."));
            index = next;
        }
    }

    private static bool IsAfterRecord(ReadOnlySpan<byte> text, int index)
    {
        index = TolerantJson.SkipWhiteSpace(text, index);
        return index < text.Length && text[index] is (byte)',' or (byte)']' or (byte)'{';
    }

    /// <summary>Where a record that is not JSON ends, and where to read on.</summary>
    private static (int End, int Next) FindNext(ReadOnlySpan<byte> text, int start, int apparentEnd)
    {
        var limit = apparentEnd < 0 ? text.Length : apparentEnd;
        for (var index = start + 1; index < limit; index++)
        {
            // Its own brace at the end can be missing.
            if (text[index] is (byte)'}' or (byte)',')
            {
                var next = SkipSeparators(text, index + 1);
                if (next < text.Length && text[next] == '{' && LooksLikeRecord(text[next..]))
                {
                    return (text[index] == '}' ? index + 1 : index, next);
                }
            }
            else if (text[index] == ']' && IsEndOfPage(text, index + 1))
            {
                return (index, index);
            }
        }

        return apparentEnd < 0 ? (start, -1) : (apparentEnd, apparentEnd);
    }

    /// <summary>Whether an object that begins here is a record and not, for example, one of a record's tags.</summary>
    private static bool LooksLikeRecord(ReadOnlySpan<byte> text)
    {
        var hasId = false;
        var reader = new Utf8JsonReader(text);
        try
        {
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("objectName"u8) || reader.ValueTextEquals("objectState"u8) || reader.ValueTextEquals("createdTime"u8)
                    || reader.ValueTextEquals("mimeType"u8) || reader.ValueTextEquals("storedBytes"u8) || reader.ValueTextEquals("customerId"u8))
                {
                    return true;
                }

                if (reader.ValueTextEquals("key"u8))
                {
                    return false;
                }

                hasId |= reader.ValueTextEquals("id"u8);
                reader.Read();
                reader.Skip();
            }

            return hasId && reader.TokenType == JsonTokenType.EndObject;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Whether nothing follows the array of records but members of the page and its end.</summary>
    private static bool IsEndOfPage(ReadOnlySpan<byte> text, int index)
    {
        while (true)
        {
            index = SkipSeparators(text, index);
            if (index == text.Length)
            {
                return false;
            }

            if (text[index] == '}')
            {
                return TolerantJson.SkipWhiteSpace(text, index + 1) == text.Length;
            }

            index = text[index] == '"' ? TolerantJson.SkipString(text, index) : -1;
            index = index < 0 ? text.Length : TolerantJson.SkipWhiteSpace(text, index);
            if (index == text.Length || text[index] != ':')
            {
                return false;
            }

            index = TolerantJson.SkipValue(text, TolerantJson.SkipWhiteSpace(text, index + 1));
            if (index < 0)
            {
                return false;
            }
        }
    }

    private static PageMember Member(ReadOnlySpan<byte> name)
    {
        var reader = new Utf8JsonReader(JsonText.Repair(name));
        reader.Read();
        return Member(ref reader);
    }

    private static PageMember Member(ref Utf8JsonReader reader) => LenientJson.Text(ref reader) switch
    {
        "content" => PageMember.Content,
        "lastPage" => PageMember.LastPage,
        "pageKey" => PageMember.PageKey,
        "pageSize" => PageMember.PageSize,
        "total" => PageMember.Total,
        "numberOfElements" => PageMember.Count,
        _ => PageMember.Other,
    };

    private void ReadMember(PageMember member, int start, int end)
    {
        if (member == PageMember.Content)
        {
            if (json.Span[start] == '{')
            {
                _hasContent = true;
                AddRecord(start, end);
                return;
            }

            if (!json.Span[start..end].SequenceEqual("null"u8))
            {
                throw new FormatException("The page's \"content\" is not an array.");
            }
        }
        else if (member != PageMember.Other)
        {
            var reader = new Utf8JsonReader(JsonText.Repair(json.Span[start..end]));
            reader.Read();
            ReadMember(member, ref reader);
        }
    }

    /// <summary>Reads a value. What cannot be read does not replace what could, where a name occurs twice.</summary>
    private void ReadMember(PageMember member, ref Utf8JsonReader reader)
    {
        switch (member)
        {
            case PageMember.LastPage:
                // Contradictory marks: a page too many does no harm, one too few loses records.
                _isLastPage = LenientJson.Boolean(ref reader) is { } isLast ? isLast && _isLastPage != false : _isLastPage;
                break;
            case PageMember.PageKey:
                _pageKey = LenientJson.Text(ref reader) ?? _pageKey;
                break;
            case PageMember.PageSize:
                _pageSize = LenientJson.Integer(ref reader) ?? _pageSize;
                break;
            case PageMember.Total:
                _total = LenientJson.Integer(ref reader) ?? _total;
                break;
            case PageMember.Count:
                _count = LenientJson.Integer(ref reader) ?? _count;
                break;
            default:
                reader.Skip();
                break;
        }
    }

    private void AddRecord(ref Utf8JsonReader reader)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        AddRecord(start, (int)reader.BytesConsumed);
    }

    private void AddRecord(int start, int end)
    {
        if (!TryAddRecord(start, end))
        {
            _unreadable.Add(UnreadableRecord.Create(json.Span[start..end], "The record is not JSON."));
        }
    }

    /// <summary>Adds what stands where a record should.</summary>
    /// <returns><see langword="false"/> when it is not JSON, not even nearly: then it may end elsewhere.</returns>
    private bool TryAddRecord(int start, int end)
    {
        // A copy of its own, so that a record that is kept does not keep the whole page.
        var raw = json[start..end];
        try
        {
            _objects.Add(StorageObject.Parse(BinaryData.FromBytes(raw.ToArray())));
        }
        catch (FormatException exception)
        {
            if (exception.InnerException is JsonException)
            {
                return false;
            }

            _unreadable.Add(UnreadableRecord.Create(raw.Span, exception.Message));
        }

        return true;
    }

    private ObjectPage Finish()
    {
        if (!_hasContent && _count > 0)
        {
            // Without content a page is an empty one, unless it says itself that it is not.
            throw new FormatException($"The page counts {_count} records (\"numberOfElements\") and lacks \"content\".");
        }

        var isLastPage = _isLastPage
            ?? throw new FormatException(_hasContent ? "The page lacks \"lastPage\"." : "The page lacks \"content\" and \"lastPage\".");
        return new ObjectPage(_objects, isLastPage, _pageKey, _pageSize, _total) { UnreadableRecords = _unreadable };
    }

    private static FormatException Truncated() => new("The page ends in the middle.");

    private enum PageMember
    {
        Other,
        Content,
        LastPage,
        PageKey,
        PageSize,
        Total,
        Count,
    }
}
