using System.Globalization;
using Archiving.Ledger;
using Microsoft.Extensions.DependencyInjection;
using Operations.Catalogue;
using Operations.Drill;
using Operations.Notifications;
using Operations.Runs;
using Operations.Search;
using Operations.Status;

namespace Scale.Model;

/// <summary>What one request of a person costs.</summary>
/// <param name="Name">What is asked for.</param>
/// <param name="Requests">Requests to Azure.</param>
/// <param name="Rows">Rows that the partition with most of them reads and writes for it, those that it only compares included.</param>
/// <param name="Time">Modelled time until the answer.</param>
/// <param name="Found">What came.</param>
internal sealed record ModelAnswerCost(string Name, int Requests, long Rows, TimeSpan Time, string Found);

/// <summary>
/// What people ask for, by the code that answers them, on a modelled storage of any size. Each is asked of a process that has just
/// started, so nothing is remembered.
/// </summary>
internal sealed class ModelRun
{
    public const int MaxRequests = 25;
    public static readonly TimeSpan MaxDuration = TimeSpan.FromSeconds(1);

    private const int ObjectsOfPage = 50;
    private const int CallsOfPage = 16;
    private readonly int _seed;
    private readonly ModelArchive _archive;
    private readonly ModelStorage _storage;
    private readonly VirtualTime _time;
    private readonly ModelTransport _transport;

    public ModelRun(long objects, int seed, ModelLimits limits)
    {
        _seed = seed;
        var now = new DateTimeOffset(2026, 11, 24, 18, 5, 0, TimeSpan.Zero);
        _time = new VirtualTime(now);
        _archive = new ModelArchive(objects, seed, now);
        _storage = new ModelStorage(_archive, limits, _time);
        _transport = new ModelTransport(_time, _storage.Answer);
        ModelSeed.Fill(_archive, _storage);
        PackDays();
    }

    /// <summary>Asks for everything once.</summary>
    public IReadOnlyList<ModelAnswerCost> Ask() => [.. Questions().Select(question => Ask(question.Name, question.Ask))];

    /// <summary>Plans a night's verification.</summary>
    public NightCost PlanNight() => new ModelNight(_archive, _storage, _time, _seed).Run();

    /// <summary>As the timer does, a thousand days each time.</summary>
    private void PackDays()
    {
        using var process = ModelProcess.Start(_time, _transport);
        for (var days = 0; days < _archive.Days.Count * ModelArchive.Regions.Length; days += 1000)
        {
            _time.Run(
                async () =>
                {
                    await process.GetRequiredService<LedgerDays>().PackAsync(_time.GetUtcNow(), CancellationToken.None);
                    return true;
                },
                usesPool: false);
        }
    }

    private IEnumerable<(string Name, Func<ServiceProvider, Task<string>> Ask)> Questions()
    {
        foreach (var (name, text) in ((string, string?)[])[
            ("a rare person", ModelArchive.Rare),
            ("a frequent person", ModelArchive.Frequent),
            ("a frequent first name", "jane"),
            ("a number", ModelArchive.Number),
            ("a rare word of a transcript", ModelArchive.RareWord),
            ("a frequent word of transcripts", ModelArchive.FrequentWord),
            ("a text that is nowhere", "nowhere"),
            ("nothing: the newest", null)])
        {
            yield return ($"objects by {name}", process => FindObjectsAsync(process, new SearchFilter { Text = text }));
            yield return ($"calls by {name}", process => FindCallsAsync(process, text));
        }

        var (day, region, index) = (_archive.Days.Count / 3, 1, 1);
        var id = _archive.IdOf(day, region, index);
        yield return ("object by id", process => FindObjectAsync(process, ModelArchive.Regions[region], id));
        yield return ("object by an unknown id", process => FindObjectAsync(process, ModelArchive.Regions[region], $"{id[..^1]}-"));
        yield return ("dashboard: history of a day", process => ReadHistoryAsync(process, 24));
        yield return ("dashboard: history of a week", process => ReadHistoryAsync(process, 168));
        yield return ("dashboard: what failed", process => FindObjectsAsync(process, new SearchFilter { State = Archiving.Model.LedgerState.Failed }));
        yield return ("dashboard: what is restored", process => FindObjectsAsync(process, new SearchFilter { State = Archiving.Model.LedgerState.Restoring }));

        // The last ones write: what they count, and a plan.
        yield return ("status", ReadStatusAsync);
        yield return ("progress of a run", ReadRunAsync);
    }

    private ModelAnswerCost Ask(string name, Func<ServiceProvider, Task<string>> ask)
    {
        using var process = ModelProcess.Start(_time, _transport);
        _time.Advance(TimeSpan.FromSeconds(1));
        _transport.StartCount();
        var started = _time.Now;
        var found = _time.Run(() => ask(process), usesPool: true);
        return new ModelAnswerCost(name, _transport.Requests, _transport.MaxRows, TimeSpan.FromTicks(_time.Now - started), found);
    }

    private async Task<string> FindObjectsAsync(ServiceProvider process, SearchFilter filter)
    {
        Know(filter.Text);
        var page = await process.GetRequiredService<ObjectSearch>().FindAsync(filter, after: null, ObjectsOfPage, CancellationToken.None);
        return Describe(page.Entries.Count, page.Next);
    }

    private async Task<string> FindCallsAsync(ServiceProvider process, string? text)
    {
        Know(text);
        var page = await process.GetRequiredService<CallSearch>().FindAsync(new SearchFilter { Text = text }, after: null, CallsOfPage, CancellationToken.None);
        return Describe(page.Calls.Count, page.Next);
    }

    private static string Describe(int count, SearchPosition? next) =>
        string.Create(CultureInfo.InvariantCulture, $"{count}{(next is null ? "" : " and more")}");

    private async Task<string> FindObjectAsync(ServiceProvider process, string region, string id)
    {
        _storage.Know(SearchTerms.OfObject(id));
        return await process.GetRequiredService<ObjectFinder>().FindAsync(region, id, created: null, CancellationToken.None) is null ? "none" : "1";
    }

    /// <summary>As <c>GET /api/status</c> does.</summary>
    private static async Task<string> ReadStatusAsync(ServiceProvider process)
    {
        var status = await process.GetRequiredService<StatusReader>().ReadAsync(CancellationToken.None);
        await process.GetRequiredService<CatalogueInspector>().InspectAsync(CancellationToken.None);
        await process.GetRequiredService<DrillRecord>().FindAsync(CancellationToken.None);
        await process.GetRequiredService<Notifier>().FindStatusAsync(CancellationToken.None);
        return string.Create(CultureInfo.InvariantCulture, $"{status.Objects.Values.Sum():N0} objects");
    }

    private static async Task<string> ReadHistoryAsync(ServiceProvider process, int hours)
    {
        var history = await process.GetRequiredService<StatusHistory>().ReadAsync(hours, CancellationToken.None);
        return string.Create(CultureInfo.InvariantCulture, $"{history.Samples.Count} samples");
    }

    private static async Task<string> ReadRunAsync(ServiceProvider process)
    {
        var progress = await process.GetRequiredService<RunReader>().ReadAsync(ModelSeed.RunId, CancellationToken.None);
        return string.Create(CultureInfo.InvariantCulture, $"{progress!.State}, {progress.Enqueued:N0} queued");
    }

    private void Know(string? text)
    {
        foreach (var term in text is null ? [] : SearchTerms.Wanted(text).Concat(SearchTerms.OfText(text)))
        {
            _storage.Know(term);
        }

        if (text is not null && SearchTerms.FindId(text) is { } id)
        {
            _storage.Know(id);
        }
    }
}
