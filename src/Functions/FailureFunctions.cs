using System.Text.Json.Serialization;
using Archiving.Listing;
using Archiving.Planning;
using Archiving.Queues;
using Archiving.Requeuing;
using Azure.Storage.Queues.Models;
using Functions.Access;
using Functions.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Operations.Access;
using Operations.Failures;

namespace Functions;

/// <summary>Keeps what failed too often, and redrives it.</summary>
public sealed class FailureFunctions(
    MessageHandler handler,
    FailureRecorder recorder,
    WindowFailureRecorder windows,
    FailureRedriver redriver,
    DayPlans plans)
{
    private static readonly TimeSpan InlineDuration = TimeSpan.FromSeconds(5);

    /// <summary>Records an object that could not be archived.</summary>
    [Function("RecordFailureToArchive")]
    public Task RecordFailureToArchiveAsync(
        [QueueTrigger(QueueNames.ArchiveObjects + QueueNames.PoisonSuffix)] QueueMessage message,
        CancellationToken cancellationToken) =>
        handler.HandleFailedAsync<ObjectMessage>(
            QueueNames.ArchiveObjects,
            message,
            (work, token) => recorder.RecordObjectAsync(QueueNames.ArchiveObjects, work, token),
            cancellationToken);

    /// <summary>Records a window that could not be listed.</summary>
    [Function("RecordFailureToList")]
    public Task RecordFailureToListAsync(
        [QueueTrigger(QueueNames.ListWindows + QueueNames.PoisonSuffix)] QueueMessage message,
        CancellationToken cancellationToken) =>
        handler.HandleFailedAsync<WindowMessage>(QueueNames.ListWindows, message, windows.RecordAsync, cancellationToken);

    /// <summary>Records an object that could not be restored.</summary>
    [Function("RecordFailureToRestore")]
    public Task RecordFailureToRestoreAsync(
        [QueueTrigger(QueueNames.RestoreObjects + QueueNames.PoisonSuffix)] QueueMessage message,
        CancellationToken cancellationToken) =>
        handler.HandleFailedAsync<ObjectMessage>(
            QueueNames.RestoreObjects,
            message,
            (work, token) => recorder.RecordObjectAsync(QueueNames.RestoreObjects, work, token),
            cancellationToken);

    /// <summary>Logs that an object could not be verified. It is overdue the next night.</summary>
    [Function("RecordFailureToVerify")]
    public Task RecordFailureToVerifyAsync(
        [QueueTrigger(QueueNames.VerifyObjects + QueueNames.PoisonSuffix)] QueueMessage message,
        CancellationToken cancellationToken) =>
        handler.HandleFailedAsync<ObjectMessage>(
            QueueNames.VerifyObjects,
            message,
            (work, _) => recorder.ReportObjectAsync(work, "It could not be verified; it comes up the next night."),
            cancellationToken);

    /// <summary>Logs that an object could not be deleted at 8x8. It stays archived, and comes up the next night.</summary>
    [Function("RecordFailureToPurge")]
    public Task RecordFailureToPurgeAsync(
        [QueueTrigger(QueueNames.PurgeObjects + QueueNames.PoisonSuffix)] QueueMessage message,
        CancellationToken cancellationToken) =>
        handler.HandleFailedAsync<ObjectMessage>(
            QueueNames.PurgeObjects,
            message,
            (work, _) => recorder.ReportObjectAsync(work, "It could not be deleted at 8x8; it comes up the next night."),
            cancellationToken);

    /// <summary>Puts failed objects back into their queue: <c>{region?,type?,ids?}</c>.</summary>
    [Function("RedriveFailures")]
    [AllowedRoles(Role.Operator)]
    public async Task<IActionResult> RedriveFailuresAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "failures/redrive")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var wanted = await RequestBody.ReadAsync(request, RequestJson.Default.RedriveRequest, cancellationToken);
        var plan = redriver.Prepare(wanted.Region, wanted.Type, wanted.Ids ?? []);
        if (plan.ToJson().ToMemory().Length > FailureRedriver.MaxBytes)
        {
            throw new BadRequestException("ids", $"Expected fewer IDs: as JSON at most {FailureRedriver.MaxBytes} bytes. Send several requests.");
        }

        // A plan of its own each time, so none of the kind can be under way.
        var redriven = (await plans.StartAsync(plan, InlineDuration, cancellationToken))!;
        return ApiJson.Result(FailureRedriver.ToResult(redriven), ApiJson.Default.Redriven, StatusCodes.Status202Accepted);
    }
}

/// <summary>Which failed objects are redriven.</summary>
/// <param name="Region">Only those of a region.</param>
/// <param name="Type">Only those of a type.</param>
/// <param name="Ids">Only those of these IDs; all when it is missing.</param>
internal sealed record RedriveRequest(
    [property: JsonConverter(typeof(TextField))] string? Region = null,
    [property: JsonConverter(typeof(TextField))] string? Type = null,
    [property: JsonConverter(typeof(IdsField))] IReadOnlyList<string>? Ids = null);
