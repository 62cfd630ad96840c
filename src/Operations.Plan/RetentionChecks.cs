using System.Globalization;
using Archiving.Model;
using Archiving.Settings;
using Archiving.Source;
using Azure;
using EightByEight;

namespace Operations.Plan;

/// <summary>The oldest object that 8x8 still has of a type and a user group, beside what is set for them.</summary>
/// <param name="Type">8x8's object type.</param>
/// <param name="Setting">The setting that says when 8x8 deletes them: a rule of <c>Retention__Rules</c> stands for a user group.</param>
/// <param name="SetDays">After how many days 8x8 deletes them by that setting.</param>
/// <param name="CreatedTime">When the oldest was made.</param>
/// <param name="AgeDays">How many whole days ago that was.</param>
/// <param name="IsYoungerThanSet">
/// Whether nothing is nearly as old as is set: either nothing was recorded then, or 8x8 deletes earlier than is set, and
/// what is at risk is called safe.
/// </param>
public sealed record OldestObject(string Type, string Setting, int SetDays, DateTimeOffset CreatedTime, int AgeDays, bool IsYoungerThanSet);

/// <summary>
/// Finds from the data how long 8x8 keeps objects: it does not say so, and its retention is per user. Asks for the oldest
/// objects of each type and of each retention rule, a page each.
/// </summary>
internal sealed class RetentionChecks(CloudStorageClient client, ArchiverOptions options, TimeProvider timeProvider)
{
    private const int PageSize = 100;

    // Each is a request. A fleet of rules must not keep the user waiting.
    private const int MaxQueries = 100;

    // An object can be deleted some time after its day has come, and a quiet day is no sign.
    private const int Tolerance = 3;

    // Characters that FIQL has for itself.
    private const string Special = ";,()=!<> \"'*";

    /// <summary>Finds the oldest object of each type.</summary>
    /// <param name="regions">8x8's regions.</param>
    /// <param name="types">The object types that there are.</param>
    /// <param name="notes">Gets what could not be asked.</param>
    /// <param name="maxDuration">How long is asked at most; <see langword="null"/> for as long as it takes.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>By type and setting.</returns>
    public async Task<IReadOnlyList<OldestObject>> CheckAsync(
        IReadOnlyList<string> regions,
        IReadOnlyList<string> types,
        List<string> notes,
        TimeSpan? maxDuration,
        CancellationToken cancellationToken)
    {
        using var end = new CancellationTokenSource(maxDuration ?? Timeout.InfiniteTimeSpan, timeProvider);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(end.Token, cancellationToken);
        var oldest = new Dictionary<(string Type, string Setting), StorageObject>();
        var days = new Dictionary<(string Type, string Setting), int>();
        var queries = Queries(regions, types).ToList();
        foreach (var (region, filter, what) in queries.Take(MaxQueries))
        {
            var page = filter is null ? null : await FindOldestAsync(region, filter, limit.Token);
            cancellationToken.ThrowIfCancellationRequested();
            if (end.IsCancellationRequested)
            {
                notes.Add("8x8 takes too long to be asked for the oldest objects of all types, regions and rules: give regions or types.");
                break;
            }

            if (page is null)
            {
                notes.Add($"8x8 could not be asked for the oldest objects of {what} in {Wording.Clean(region)}.");
                continue;
            }

            foreach (var record in page.Where(record => record.CreatedTime is not null))
            {
                var rule = options.Retention.Rules.Select((rule, index) => (rule, index)).FirstOrDefault(item => item.rule.Matches(region, record));
                var key = (record.Type, Describe(record.Type, rule.rule is null ? null : rule.index + 1));
                days[key] = (options.Retention.DeletedOn(region, record) - LedgerKey.CreatedTime(record)).Days;
                if (!oldest.TryGetValue(key, out var known) || record.CreatedTime < known.CreatedTime)
                {
                    oldest[key] = record;
                }
            }
        }

        if (queries.Count > MaxQueries)
        {
            notes.Add("There are too many types, regions and rules to ask for the oldest object of each: give --regions or --types.");
        }

        var now = timeProvider.GetUtcNow();
        return
        [
            .. from item in oldest
               orderby item.Key.Type, item.Key.Setting
               let age = (int)Math.Floor((now - item.Value.CreatedTime!.Value).TotalDays)
               select new OldestObject(item.Key.Type, item.Key.Setting, days[item.Key], item.Value.CreatedTime!.Value, age, age < days[item.Key] - Tolerance),
        ];
    }

    /// <summary>What is asked; a filter is <see langword="null"/> when FIQL cannot say it.</summary>
    private IEnumerable<(string Region, string? Filter, string What)> Queries(IReadOnlyList<string> regions, IReadOnlyList<string> types)
    {
        foreach (var region in regions)
        {
            foreach (var type in types)
            {
                yield return (region, new WantedObjects(options.EightByEight).ToFiql([type]), Wording.Clean(type));
            }

            for (var index = 0; index < options.Retention.Rules.Count; index++)
            {
                var match = options.Retention.Rules[index].Match;
                if (!match.Any(wanted => IsRegion(wanted.Key) && !FoldedText.AreEqual(wanted.Value, region)))
                {
                    yield return (region, ToFiql(match), Describe(type: null, index + 1));
                }
            }
        }
    }

    private string? ToFiql(IReadOnlyDictionary<string, string> match)
    {
        var wanted = match.Where(item => !IsRegion(item.Key)).ToList();
        return wanted.Exists(item => item.Value.Length == 0 || item.Value.Any(Special.Contains) || item.Key.Any(Special.Contains))
            ? null
            : Fiql.And([new WantedObjects(options.EightByEight).ToFiql(), .. wanted.Select(item => Fiql.Equal(item.Key, item.Value))]);
    }

    private string Describe(string? type, int? rule) => rule is { } number
        ? string.Create(CultureInfo.InvariantCulture, $"{RetentionRule.Setting}, rule {number}")
        : options.Retention.DaysByType.ContainsKey(type!) ? $"Retention__{Wording.Clean(type!)}" : "Retention__DefaultDays";

    private async Task<IReadOnlyList<StorageObject>?> FindOldestAsync(string region, string filter, CancellationToken cancellationToken)
    {
        try
        {
            var page = await client.GetObjectsAsync(
                region,
                new ObjectQuery { Filter = filter, PageKey = "0", Limit = PageSize, SortField = "createdTime", SortDirection = SortDirection.Ascending },
                cancellationToken);
            return page.Objects;
        }
        catch (Exception exception) when (exception
            is RequestFailedException or InvalidDataException or OperationCanceledException or IOException or AggregateException)
        {
            return null;
        }
    }

    private static bool IsRegion(string key) => string.Equals(key, "region", StringComparison.OrdinalIgnoreCase);
}
