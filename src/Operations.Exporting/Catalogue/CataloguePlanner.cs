using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Settings;
using Microsoft.Extensions.Logging;

namespace Operations.Catalogue;

/// <summary>
/// Finds the months whose archived objects are not those of their files, and queues them. The counts of days know that: each has a
/// digest, made whenever a day is counted because it changed, so no row of the ledger is read here.
/// </summary>
public sealed partial class CataloguePlanner(
    DaySummaries summaries,
    LedgerDays days,
    CatalogueMonths months,
    WorkQueues queues,
    ArchiveStore archive,
    CatalogueOptions options,
    TimeProvider timeProvider,
    ILogger<CataloguePlanner> logger)
{
    // Longer than any build takes. A message that is lost by then is sent again.
    private static readonly TimeSpan LostAfter = TimeSpan.FromHours(20);

    /// <summary>Queues what changed.</summary>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task PlanAsync(CancellationToken cancellationToken)
    {
        if (!options.IsEnabled)
        {
            return;
        }

        // Counts the days that changed since they were counted.
        await summaries.ReadAsync(region: null, from: null, to: null, cancellationToken);
        var known = (await months.ReadAsync(cancellationToken)).ToDictionary(row => row.RowKey, StringComparer.Ordinal);
        var present = (await days.ReadRowsAsync(region: null, from: null, to: null, cancellationToken))
            .GroupBy(day => (Region: LedgerKey.EncodedRegionOf(day.RowKey), Month: CatalogueMessage.NameOf(day.ToDay())))
            .ToList();
        var queued = 0;
        foreach (var month in present)
        {
            var region = ObjectNames.Decode(month.Key.Region);
            var digest = DigestOf(month);
            var row = known.GetValueOrDefault(CatalogueMonthRow.KeyOf(region, month.Key.Month));
            if (row is null && digest == LedgerDigest.Empty)
            {
                continue;
            }

            // After an update the days are counted again, some at a time. Built before that, a month would be built each night until then.
            if (digest.StartsWith(CatalogueColumns.Unread) && row is { Built: not null, QueuedAt: null, Failure: null })
            {
                continue;
            }

            queued += await QueueAsync(region, month.Key.Month, CatalogueColumns.Wanted(options.Format, digest), cancellationToken) ? 1 : 0;
        }

        await WriteSchemaAsync(cancellationToken);
        await months.NotePlanAsync(cancellationToken);
        Log.Planned(logger, queued, present.Count);
    }

    private static string DigestOf(IEnumerable<DayRow> month)
    {
        var sum = new LedgerDigest();
        var days = month.Where(day => day.Digest is not LedgerDigest.Empty).OrderBy(day => day.RowKey, StringComparer.Ordinal).ToList();
        foreach (var day in days)
        {
            if (LedgerDigest.TryParse(day.Digest) is not { } digest)
            {
                // A day that an earlier version counted has no digest until it changes.
                var text = string.Join('\n', days.Select(each => string.Create(CultureInfo.InvariantCulture, $"{each.RowKey} {each.Digest}")));
                return CatalogueColumns.Unread + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));
            }

            sum.Add(digest);
        }

        return sum.ToString();
    }

    private async Task<bool> QueueAsync(string region, string month, string wanted, CancellationToken cancellationToken)
    {
        // The row first: a message whose row says nothing is dropped, and a row whose message was lost is queued again.
        var now = timeProvider.GetUtcNow();
        var isDue = await months.UpdateAsync(
            region,
            month,
            row =>
            {
                if (row.QueuedAt is { } at ? row.Wanted == wanted && now - at < LostAfter : row.Built == wanted && row.Failure is null)
                {
                    return false;
                }

                row.Wanted = wanted;
                row.QueuedAt = now;
                row.WaitingSince ??= now;
                return true;
            },
            cancellationToken);
        if (isDue)
        {
            await queues.SendAsync(
                QueueNames.CatalogueMonths,
                new CatalogueMessage { Region = region, Month = month },
                TimeSpan.Zero,
                cancellationToken);
        }

        return isDue;
    }

    private async Task WriteSchemaAsync(CancellationToken cancellationToken)
    {
        var schema = CatalogueColumns.Describe();
        if ((await archive.ReadAsync(CatalogueColumns.SchemaName, cancellationToken))?.ToMemory().Span.SequenceEqual(schema.ToMemory().Span) != true
            && !await archive.TryWriteReportAsync(CatalogueColumns.SchemaName, schema, "application/json", cancellationToken))
        {
            Log.SchemaRefused(logger, CatalogueColumns.SchemaName);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 2100, Level = LogLevel.Information, Message = "Queued {Queued} of {Months} months for the catalogue")]
        public static partial void Planned(ILogger logger, int queued, int months);

        [LoggerMessage(EventId = 2104, Level = LogLevel.Warning, Message = "{Name} could not be replaced: the container's immutability policy forbids it")]
        public static partial void SchemaRefused(ILogger logger, string name);
    }
}
