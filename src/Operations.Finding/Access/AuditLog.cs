using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Archiving.Storage;
using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Microsoft.Extensions.Logging;

namespace Operations.Access;

/// <summary>
/// Writes the audit log: JSON lines in append blobs, each line with the SHA-256 of the one before it in its blob. An
/// instance has blobs of its own, one for a day, and begins another when it cannot tell whether a write arrived, so no
/// two processes ever write to the same. Entries that come while a write is under way go together in the next.
/// </summary>
/// <remarks>
/// A blob holds at most 50,000 appends (Microsoft, "Scalability and performance targets for Blob storage"); after that,
/// and at the beginning of a day, the first line of the next blob names the blob before it and the hash of its last line.
/// </remarks>
public sealed partial class AuditLog : IDisposable
{
    private const int MaxAppends = 50_000;
    private const int MaxBytes = 2 * 1024 * 1024;
    private const byte NewLine = (byte)'\n';
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(5);

    // Within the time that an alert looks back: an outage that goes on must not look as if it were over.
    private static readonly TimeSpan Reminder = TimeSpan.FromMinutes(5);

    private readonly string _instance = Guid.NewGuid().ToString("N")[..16];
    private readonly ConcurrentQueue<Waiting> _waiting = new();
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private readonly AuditContainer _container;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<AuditLog> _logger;
    private OpenBlob? _blob;
    private AuditLink? _last;
    private int _number;
    private Failure? _failure;

    /// <summary>Initializes the log.</summary>
    public AuditLog(AuditContainer container, TimeProvider timeProvider, ILogger<AuditLog> logger)
    {
        _container = container;
        _timeProvider = timeProvider;
        _logger = logger;
    }

    /// <summary>Why the last write failed; <see langword="null"/> when it did not.</summary>
    public string? Problem => _failure?.Message;

