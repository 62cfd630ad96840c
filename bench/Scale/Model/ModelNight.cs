using System.Collections;
using Archiving.Planning;
using Archiving.Queues;
using Archiving.Verifying;
using Microsoft.Extensions.DependencyInjection;

namespace Scale.Model;

/// <summary>What a night's plan of the verification came to.</summary>
/// <param name="Due">How many objects were due.</param>
/// <param name="Queued">How many of them were queued.</param>
/// <param name="Others">How many objects were queued that were not due.</param>
/// <param name="Messages">How many messages that took; an object can have several.</param>
/// <param name="Steps">How many steps.</param>
/// <param name="Kills">How often the process was killed.</param>
/// <param name="Time">Modelled time until every step was done.</param>
internal sealed record NightCost(long Due, long Queued, long Others, long Messages, int Steps, int Kills, TimeSpan Time)
{
    /// <summary>How long a night is.</summary>
    public static readonly TimeSpan Night = TimeSpan.FromHours(8);

    public bool IsGood => Queued == Due && Others == 0 && Time < Night;
}

/// <summary>
/// Plans a night's verification step by step, and kills the process in every step, or in about ten of many, at a moment that the seed
/// picks, between any two messages. The queue shows the message again ten minutes later, as the Functions host's visibility timeout has it.
/// </summary>
internal sealed class ModelNight(ModelArchive archive, ModelStorage storage, VirtualTime time, int seed)
{
    private const int VerifyDays = 30;
    private const int MaxKills = 10;
    private const double ObjectsOfStep = 90_000;
    private static readonly TimeSpan StepTime = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Restart = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Start = TimeSpan.FromHours(1.5);

    private readonly Dictionary<(int Day, int Region), BitArray> _queued = [];
    private readonly Queue<BinaryData> _steps = new();
    private long _messages;

    public NightCost Run()
    {
        var night = new DateTimeOffset(archive.Now.UtcDateTime.Date, TimeSpan.Zero).AddDays(1);
        time.Advance(night + Start - time.GetUtcNow());
        storage.Sent = Take;
        var started = time.Now;
        var (steps, kills) = (0, 0);
#pragma warning disable CA5394 // A seed, so that a run can be repeated.
        var random = new Random(seed);

        var due = DueDays(night).ToDictionary(day => day, day => (long)archive.Count(day.Day, day.Region));
        var chance = MaxKills * ObjectsOfStep / due.Values.Sum();

        // The timer: a run that was killed is past due when the app is back.
        while (!TryStep(random, isKilled: kills == 0, async process =>
        {
            await process.GetRequiredService<DayPlans>().StartAsync(VerificationPlanner.Night, StepTime, CancellationToken.None);
            return true;
        }))
        {
            kills++;
            time.Advance(Restart);
        }

        while (_steps.TryDequeue(out var step))
        {
            steps++;
            for (var isKilled = random.NextDouble() < chance; !TryStep(random, isKilled, async process =>
            {
                await process.GetRequiredService<DayPlans>().ContinueAsync(PlanMessage.Parse(step), CancellationToken.None);
                return true;
            }); isKilled = false)
            {
                kills++;
                time.Advance(Lease);
            }
        }
#pragma warning restore CA5394

        var found = _queued.Where(day => due.ContainsKey(day.Key)).Sum(day => day.Value.Cast<bool>().LongCount(isQueued => isQueued));
        var others = _queued.Where(day => !due.ContainsKey(day.Key)).Sum(day => day.Value.Cast<bool>().LongCount(isQueued => isQueued));
        return new NightCost(due.Values.Sum(), found, others, _messages, steps + 1, kills, TimeSpan.FromTicks(time.Now - started));
    }

    private bool TryStep(Random random, bool isKilled, Func<ServiceProvider, Task<bool>> work)
    {
        var transport = new ModelTransport(time, storage.Answer);

        // Not disposed when it was killed: it never ends.
        var process = ModelProcess.Start(time, transport);
#pragma warning disable CA5394
        transport.KilledAt = isKilled ? time.Now + (long)(random.NextDouble() * StepTime.Ticks) : long.MaxValue;
#pragma warning restore CA5394
        return time.TryRun(() => work(process), usesPool: false, () => transport.IsKilled, out _);
    }

    private void Take(string queue, BinaryData body)
    {
        if (queue == QueueNames.PlanDays)
        {
            _steps.Enqueue(body);
            return;
        }

        _messages++;
        var (day, region, index) = ModelArchive.Parse(ObjectMessage.Parse(body).Id)!.Value;
        if (!_queued.TryGetValue((day, region), out var objects))
        {
            _queued[(day, region)] = objects = new BitArray(archive.Count(day, region));
        }

        objects[index] = true;
    }

    private IEnumerable<(int Day, int Region)> DueDays(DateTimeOffset night) =>
        from day in Enumerable.Range(0, archive.Days.Count)
        where (night - archive.Days[day]).Days % VerifyDays == 0
        from region in Enumerable.Range(0, ModelArchive.Regions.Length)
        select (day, region);
}
