using System.Globalization;
using System.Text.Json.Nodes;
using Archiving.Ledger;

namespace Scale.Model;

/// <summary>The rows of the index's terms, calculated from the objects. It knows the term of a hash when it was told of it.</summary>
internal sealed class ModelIndex(ModelArchive archive, byte[] key)
{
    private const int HashLength = 16;
    private const int HourLength = 7;
    private const int LastHour = 9_999_999;
    private static readonly int[] TypesInOrder = [0, 2, 1];
    private static readonly IReadOnlySet<string>[] TermsOfPeople =
    [
        .. Enumerable.Range(0, ModelArchive.People)
            .Select(person => SearchTerms.Of(new LedgerEntry { Id = "-", Search = ModelArchive.NameOf(person).ToLowerInvariant() })),
    ];

    private readonly Dictionary<string, string> _terms = new(StringComparer.Ordinal);

    public void Know(string term) => _terms[HashOf(term)] = term;

    public (List<JsonObject> Rows, string? Next, long Scanned) Query(TableFilter filter, int most, string? after)
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

        var newest = HourOf(first);
        var oldest = HourOf(last);
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

            if (rows.Count == most)
            {
                return (rows, row.RowKey, scanned);
            }

            rows.Add(new JsonObject
            {
                ["odata.etag"] = "W/\"1\"",
                ["PartitionKey"] = row.PartitionKey,
                ["RowKey"] = row.RowKey,
                ["Region"] = row.Region,
                ["Type"] = row.Type,
            });
        }

        return (rows, null, scanned);
    }

    /// <summary>The hours of a term in the order of their rows.</summary>
    private IEnumerable<IndexSlot> Slots(string term, DateTimeOffset newest, DateTimeOffset oldest)
    {
        if (term.StartsWith("i:", StringComparison.Ordinal))
        {
            if (ModelArchive.Parse(term[2..]) is var (day, region, index))
            {
                // A call's objects are made within minutes; its first tells the hour.
                var isCall = term[2] == 'c';
                var made = archive.Get(day, region, isCall ? index * ModelArchive.ObjectsPerCall : index);
                foreach (var type in isCall ? TypesInOrder.Select(number => ModelArchive.Types[number]) : [made.Type])
                {
                    yield return new IndexSlot(Hour(made.CreatedTime), ModelArchive.Regions[region], type);
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

            for (var hour = 23; hour >= 0; hour--)
            {
                for (var region = 0; region < ModelArchive.Regions.Length; region++)
                {
                    var types = FindTypes(day, region, hour, isOf);
                    foreach (var type in TypesInOrder.Where(number => (types & (1 << number)) != 0))
                    {
                        yield return new IndexSlot(archive.Days[day].AddHours(hour), ModelArchive.Regions[region], ModelArchive.Types[type]);
                    }
                }
            }
        }
    }

    private int FindTypes(int day, int region, int hour, Func<int, int, int, bool> isOf)
    {
        var count = archive.Count(day, region);
        var from = archive.IndexOf(day, count, archive.Days[day].AddHours(hour));
        var to = archive.IndexOf(day, count, archive.Days[day].AddHours(hour + 1));
        var types = 0;
        for (var index = from; index < to && types != 7;)
        {
            var end = Math.Min(to, ((index / ModelArchive.ObjectsPerCall) + 1) * ModelArchive.ObjectsPerCall);
            if (isOf(day, region, index))
            {
                for (; index < end; index++)
                {
                    types |= 1 << (index % ModelArchive.ObjectsPerCall);
                }
            }

            index = end;
        }

        return types;
    }

    private Func<int, int, int, bool> Matcher(string term)
    {
        if (term.StartsWith("n:", StringComparison.Ordinal))
        {
            var digits = new string([.. ModelArchive.Number.Where(char.IsAsciiDigit)]);
            return digits.EndsWith(term[2..], StringComparison.Ordinal) ? archive.HasNumber : (_, _, _) => false;
        }

        var people = Array.ConvertAll(TermsOfPeople, terms => terms.Contains(term));
        return (day, region, index) => people[archive.PersonOf(day, region, index)];
    }

    private string HashOf(string term) => SearchIndex.Row(key, term, new IndexSlot(archive.Now, "-", "-")).RowKey[..HashLength];

    private static DateTimeOffset Hour(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerHour));

    private static DateTimeOffset HourOf(string row) =>
        DateTimeOffset.FromUnixTimeSeconds((LastHour - long.Parse(row.AsSpan(HashLength, HourLength), CultureInfo.InvariantCulture)) * 3600);
}