    /// <summary>Writes a line. Only when this has returned may what the entry tells of be given, or done.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="cancellationToken">Stops waiting; the line may be written all the same.</param>
    /// <exception cref="AuditLogException">It could not be written.</exception>
    public async Task AppendAsync(AuditEntry entry, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var waiting = new Waiting(entry);
        _waiting.Enqueue(waiting);
        _ = WriteAsync();
        await waiting.Written.Task.WaitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _oneAtATime.Dispose();

    /// <summary>
    /// Tries without a line, where the last write failed and no other followed for minutes: a blob can be begun again once the storage
    /// works. Where a policy forbids to append, only a line shows that it no longer does.
    /// </summary>
    public async Task ProbeAsync(CancellationToken cancellationToken)
    {
        if (_failure is not { IsOfPolicy: false } failure || _timeProvider.GetElapsedTime(failure.At) < Reminder)
        {
            return;
        }

        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            timeout.CancelAfter(ProbeTimeout);
            await OpenAsync(DateOnly.FromDateTime(_timeProvider.GetUtcNow().UtcDateTime), timeout.Token);
            _failure = null;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            Keep(Describe(exception));
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    private void Keep(AuditLogException failure)
    {
        var isNew = _failure is not { } known || known.Message != failure.Message || _timeProvider.GetElapsedTime(known.LoggedAt) >= Reminder;
        if (isNew)
        {
            Log.NotWritten(_logger, failure.Message);
        }

        var now = _timeProvider.GetTimestamp();
        _failure = new Failure(
            failure.Message,
            now,
            isNew ? now : _failure!.LoggedAt,
            failure.InnerException is RequestFailedException { ErrorCode: "BlobImmutableDueToPolicy" });
    }

    /// <summary>Writes what waits. Every entry is followed by a call of this, so none is left.</summary>
    private async Task WriteAsync()
    {
        await _oneAtATime.WaitAsync();
        try
        {
            if (!_waiting.IsEmpty)
            {
                await WriteBatchAsync();
            }
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    private async Task WriteBatchAsync()
    {
        var batch = new List<Waiting>();
        try
        {
            using var timeout = new CancellationTokenSource(WriteTimeout, _timeProvider);
            var now = _timeProvider.GetUtcNow();
            var blob = await OpenAsync(DateOnly.FromDateTime(now.UtcDateTime), timeout.Token);
            using var lines = new MemoryStream();
            while (lines.Length < MaxBytes && _waiting.TryDequeue(out var waiting))
            {
                batch.Add(waiting);
                blob.Write(waiting.Entry, now, lines);
            }

            await AppendAsync(blob, lines, timeout.Token);
            _last = blob.Link;
            _failure = null;
            batch.ForEach(waiting => waiting.Written.SetResult());
        }
        catch (Exception exception)
        {
            // Whether the lines arrived is not known: nothing may follow them in this blob.
            _blob = null;
            if (exception is RequestFailedException { ErrorCode: "ContainerNotFound" })
            {
                _container.Forget();
            }

            var failure = Describe(exception);
            Keep(failure);

            // The others would fail just as well, one long wait after the other.
            while (_waiting.TryDequeue(out var waiting))
            {
                batch.Add(waiting);
            }

            batch.ForEach(waiting => waiting.Written.SetException(failure));
        }
    }

    private async Task<OpenBlob> OpenAsync(DateOnly day, CancellationToken cancellationToken)
    {
        if (_blob is { } open && open.Day == day && open.Appends < MaxAppends)
        {
            return open;
        }

        _blob = null;
        await _container.EnsureAsync(cancellationToken);
        _number++;
        var name = string.Create(CultureInfo.InvariantCulture, $"{AuditContainer.FolderOf(day)}{_instance}-{_number:0000}.jsonl");
        var client = _container.Client.GetAppendBlobClient(name);
        await client.CreateAsync(
            new AppendBlobCreateOptions
            {
                HttpHeaders = new BlobHttpHeaders { ContentType = "application/jsonl" },
                Conditions = new AppendBlobRequestConditions { IfNoneMatch = ETag.All },
            },
            cancellationToken);
        return _blob = new OpenBlob(client, day, _last);
    }

    private static async Task AppendAsync(OpenBlob blob, MemoryStream lines, CancellationToken cancellationToken)
    {
        lines.Position = 0;
        try
        {
            await blob.Client.AppendBlockAsync(
                lines,
                new AppendBlobAppendBlockOptions { Conditions = new AppendBlobRequestConditions { IfAppendPositionEqual = blob.Length } },
                cancellationToken);
        }
        catch (RequestFailedException exception) when (exception.ErrorCode == BlobErrorCode.AppendPositionConditionNotMet)
        {
            // An attempt arrived whose answer did not, and the client has repeated it.
            var options = new BlobDownloadOptions { Range = new HttpRange(blob.Length) };
            var stored = (await blob.Client.DownloadContentAsync(options, cancellationToken)).Value.Content;
            if (!stored.ToMemory().Span.SequenceEqual(lines.GetBuffer().AsSpan(0, (int)lines.Length)))
            {
                throw;
            }
        }

        blob.Length += lines.Length;
        blob.Appends++;
    }

    private static AuditLogException Describe(Exception exception)
    {
        const string Nothing = "The audit log cannot be written, and without it nothing is given.";
        return exception switch
        {
            RequestFailedException { ErrorCode: "BlobImmutableDueToPolicy" } => new AuditLogException(
                $"{Nothing} The container's immutability policy forbids to append: allow protected append writes in it, or set Audit__Container.",
                exception),
            _ when StorageOutage.Archive(exception) is { } outage => new AuditLogException($"{Nothing} {outage.Message}", exception),
            OperationCanceledException => new AuditLogException(
                $"{Nothing} The storage did not answer in time.",
                exception),
            RequestFailedException failed => new AuditLogException(
                string.Create(CultureInfo.InvariantCulture, $"{Nothing} The storage answered {failed.Status} {failed.ErrorCode}."),
                exception),
            _ => new AuditLogException($"{Nothing} {exception.GetType().Name}.", exception),
        };
    }

    private sealed record Failure(string Message, long At, long LoggedAt, bool IsOfPolicy);

    private sealed record Waiting(AuditEntry Entry)
    {
        public TaskCompletionSource Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>A blob that this instance alone writes to.</summary>
    private sealed class OpenBlob(AppendBlobClient client, DateOnly day, AuditLink? continues)
    {
        private string? _previous;
        private DateTimeOffset _newest;

        public AppendBlobClient Client => client;

        public DateOnly Day => day;

        public long Length { get; set; }

        public int Appends { get; set; }

        /// <summary>Its last line.</summary>
        public AuditLink Link => new(client.Name, _previous!);

        public void Write(AuditEntry entry, DateTimeOffset now, MemoryStream lines)
        {
            // Lines of a blob are in the order of their times, also when the clock is set back: readers search by that.
            _newest = now > _newest ? now : _newest;
            var line = new AuditLine(
                _newest,
                new AuditActor(entry.Caller.Id, entry.Caller.Name),
                [.. entry.Caller.Roles.Select(role => role.ToString())],
                entry.Action,
                entry.Region,
                entry.Id,
                entry.Parameters,
                entry.Case,
                entry.Outcome,
                _previous is null ? continues : null,
                _previous);
            var json = JsonSerializer.SerializeToUtf8Bytes(line, AuditJson.Default.AuditLine);
            lines.Write(json);
            lines.WriteByte(NewLine);
            _previous = Convert.ToHexStringLower(SHA256.HashData(json));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 3000, Level = LogLevel.Error, Message = "Audit log failed: {Problem}")]
        public static partial void NotWritten(ILogger logger, string problem);
    }
}
