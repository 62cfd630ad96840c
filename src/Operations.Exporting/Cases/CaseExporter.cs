using Archiving.Cases;
using Archiving.Model;
using Archiving.Queues;
using Microsoft.Extensions.Logging;

namespace Operations.Cases;

/// <summary>
/// Writes the export of a case step by step, each of which is a message: the plan, each part, the manifests. The table says
/// which step is next, so a worker that crashed is followed by one that begins at the step that was not done.
/// </summary>
public sealed partial class CaseExporter(
    CaseStore cases,
    ExportPlanner planner,
    PartWriter writer,
    ExportCheck check,
    ManifestWriter manifests,
    WorkQueues queues,
    TimeProvider timeProvider,
    ILogger<CaseExporter> logger) : IDisposable
{
    // Each part has buffers, and an instance has its memory.
    private const int PartsAtOnce = 2;
    private const int MaxCrashes = 20;
    private static readonly TimeSpan BusyDelay = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan CrashDelay = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim _places = new(PartsAtOnce, PartsAtOnce);

    /// <summary>Does the next step of an export.</summary>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task ExportAsync(CaseMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (await cases.FindExportAsync(message.CaseId, message.Id, cancellationToken) is not { } export || !export.Is(ExportState.Running))
        {
            return;
        }

        if (!await _places.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            await queues.SendAsync(QueueNames.ExportCases, message, BusyDelay, cancellationToken);
            return;
        }

        try
        {
            await StepAsync(export, cancellationToken);
        }
        catch (Exception exception) when (exception is not OutageException && !cancellationToken.IsCancellationRequested)
        {
            // For the answer, should it be the last attempt.
            export.Problem = FailureText.Of(exception);
            await cases.TryWriteAsync(export, cancellationToken);
            throw;
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>Records that a step failed too often. When no attempt recorded a reason, the app crashed, and the export gets more attempts.</summary>
    public async Task RecordFailureAsync(CaseMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (await cases.FindExportAsync(message.CaseId, message.Id, cancellationToken) is not { } export || !export.Is(ExportState.Running))
        {
            return;
        }

        if (export.Problem is null && message.Crashes < MaxCrashes)
        {
            Log.Crashed(logger, export.CaseId, export.ExportId);
            await queues.SendAsync(QueueNames.ExportCases, message with { Crashes = message.Crashes + 1 }, CrashDelay, cancellationToken);
            return;
        }

        export.Problem ??= "The app crashed repeatedly; its log says why.";
        await EndAsync(export, ExportState.Failed, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _places.Dispose();

    private async Task StepAsync(ExportRow export, CancellationToken cancellationToken)
    {
        if (export.Parts is null)
        {
            // Another delivery that took the plan over has a message of its own to go on with.
            if (await planner.TryPlanAsync(export, cancellationToken))
            {
                await (export.Problem is null ? SendNextAsync(export, cancellationToken) : EndAsync(export, ExportState.Failed, cancellationToken));
            }

            return;
        }

        var parts = await cases.ReadPartsAsync(export, cancellationToken);
        if (parts.Find(part => !part.IsDone) is { } next)
        {
            await writer.WriteAsync(export, next, cancellationToken);
            if (export.Problem is not null)
            {
                // An earlier attempt's: when the app crashes over a later part, it must not pass for the reason.
                export.Problem = null;
                await cases.TryWriteAsync(export, cancellationToken);
            }

            Log.PartWritten(logger, next.Number, parts.Count, export.CaseId, export.ExportId, next.Bytes, next.Problems);
            await SendNextAsync(export, cancellationToken);
            return;
        }

        if (parts.Exists(part => part.Problems > 0))
        {
            export.Problem = "Objects are missing or differ from their receipts. Nothing of a part with such an object is kept.";
            await EndAsync(export, ExportState.Failed, cancellationToken);
            return;
        }

        if (await check.FindGapAsync(export, parts, cancellationToken) is { } gap)
        {
            export.Problem = $"The export is not complete: {gap} Export the case again.";
            await EndAsync(export, ExportState.Failed, cancellationToken);
            return;
        }

        var row = await cases.FindAsync(export.CaseId, cancellationToken) ?? throw new InvalidOperationException("The case is not there.");
        await manifests.WriteAsync(row, export, cancellationToken);
        export.Problem = null;
        await EndAsync(export, ExportState.Done, cancellationToken);
    }

    private async Task EndAsync(ExportRow export, ExportState state, CancellationToken cancellationToken)
    {
        (export.State, export.EndedAt) = (state.ToString(), timeProvider.GetUtcNow());
        if (!await cases.TryWriteAsync(export, cancellationToken))
        {
            // Another delivery wrote it meanwhile, and has a message of its own.
            return;
        }

        if (state == ExportState.Done)
        {
            Log.Done(logger, export.CaseId, export.ExportId, export.Objects, export.Bytes, export.Parts ?? 0);
        }
        else
        {
            Log.Failed(logger, export.CaseId, export.ExportId, export.Problem);
        }
    }

    private Task SendNextAsync(ExportRow export, CancellationToken cancellationToken) =>
        queues.SendAsync(QueueNames.ExportCases, CaseMessage.About(export.CaseId, export.ExportId), TimeSpan.Zero, cancellationToken);

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 3130,
            Level = LogLevel.Information,
            Message = "Wrote part {Part} of {Parts} of export {ExportId} of case {CaseId}: {Bytes} bytes, {Problems} problems")]
        public static partial void PartWritten(ILogger logger, int part, int parts, string caseId, string exportId, long bytes, int problems);

        [LoggerMessage(
            EventId = 3131,
            Level = LogLevel.Information,
            Message = "Completed export {ExportId} of case {CaseId}: {Objects} objects, {Bytes} bytes in {Parts} parts")]
        public static partial void Done(ILogger logger, string caseId, string exportId, long objects, long bytes, int parts);

        [LoggerMessage(EventId = 3132, Level = LogLevel.Error, Message = "Export {ExportId} of case {CaseId} failed: {Problem}")]
        public static partial void Failed(ILogger logger, string caseId, string exportId, string? problem);

        [LoggerMessage(
            EventId = 3133,
            Level = LogLevel.Warning,
            Message = "The app crashed repeatedly while it wrote export {ExportId} of case {CaseId}; the export gets more attempts")]
        public static partial void Crashed(ILogger logger, string caseId, string exportId);
    }
}
