using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Settings;
using Azure;
using Microsoft.Extensions.Logging;

namespace Operations.Catalogue;

/// <summary>
/// Builds the files of a region's month. A run works for some minutes, keeps its place in the month's row and sends the next message.
/// <para>
/// What was built stays until the new file is whole: blocks are staged under the file's name, where no reader sees them, and committed
/// at once (Put Block List). The name stays the same, because a reader of <c>*.parquet</c> below the catalogue would count objects
/// twice while an old and a new file exist, and because the app may not delete.
/// </para>
/// </summary>
public sealed partial class CatalogueBuilder(
    CatalogueReader reader,
    CatalogueMonths months,
    ArchiveStore archive,
    WorkQueues queues,
    CatalogueOptions options,
    CatalogueLimits limits,
    TimeProvider timeProvider,
    ILogger<CatalogueBuilder> logger)
{
    private const string Refused =
        "The container has an immutability policy of its own, which forbids to replace the file. Use version-level immutability, or set Catalogue__Format "
            + "to None.";

    /// <summary>Builds a month, or a part of it.</summary>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task BuildAsync(CatalogueMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (!options.IsEnabled || await months.FindAsync(message.Region, message.Month, cancellationToken) is not { QueuedAt: not null } row)
        {
            // Another message has built it, it was given up, or the catalogue was switched off.
            return;
        }

        try
        {
            await BuildAsync(message, row, cancellationToken);
        }
        catch (RequestFailedException exception) when (ArchiveStore.IsReplaced(exception))
        {
            await RestartAsync(message, row, cancellationToken);
        }
        catch (Exception exception) when (exception is not OutageException && !cancellationToken.IsCancellationRequested)
        {
            await months.UpdateAsync(
                message.Region,
                message.Month,
                current =>
                {
                    current.LastError = Describe(exception);
                    return true;
                },
                cancellationToken);
            throw;
        }
    }

    /// <summary>Records that a month could not be built. Its last whole files stay, and it is built again at the next tick.</summary>
    public async Task RecordFailureAsync(CatalogueMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        await GiveUpAsync(
            message,
            row => row.LastError ?? "The app crashed repeatedly while it built the month. Check the log for the cause; memory is the usual one.",
            cancellationToken);
    }

    private static string Describe(Exception exception) => exception is RequestFailedException failed
        ? $"The storage answered {failed.Status} {failed.ErrorCode}."
        : FailureText.Of(exception);

    private async Task BuildAsync(CatalogueMessage message, CatalogueMonthRow row, CancellationToken cancellationToken)
    {
        var started = timeProvider.GetTimestamp();
        var progress = row.ReadProgress() ?? new BuildProgress(row.Wanted, message.Start, Rows: 0, Parquet: null, Csv: null, LedgerDigest.Empty);
        var read = LedgerDigest.TryParse(progress.Read) ?? throw new InvalidDataException("The row of the month holds no digest of what was read.");
        await using var files = Open(message, progress, row.Groups);
        var pending = new List<CatalogueRow>();
        var rowsPerPage = Math.Min(limits.RowsPerSlice, limits.RowsPerGroup);
        await foreach (var slice in reader.ReadAsync(message.Region, progress.Position, message.End, limits.RowsPerSlice, cancellationToken))
        {
            pending.AddRange(slice.Rows);
            while (pending.Count >= rowsPerPage)
            {
                await WriteAsync(rowsPerPage);
            }

            read.Add(slice.Digest);
            progress = progress with { Position = slice.End, Read = read.ToString() };
            if (timeProvider.GetElapsedTime(started) >= limits.RunTime && slice.End < message.End)
            {
                await WriteAsync(pending.Count);
                await SuspendAsync(message, row, progress, files, cancellationToken);
                return;
            }
        }

        await WriteAsync(pending.Count);
        await CompleteAsync(message, progress, files, cancellationToken);

        async Task WriteAsync(int count)
        {
            if (count > 0)
            {
                await files.WriteAsync(pending[..count], cancellationToken);
                pending.RemoveRange(0, count);
                progress = progress with { Rows = progress.Rows + count };
            }
        }
    }

    private CatalogueFiles Open(CatalogueMessage message, BuildProgress progress, byte[]? groups)
    {
        // Names the blocks of this run. Two deliveries of a message may overlap, and a file must never be made of the blocks of both.
        var run = Guid.NewGuid().ToString("N")[..8];
        var region = ObjectNames.Encode(message.Region);
        return new CatalogueFiles(
            options.Format is CatalogueFormat.Csv
                ? null
                : new ParquetFile(FileOf("parquet", progress.Parquet), limits, progress.Parquet is null ? null : groups),
            options.Format is CatalogueFormat.Parquet ? null : new CsvFile(FileOf("csv", progress.Csv)));

        StagedFile FileOf(string extension, StagedPart? staged) =>
            new(archive, CatalogueColumns.BlobOf(region, message.Month, extension), run, staged);
    }

    private async Task SuspendAsync(
        CatalogueMessage message,
        CatalogueMonthRow row,
        BuildProgress progress,
        CatalogueFiles files,
        CancellationToken cancellationToken)
    {
        var (parquet, csv, groups) = await files.SuspendAsync(cancellationToken);
        var isOurs = await months.UpdateAsync(
            message.Region,
            message.Month,
            current =>
            {
                if (current.QueuedAt is null || current.Progress != row.Progress)
                {
                    // Another message got on meanwhile, and goes on.
                    return false;
                }

                current.WriteProgress(progress with { Parquet = parquet, Csv = csv }, groups);
                current.LastError = null;
                return true;
            },
            cancellationToken);
        if (isOurs)
        {
            await queues.SendAsync(QueueNames.CatalogueMonths, message with { Deferrals = 0 }, TimeSpan.Zero, cancellationToken);
            Log.Suspended(logger, message.Region, message.Month, progress.Rows);
        }
    }

    private async Task CompleteAsync(CatalogueMessage message, BuildProgress progress, CatalogueFiles files, CancellationToken cancellationToken)
    {
        await files.StageAsync(cancellationToken);

        // Should this run end before it says what it committed, nothing may take the month for built: another build may have ended since.
        var ending = Guid.NewGuid().ToString("N");
        var isDue = await months.UpdateAsync(
            message.Region,
            message.Month,
            current =>
            {
                if (current.QueuedAt is null)
                {
                    return false;
                }

                (current.Built, current.Ending) = (null, ending);
                return true;
            },
            cancellationToken);
        if (!isDue)
        {
            // Another message has built it meanwhile.
            return;
        }

        if (await files.CommitAsync(cancellationToken) is not var (parquetBytes, csvBytes))
        {
            await GiveUpAsync(message, _ => Refused, cancellationToken);
            return;
        }

        DateTimeOffset? changedAt = null;
        var isOurs = await months.UpdateAsync(
            message.Region,
            message.Month,
            current =>
            {
                if (current.Ending != ending)
                {
                    // Another run is about to commit, or has. It says what its files hold, or begins again when they did not replace these.
                    return false;
                }

                current.Built = progress.Built(options.Format);
                current.BuiltAt = timeProvider.GetUtcNow();
                (current.Rows, current.ParquetBytes, current.CsvBytes) = (progress.Rows, parquetBytes, csvBytes);
                (current.LastError, current.Failure) = (null, null);
                current.WriteProgress(progress: null, groups: null);

                changedAt = current.Wanted != progress.Wanted && current.Wanted != current.Built ? current.QueuedAt ?? timeProvider.GetUtcNow() : null;
                current.QueuedAt = current.WaitingSince = changedAt;
                return true;
            },
            cancellationToken);
        if (!isOurs)
        {
            return;
        }

        if (changedAt is not null)
        {
            // A build of what is wanted now may have found that this one got on, and left the rest to it.
            await queues.SendAsync(QueueNames.CatalogueMonths, message with { Deferrals = 0 }, TimeSpan.Zero, cancellationToken);
        }

        Log.Built(logger, message.Region, message.Month, progress.Rows, (parquetBytes ?? 0) + (csvBytes ?? 0));
    }

    /// <summary>
    /// Sends the message again when another build was committed before this one: there may be nothing left to build. It is no failed
    /// attempt, because several messages of a month can be handled at once, and each time one of them ends.
    /// </summary>
    private async Task RestartAsync(CatalogueMessage message, CatalogueMonthRow row, CancellationToken cancellationToken)
    {
        await months.UpdateAsync(
            message.Region,
            message.Month,
            current =>
            {
                if (current.Progress is null || current.Progress != row.Progress)
                {
                    return false;
                }

                // What was staged is gone, with the commit or after a week.
                current.WriteProgress(progress: null, groups: null);
                return true;
            },
            cancellationToken);
        await queues.SendAsync(QueueNames.CatalogueMonths, message with { Deferrals = 0 }, TimeSpan.Zero, cancellationToken);
        Log.BeganAgain(logger, message.Region, message.Month);
    }

    private async Task GiveUpAsync(CatalogueMessage message, Func<CatalogueMonthRow, string> reason, CancellationToken cancellationToken)
    {
        var text = "";
        var isGivenUp = await months.UpdateAsync(
            message.Region,
            message.Month,
            current =>
            {
                if (current.QueuedAt is null)
                {
                    // Another message has built it meanwhile.
                    return false;
                }

                current.Failure = text = reason(current);
                (current.QueuedAt, current.WaitingSince) = (null, null);
                current.WriteProgress(progress: null, groups: null);
                return true;
            },
            cancellationToken);
        if (isGivenUp)
        {
            Log.Failed(logger, message.Region, message.Month, text);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 2101, Level = LogLevel.Information, Message = "Built the catalogue of {Region} {Month}: {Rows} objects, {Bytes} bytes")]
        public static partial void Built(ILogger logger, string region, string month, long rows, long bytes);

        [LoggerMessage(
            EventId = 2102,
            Level = LogLevel.Information,
            Message = "The catalogue of {Region} {Month} has {Rows} objects so far; the next run continues")]
        public static partial void Suspended(ILogger logger, string region, string month, long rows);

        [LoggerMessage(
            EventId = 2105,
            Level = LogLevel.Information,
            Message = "Another build of the catalogue of {Region} {Month} ended first; this one begins again if anything is left to build")]
        public static partial void BeganAgain(ILogger logger, string region, string month);

        [LoggerMessage(EventId = 2103, Level = LogLevel.Error, Message = "The catalogue of {Region} {Month} could not be built: {Problem}")]
        public static partial void Failed(ILogger logger, string region, string month, string problem);
    }
}
