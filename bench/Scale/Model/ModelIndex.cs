using System.Globalization;
using System.Text.Json.Nodes;
using Archiving.Ledger;

namespace Scale.Model;

/// <summary>The rows of the index's terms, calculated from the objects. It knows the term of a hash when it was told of it.</summary>
internal sealed class ModelIndex(ModelArchive archive, byte[] key)
{
    private const string OfTexts = "t:";
    private const int HashLength = 16;
    private const int MinuteLength = 9;
    private const int LastMinute = 999_999_999;
    private static readonly int[] TypesInOrder = [0, 2, 1];
    private static readonly IReadOnlySet<string>[] TermsOfPeople =
    [
        .. Enumerable.Range(0, ModelArchive.People)
            .Select(person => SearchTerms.Of(new LedgerEntry { Id = "-", Search = ModelArchive.NameOf(person).ToLowerInvariant() })),
    ];

    private readonly Dictionary<string, string> _terms = new(StringComparer.Ordinal);

    public void Know(string term) => _terms[HashOf(term)] = term;

    public (List<JsonObject> Rows, string? Next, long Scanned) Query(TableFilter filter, int max, string? after)
    {
        var first = (string)filter.Find("RowKey", "ge")!;
        var last = (string)filter.Find("RowKey", "le")!;
        first = string.CompareOrdinal(after, first) > 0 ? after! : first;
        var hash = first[..HashLength];
        var (region, type) = ((string?)filter.Find("Region", "eq"), (string?)filter.Find("Type", "eq"));
        var rows = new List<JsonObject>();
        var scanned = 0L;
        if (!_terms.TryGetValue(hash, out var term))
        {
            return (rows, null, 0);
        }

        var newest = MinuteOf(first);
        var oldest = MinuteOf(last);
        foreach (var slot in Slots(term, newest, oldest))
        {
            var row = SearchIndex.Row(key, term, slot);
            if (string.CompareOrdinal(row.RowKey, first) < 0)
            {
                continue;
            }

            if (string.CompareOrdinal(row.RowKey, last) > 0)
            {
                break;
            }

            scanned++;
            if ((region is not null && slot.Region != region) || (type is not null && slot.Type != type))
            {
                continue;
            }

            if (rows.Count == max)
            {
                return (rows, row.RowKey, scanned);
            }

            var values = new JsonObject
            {
                ["odata.etag"] = "W/\"1\"",
                ["PartitionKey"] = row.PartitionKey,
                ["RowKey"] = row.RowKey,
                ["Region"] = row.Region,
                ["Type"] = row.Type,
            };
            if (row.Text is not null)
            {
                values["Text"] = row.Text;
            }

            rows.Add(values);
        }

        return (rows, null, scanned);
    }

    /// <summary>The minutes of a term in the order of their rows.</summary>
    private IEnumerable<IndexSlot> Slots(string term, DateTimeOffset newest, DateTimeOffset oldest)
    {
        if (term is ['i' or 'o', ':', ..])
        {
            if (ModelArchive.Parse(term[2..]) is var (day, region, index))
            {
                var objects = term[2] == 'c'
                    ? Enumerable.Range(index * ModelArchive.ObjectsPerCall, ModelArchive.ObjectsPerCall).Where(number => number < archive.Count(day, region))
                    : [index];
                foreach (var slot in objects.Select(number => SlotOf(archive.Get(day, region, number)))
                    .OrderByDescending(slot => slot.Minute).ThenBy(slot => slot.Type, StringComparer.Ordinal))
                {
                    yield return slot;
                }
            }

            yield break;
        }

        var isOf = Matcher(term);
        for (var day = archive.Days.Count - 1; day >= 0 && archive.Days[day].AddDays(1) > oldest; day--)
        {
            if (archive.Days[day] > newest)
            {
                continue;
            }

            for (var minute = archive.Days[day].AddDays(1) - IndexSlot.Length; minute >= archive.Days[day]; minute -= IndexSlot.Length)
            {
                for (var region = 0; region < ModelArchive.Regions.Length; region++)
                {
                    foreach (var slot in term.StartsWith(OfTexts, StringComparison.Ordinal)
                        ? FindTexts(day, region, minute, isOf)
                        : FindTypes(day, region, minute, isOf))
                    {
                        yield return slot;
                    }
                }
            }
        }
    }

    /// <summary>The transcripts and summaries whose text has a term.</summary>
    private IEnumerable<IndexSlot> FindTexts(int day, int region, DateTimeOffset minute, Func<int, int, int, bool> isOf)
    {
        var (from, to) = Range(day, region, minute);
        for (var index = from; index < to; index++)
        {
            var item = archive.Get(day, region, index);
            if (item.HasText && isOf(day, region, index))
            {
                var text = new IndexedText(item.Id, SpokenText.VersionOf(new LedgerEntry { Id = item.Id, Sha256 = item.Sha256 }));
                yield return SlotOf(item) with { Text = text };
            }
        }
    }

    private IEnumerable<IndexSlot> FindTypes(int day, int region, DateTimeOffset minute, Func<int, int, int, bool> isOf)
    {
        var (from, to) = Range(day, region, minute);
        var types = 0;
        for (var index = from; index < to; index++)
        {
            types |= isOf(day, region, index) ? 1 << (index % ModelArchive.ObjectsPerCall) : 0;
        }

        return types == 0
            ? []
            : TypesInOrder.Where(number => (types & (1 << number)) != 0)
                .Select(type => new IndexSlot(minute, ModelArchive.Regions[region], ModelArchive.Types[type]));
    }

    private (int From, int To) Range(int day, int region, DateTimeOffset minute)
    {
        var count = archive.Count(day, region);
        return (archive.IndexOf(day, count, minute), archive.IndexOf(day, count, minute + IndexSlot.Length));
    }

    private static IndexSlot SlotOf(ModelObject item) => new(
        item.CreatedTime.AddTicks(-(item.CreatedTime.Ticks % IndexSlot.Length.Ticks)),
        ModelArchive.Regions[item.Region],
        item.Type);

    private Func<int, int, int, bool> Matcher(string term)
    {
        if (term.StartsWith("n:", StringComparison.Ordinal))
        {
            var digits = new string([.. ModelArchive.Number.Where(char.IsAsciiDigit)]);
            return digits.EndsWith(term[2..], StringComparison.Ordinal) ? archive.HasNumber : (_, _, _) => false;
        }

        if (term.StartsWith(OfTexts, StringComparison.Ordinal))
        {
            return term[OfTexts.Length..] switch
            {
                ModelArchive.FrequentWord => archive.HasFrequentWord,
                ModelArchive.RareWord => archive.HasRareWord,
                _ => (_, _, _) => false,
            };
        }

        var people = Array.ConvertAll(TermsOfPeople, terms => terms.Contains(term));
        return (day, region, index) => people[archive.PersonOf(day, region, index)];
    }

    private string HashOf(string term) => SearchIndex.Row(key, term, new IndexSlot(archive.Now, "-", "-")).RowKey[..HashLength];

    private static DateTimeOffset MinuteOf(string row) =>
        DateTimeOffset.FromUnixTimeSeconds((LastMinute - long.Parse(row.AsSpan(HashLength, MinuteLength), CultureInfo.InvariantCulture)) * 60);
}
