using System.Security.Cryptography;
using Archiving.Archive;
using Archiving.Copying;
using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Requeuing;
using Archiving.Source;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Operations.Status;
using Simulator;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Archiving.Tests;

/// <summary>From 8x8 to verified bytes, on real storage.</summary>
public sealed class PipelineTests(AzuriteFixture azurite)
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Archiver_archives_everything_of_every_region_by_the_contract()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var items = new List<SimulatedObject>();
        foreach (var (region, type, bytes, name) in ((string, string, long, string)[])[
            ("us-east", "callrecording", 30_000, "call.mp3"), ("uk", "voicemail", 0, "empty.WAV"), ("us-east", "meeting", 9_000_000, "../../etc/passwd"),
            ("uk", "transcription", 1, ""), ("us-east", "hologram+beta", 4 * 1024 * 1024, "\0\r\n"),
            ("uk", "summary", (4 * 1024 * 1024) + 1, new string('n', 1000))])
        {
            items.Add(pipeline.Simulator.Objects.Add(new ObjectSpecification
            {
                Region = region,
                Type = type,
                Bytes = bytes,
                ObjectName = name,
                CreatedTime = Now.AddDays(-items.Count - 1),
                PartSize = bytes > 5_000_000 ? 5 * 1024 * 1024 : null,
            }));
        }

        await pipeline.RunAsync();

        foreach (var item in items)
        {
            await pipeline.AssertArchivedAsync(item);
        }

        Assert.Equal(2 * items.Count, (await pipeline.ReadContainerAsync()).Count);
        var first = items[0];
        var blob = $"us-east/callrecording/{first.CreatedTime.UtcDateTime:yyyy'/'MM'/'dd}/{first.Id}.mp3";
        var properties = (await pipeline.Container.GetBlobClient(blob).GetPropertiesAsync(cancellationToken: Cancellation)).Value;
        Assert.Equal(
            ("audio/mpeg", "attachment; filename*=UTF-8''call.mp3", first.Checksum),
            (properties.ContentType, properties.ContentDisposition, Convert.ToHexStringLower(properties.ContentHash)));
        Assert.Contains(items[4].Type.Replace("+", "%2B", StringComparison.Ordinal), (await pipeline.FindAsync(items[4]))!.Blob!, StringComparison.Ordinal);
        Assert.Equal("multipart-md5", (await pipeline.FindAsync(items[2]))!.Verification);
    }

    [Fact]
    public async Task Archiver_archives_an_object_once_however_often_its_message_comes()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        await pipeline.RunAsync();
        var first = await pipeline.FindAsync(item);
        var queues = pipeline.Get<WorkQueues>();
        for (var copy = 0; copy < 20; copy++)
        {
            await queues.SendAsync(QueueNames.ArchiveObjects, new ObjectMessage { Region = item.Region, Id = item.Id }, TimeSpan.Zero, Cancellation);
        }

        await pipeline.DeliverAllAsync();

        await pipeline.AssertArchivedAsync(item);
        Assert.Equal(2, (await pipeline.ReadContainerAsync()).Count);
        Assert.Equal(first!.ArchivedAt, (await pipeline.FindAsync(item))!.ArchivedAt);
    }

    [Fact]
    public async Task Archiver_defers_large_content_while_there_is_no_place_for_it_at_no_attempt()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { Bytes = 5_000_000 });
        using var transfer = new ContentTransfer(pipeline.Get<ArchiveStore>(), maxWait: TimeSpan.FromMilliseconds(10));
        var places = new List<TransferPlace>();
        while (await transfer.TryEnterAsync(item.Content.Length, Cancellation) is { } place)
        {
            places.Add(place);
        }

        using var small = await transfer.TryEnterAsync(1000, Cancellation);
        Assert.NotNull(small);
        var archiver = pipeline.Create<ObjectArchiver>(pipeline.Create<ContentReader>(transfer));
        var message = new ObjectMessage { Region = item.Region, Id = item.Id };

        await archiver.ArchiveAsync(message, attempt: 5, Cancellation);

        Assert.Equal((null, 1), (await pipeline.FindAsync(item), await pipeline.CountAsync(QueueNames.ArchiveObjects)));
        Assert.Equal(0, pipeline.Simulator.Counters["content"]);
        places[0].Dispose();
        await archiver.ArchiveAsync(message, attempt: 1, Cancellation);
        await pipeline.AssertArchivedAsync(item);
    }

    [Fact]
    public async Task Listing_queues_nothing_that_is_archived_already()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        for (var number = 0; number < 30; number++)
        {
            Add(pipeline);
        }

        await pipeline.RunAsync();
        var before = pipeline.Simulator.Counters["content"];
        await pipeline.RunAsync();
        await pipeline.RunAsync();

        Assert.Equal(30, before);
        Assert.Equal(before, pipeline.Simulator.Counters["content"]);
    }

    [Fact]
    public async Task Archiver_keeps_new_content_beside_the_old()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        await pipeline.RunAsync();
        var old = await pipeline.FindAsync(item);
        pipeline.Simulator.Objects.ReplaceContent(item.Region, item.Id, seed: 99, bytes: 5000);
        await Pipeline.PassWindowEndAsync();

        await pipeline.RunAsync();

        await pipeline.AssertArchivedAsync(item);
        var entry = await pipeline.FindAsync(item);
        Assert.EndsWith($".{entry!.Md5![..8]}.mp3", entry.Blob, StringComparison.Ordinal);
        var blobs = await pipeline.ReadContainerAsync();
        Assert.Equal(4, blobs.Count);
        Assert.Equal(30_000, blobs[old!.Blob!].ToMemory().Length);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Archiver_reads_what_has_no_checksum_again_when_its_record_changed(int attempt)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = pipeline.Simulator.Objects
            .Add(new ObjectSpecification { Region = "uk", Type = "voicemail", Bytes = 500, Checksum = "", CreatedTime = Now.AddHours(-1) });
        await pipeline.RunAsync();

        // As long as the old: the record shows no difference but its time.
        pipeline.Simulator.Objects.ReplaceContent(item.Region, item.Id, seed: 99, bytes: 500);
        await Pipeline.PassWindowEndAsync();
        await pipeline.PlanAndListAsync();
        await pipeline.DeliverAsync(
            QueueNames.ArchiveObjects,
            message => pipeline.Get<ObjectArchiver>().ArchiveAsync(ObjectMessage.Parse(message.Body), attempt, Cancellation));

        await pipeline.AssertArchivedAsync(item);
        Assert.Equal(4, (await pipeline.ReadContainerAsync()).Count);
    }

    [Theory]
    [InlineData("AVAILABLE", 4)]
    [InlineData("ARCHIVED", 2)]
    public async Task Archiver_keeps_one_copy_of_what_has_no_checksum_and_did_not_change(string state, int reads)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = pipeline.Simulator.Objects
            .Add(new ObjectSpecification { Region = "uk", Type = "voicemail", Bytes = 500, Checksum = "", CreatedTime = Now.AddHours(-1) });
        await pipeline.RunAsync();
        pipeline.Simulator.Objects.SetState(item.Region, item.Id, state);
        pipeline.Simulator.Objects.Touch(item.Region, item.Id);
        await Pipeline.PassWindowEndAsync();

        await pipeline.RunAsync();
        await pipeline.RunAsync();

        await pipeline.AssertArchivedAsync(item);
        Assert.Equal(2, (await pipeline.ReadContainerAsync()).Count);
        Assert.Equal(reads, pipeline.Simulator.Counters["content"]);
    }

    [Fact]
    public async Task Archiver_names_later_content_by_its_own_bytes_when_it_changes_again_between_two_reads()
    {
        Action? onRefusal = null;
        await using var pipeline = await Pipeline.StartAsync(
            azurite,
            storagePolicy: new AfterRefusal(() => Interlocked.Exchange(ref onRefusal, null)?.Invoke()));
        var item = Add(pipeline);
        await pipeline.RunAsync();
        pipeline.Simulator.Objects.ReplaceContent(item.Region, item.Id, seed: 99, bytes: 5000);
        onRefusal = () => pipeline.Simulator.Objects.ReplaceContent(item.Region, item.Id, seed: 100, bytes: 6000);
        await Pipeline.PassWindowEndAsync();

        await pipeline.RunAsync();

        Assert.Null(onRefusal);
        await pipeline.AssertArchivedAsync(item);
        var entry = await pipeline.FindAsync(item);
        Assert.EndsWith($".{entry!.Md5![..8]}.mp3", entry.Blob, StringComparison.Ordinal);
        Assert.Equal(4, (await pipeline.ReadContainerAsync()).Count);
    }

    [Fact]
    public async Task Archiver_records_a_missing_right_at_once_with_the_remedy()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        pipeline.Simulator.Account.Rights = Rights.Read;

        await pipeline.RunAsync();

        var entry = await pipeline.FindAsync(item);
        Assert.Equal("Failed", entry!.State);
        Assert.Contains("right to download", entry.LastError, StringComparison.Ordinal);
        Assert.Equal(1, pipeline.Simulator.Counters["content"]);
    }

    [Fact]
    public async Task Archiver_gives_an_object_more_attempts_when_the_process_crashed_over_each()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        await pipeline.PlanAndListAsync();
        var message = new ObjectMessage { Region = item.Region, Id = item.Id, Type = item.Type, CreatedTime = item.CreatedTime };
        var recorder = pipeline.Get<FailureRecorder>();

        await recorder.RecordObjectAsync(QueueNames.ArchiveObjects, message, Cancellation);
        Assert.Equal(("Queued", 2), (await pipeline.StateAsync(item), await pipeline.CountAsync(QueueNames.ArchiveObjects)));

        await recorder.RecordObjectAsync(QueueNames.ArchiveObjects, message with { Crashes = 5 }, Cancellation);
        Assert.Equal("Failed", await pipeline.StateAsync(item));
        Assert.Contains("crashed", (await pipeline.FindAsync(item))!.LastError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Archiver_does_not_take_the_error_of_before_a_redrive_for_that_of_a_crash()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        await pipeline.PlanAndListAsync();
        var entry = (await pipeline.FindAsync(item))!;
        (entry.State, entry.LastError, entry.Attempts) = ("Failed", "last month's", 5);
        await pipeline.Get<ObjectLedger>().ReplaceAsync(entry, Cancellation);
        Assert.Equal(1, (await pipeline.RedriveAsync()).Requeued);
        var message = new ObjectMessage { Region = item.Region, Id = item.Id, Type = item.Type, CreatedTime = item.CreatedTime };

        await pipeline.Get<FailureRecorder>().RecordObjectAsync(QueueNames.ArchiveObjects, message, Cancellation);
        Assert.Equal("Queued", await pipeline.StateAsync(item));

        await pipeline.Get<FailureRecorder>().RecordObjectAsync(QueueNames.ArchiveObjects, message with { Crashes = 5 }, Cancellation);
        Assert.Equal("Failed", await pipeline.StateAsync(item));
        Assert.Contains("crashed", (await pipeline.FindAsync(item))!.LastError, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("search")]
    [InlineData("token")]
    [InlineData("record")]
    public async Task Archiver_takes_answers_that_break_off_for_an_outage_that_costs_no_attempt(string call)
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        var item = Add(pipeline);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = call, Kind = FaultKind.Cut });
        var message = new ObjectMessage { Region = item.Region, Id = item.Id, CreatedTime = item.CreatedTime };

        await Assert.ThrowsAsync<OutageException>(() => call == "search"
            ? pipeline.Get<WindowLister>().ListAsync(new WindowMessage { Region = item.Region, From = Now.AddHours(-1), To = Now }, 1, Cancellation)
            : pipeline.Get<ObjectArchiver>().ArchiveAsync(message, 1, Cancellation));

        // That there is no token is kept for some seconds.
        time.Advance(TimeSpan.FromMinutes(1));
        pipeline.Simulator.Faults.Set();
        await pipeline.Get<ObjectArchiver>().ArchiveAsync(message, 1, Cancellation);
        await pipeline.AssertArchivedAsync(item);
    }

    [Fact]
    public async Task Archiver_finds_what_it_archived_before_an_outage_of_the_ledger_by_its_receipt()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        await pipeline.RunAsync();
        var entry = (await pipeline.FindAsync(item))!;
        var table = pipeline.Account.Tables.GetTableClient(ObjectLedger.TableName);
        await table.DeleteEntityAsync(entry.PartitionKey, entry.RowKey, cancellationToken: Cancellation);
        var record = await pipeline.Get<SourceRecords>().ReadAsync(item.Region, item.Id, Cancellation);
        pipeline.Simulator.Objects.Remove(item.Region, item.Id);

        await pipeline.Get<ObjectArchiver>().ArchiveAsync(
            new ObjectMessage { Region = item.Region, Id = item.Id, Record = record, Deferrals = 1 },
            attempt: 1,
            Cancellation);

        Assert.Equal("Archived", await pipeline.StateAsync(item));
        Assert.Equal(1, pipeline.Simulator.Counters["content"]);
    }

    [Fact]
    public async Task Archiver_records_an_object_that_no_address_can_name_at_once()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { Id = "..", CreatedTime = Now.AddHours(-1) });

        await pipeline.RunAsync();

        var entry = await pipeline.FindAsync(item);
        Assert.Equal(("Failed", 1), (entry!.State, entry.Attempts));
        Assert.Contains("address", entry.LastError, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FaultKind.Cut)]
    [InlineData(FaultKind.Early)]
    [InlineData(FaultKind.Extra)]
    [InlineData(FaultKind.Flip)]
    [InlineData(FaultKind.ErrorJson)]
    [InlineData(FaultKind.ErrorHtml)]
    [InlineData(FaultKind.Reset)]
    public async Task Archiver_gets_over_what_goes_wrong_on_the_first_read(FaultKind kind)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var items = new[] { Add(pipeline), Add(pipeline, bytes: 9_000_000) };
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "content", Kind = kind, First = 1, PerObject = true });

        await pipeline.RunAsync();

        foreach (var item in items)
        {
            await pipeline.AssertArchivedAsync(item);
        }

        Assert.Equal(4, (await pipeline.ReadContainerAsync()).Count);
    }

    [Theory]
    [InlineData(FaultKind.Flip)]
    [InlineData(FaultKind.Extra)]
    [InlineData(FaultKind.Early)]
    public async Task Archiver_shows_nothing_of_content_that_contradicts_its_record_each_time(FaultKind kind)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var items = new[] { Add(pipeline), Add(pipeline, bytes: 9_000_000) };
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "content", Kind = kind });

        await pipeline.RunAsync();

        foreach (var item in items)
        {
            var entry = await pipeline.FindAsync(item);
            Assert.Equal("Failed", entry!.State);
            Assert.Contains("contradicts its own record", entry.LastError, StringComparison.Ordinal);
        }

        Assert.Empty(await pipeline.ReadContainerAsync());
    }

    [Fact]
    public async Task Archiver_reads_content_without_checksum_twice_before_it_believes_it()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { Checksum = "", CreatedTime = Now.AddHours(-1) });
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Flip, First = 1 });

        await pipeline.RunAsync();

        await pipeline.AssertArchivedAsync(item);
        Assert.Equal("size", (await pipeline.FindAsync(item))!.Verification);
        Assert.Equal(3, pipeline.Simulator.Counters["content"]);
    }

    [Fact]
    public async Task Archiver_never_turns_an_archived_object_into_a_failure_by_a_late_message()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        await pipeline.RunAsync();
        pipeline.Simulator.Objects.Remove(item.Region, item.Id);
        await pipeline.Get<WorkQueues>()
            .SendAsync(QueueNames.ArchiveObjects, new ObjectMessage { Region = item.Region, Id = item.Id }, TimeSpan.Zero, Cancellation);

        await pipeline.DeliverAllAsync();

        Assert.Equal("Archived", await pipeline.StateAsync(item));
    }

    [Fact]
    public async Task Archiver_finishes_what_a_crash_left_between_content_and_receipt()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        var blob = $"us-east/callrecording/{item.CreatedTime.UtcDateTime:yyyy'/'MM'/'dd}/{item.Id}.mp3";
        var bytes = new byte[item.Content.Length];
        item.Content.Fill(bytes, 0);
        await pipeline.Container.CreateAsync(cancellationToken: Cancellation);
        await pipeline.Container.GetBlockBlobClient(blob).UploadAsync(
            new MemoryStream(bytes),
            new BlobUploadOptions { HttpHeaders = new BlobHttpHeaders { ContentHash = System.Security.Cryptography.MD5.HashData(bytes) } },
            Cancellation);

        await pipeline.RunAsync();

        await pipeline.AssertArchivedAsync(item);
        Assert.Equal(2, (await pipeline.ReadContainerAsync()).Count);
    }

    [Fact]
    public async Task Archiver_lets_several_runs_at_the_same_object_end_in_one_archived_object()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var items = new[] { Add(pipeline), Add(pipeline, bytes: 9_000_000) };
        var archiver = pipeline.Get<ObjectArchiver>();

        await Task.WhenAll(items.SelectMany(item => Enumerable.Range(0, 6).Select(async _ =>
        {
            try
            {
                await archiver.ArchiveAsync(new ObjectMessage { Region = item.Region, Id = item.Id }, 1, Cancellation);
            }
            catch (IOException)
            {
                // A run may lose its staged blocks to another and be delivered again.
            }
        })));

        foreach (var item in items)
        {
            await pipeline.AssertArchivedAsync(item);
        }

        Assert.Equal(4, (await pipeline.ReadContainerAsync()).Count);
    }

    [Theory]
    [InlineData(30_000)]
    [InlineData(9_000_000)]
    public async Task Archiver_makes_one_blob_and_receipt_and_row_of_a_message_delivered_20_times_at_once(long bytes)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline, bytes: bytes);
        for (var copy = 0; copy < 20; copy++)
        {
            await pipeline.Get<WorkQueues>()
                .SendAsync(QueueNames.ArchiveObjects, new ObjectMessage { Region = item.Region, Id = item.Id }, TimeSpan.Zero, Cancellation);
        }

        var queue = pipeline.Account.Queues.GetQueueClient(QueueNames.ArchiveObjects);
        var messages = (await queue.ReceiveMessagesAsync(32, TimeSpan.FromMinutes(1), Cancellation)).Value;
        Assert.Equal(20, messages.Length);
        await Task.WhenAll(messages.Select(pipeline.ArchiveAsync));

        await pipeline.AssertArchivedAsync(item);
        Assert.Equal(2, (await pipeline.ReadNamesAsync()).Count);
        var rows = 0;
        await foreach (var _ in pipeline.Account.Tables.GetTableClient("objects").QueryAsync<Azure.Data.Tables.TableEntity>(cancellationToken: Cancellation))
        {
            rows++;
        }

        Assert.Equal(1, rows);
    }

    [Fact]
    public async Task Archiver_waits_out_a_storm_of_429_without_a_request_or_a_failure()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var items = Enumerable.Range(0, 30).Select(_ => Add(pipeline)).ToList();
        await pipeline.PlanAndListAsync();
        pipeline.Simulator.Faults.Set(new FaultRule { Kind = FaultKind.Status, Status = 429, RetryAfter = "2", Every = 5 });

        await pipeline.DeliverAllAsync();
        pipeline.Simulator.Faults.Set();
        await pipeline.DeliverUntilAsync(items, state => state == "Archived", "everything is archived");

        Assert.True(pipeline.Simulator.Counters["fault:Status"] > 5);
        Assert.Equal(0, pipeline.Simulator.Counters["insideRetryAfter"]);
    }

    [Fact]
    public async Task Archiver_takes_server_errors_for_an_outage_when_they_meet_many_objects()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var items = Enumerable.Range(0, 30).Select(_ => Add(pipeline)).ToList();
        await pipeline.PlanAndListAsync();
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Status, Status = 502 });

        // Each of these would be an attempt, and the fifth the last.
        for (var round = 0; round < 6; round++)
        {
            await pipeline.DeliverAllAsync();
        }

        Assert.All(await Task.WhenAll(items.Select(pipeline.StateAsync)), state => Assert.Equal("Queued", state));
        Assert.Equal(30, await pipeline.CountAsync(QueueNames.ArchiveObjects));
        pipeline.Simulator.Faults.Set();
        await pipeline.DeliverUntilAsync(items, state => state == "Archived", "everything is archived");
    }

    [Fact]
    public async Task Archiver_defers_work_when_8x8_exceeds_its_time()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, networkTimeout: TimeSpan.FromSeconds(2));
        var item = Add(pipeline);
        await pipeline.PlanAndListAsync();
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Latency, Milliseconds = 60_000 });

        await pipeline.DeliverAllAsync();

        var entry = (await pipeline.FindAsync(item))!;
        Assert.Equal(("Queued", null, 0), (entry.State, entry.LastError, entry.Attempts));
        Assert.Equal(1, await pipeline.CountAsync(QueueNames.ArchiveObjects));
    }

    [Fact]
    public async Task Archiver_waits_for_content_that_comes_slowly()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, networkTimeout: TimeSpan.FromSeconds(5));
        var slow = Add(pipeline, bytes: 64 * 1024 * 8);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Slow, Milliseconds = 700 });

        // More than five seconds in all, and never five without a byte.
        await pipeline.RunAsync();

        await pipeline.AssertArchivedAsync(slow);
        Assert.Equal(1, pipeline.Simulator.Counters["content"]);
    }

    [Fact]
    public async Task Archiver_stores_nothing_that_arrives_otherwise_than_it_was_sent()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var content = new byte[1000];
        var md5 = MD5.HashData(content);
        content[500]++;

        var exception = await Assert.ThrowsAsync<RequestFailedException>(
            () => pipeline.Get<ArchiveStore>().TryPutAsync("uk/a.txt", content, md5, new ContentHeaders("text/plain", ContentDisposition: null), Cancellation));

        Assert.Equal("Md5Mismatch", exception.ErrorCode);
        Assert.Empty(await pipeline.ReadNamesAsync());
    }

    [Fact]
    public async Task Archiver_overwrites_nothing_that_another_program_put_under_a_name()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        var name = $"us-east/callrecording/{item.CreatedTime.UtcDateTime:yyyy'/'MM'/'dd}/{item.Id}.mp3";
        await pipeline.Container.CreateAsync(cancellationToken: Cancellation);
        await pipeline.Container.UploadBlobAsync(name, BinaryData.FromString("mine"), Cancellation);

        await pipeline.RunAsync();

        await pipeline.AssertArchivedAsync(item);
        Assert.Equal("mine", (await pipeline.ReadContainerAsync())[name].ToString());
    }

    [Fact]
    public async Task Archiver_defers_work_during_an_outage_without_spending_attempts()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        await pipeline.PlanAndListAsync();
        pipeline.Simulator.Faults.Set(new FaultRule { Kind = FaultKind.Status, Status = 401, Call = "content" });

        await pipeline.DeliverAllAsync();

        var entry = await pipeline.FindAsync(item);
        Assert.Equal(("Queued", 0), (entry!.State, entry.Attempts));
        var queue = pipeline.Account.Queues.GetQueueClient(QueueNames.ArchiveObjects);
        Assert.Equal(1, (await queue.GetPropertiesAsync(Cancellation)).Value.ApproximateMessagesCount);
    }

    [Fact]
    public async Task Archiver_gives_up_an_object_that_alone_gets_no_answer_for_more_than_an_hour()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        var other = Add(pipeline);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Reset, Id = item.Id });
        var queues = pipeline.Get<WorkQueues>();
        var message = new ObjectMessage { Region = item.Region, Id = item.Id, CreatedTime = item.CreatedTime, Deferrals = 11 };

        // 8x8 answers no request: an outage, however long.
        await Assert.ThrowsAsync<OutageException>(() => pipeline.Get<ObjectArchiver>().ArchiveAsync(message, 1, Cancellation));

        // It answers for another one: an outage of this one alone.
        await queues.SendAsync(QueueNames.ArchiveObjects, new ObjectMessage { Region = other.Region, Id = other.Id }, TimeSpan.Zero, Cancellation);
        await pipeline.DeliverAllAsync();
        await pipeline.AssertArchivedAsync(other);
        await queues.SendAsync(QueueNames.ArchiveObjects, message with { Deferrals = 12 }, TimeSpan.Zero, Cancellation);
        await pipeline.DeliverAllAsync();

        var entry = (await pipeline.FindAsync(item))!;
        Assert.Equal("Failed", entry.State);
        Assert.Contains("got no answer", entry.LastError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_shows_what_the_archiver_did()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        Add(pipeline);
        Add(pipeline, type: "voicemail", minutesAgo: 60 * 24 * 25);
        await pipeline.RunAsync();
        pipeline.Simulator.Faults.Set(
            new FaultRule { Call = "content", Kind = FaultKind.Status, Status = 410 },
            new FaultRule { Call = "record", Kind = FaultKind.Status, Status = 410 });
        var gone = Add(pipeline, minutesAgo: 1);
        pipeline.Simulator.Objects.Touch(gone.Region, gone.Id);
        await Pipeline.PassWindowEndAsync();
        await pipeline.RunAsync();

        var status = await pipeline.Get<StatusReader>().ReadAsync(Cancellation);

        Assert.Equal((2L, 1L, 0L), (status.Objects["Archived"], status.Objects["Gone"], status.Objects["Failed"]));
        Assert.Equal(60_000, status.Bytes);
        Assert.Equal(1, status.ByType["voicemail"]["Archived"]);
        Assert.NotNull(status.Token.ExpiresOn);
        Assert.Equal(["uk", "us-east"], status.Listings.Keys.Order(StringComparer.Ordinal));
        Assert.NotNull(status.Listings["uk"].Watermark);
        Assert.Null(status.OldestUnarchived);
    }

    [Fact]
    public async Task Status_names_the_oldest_object_that_is_not_archived_and_when_8x8_deletes_it()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("Retention__voicemail", "26"));
        var item = Add(pipeline, type: "voicemail", minutesAgo: 60 * 24 * 25);
        Add(pipeline);
        await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation);
        while (await pipeline.DeliverAsync(QueueNames.ListWindows, pipeline.ListAsync) > 0)
        {
        }

        var status = await pipeline.Get<StatusReader>().ReadAsync(Cancellation);

        Assert.Equal((item.Id, 1L, 2L), (status.OldestUnarchived!.Id, status.AtRisk, status.Objects["Queued"]));
        Assert.Equal(item.CreatedTime.AddDays(26).ToUnixTimeSeconds(), status.OldestUnarchived.DeletedBy8x8On.ToUnixTimeSeconds());
    }

    private static SimulatedObject Add(Pipeline pipeline, string type = "callrecording", long bytes = 30_000, int minutesAgo = 60) =>
        pipeline.Simulator.Objects.Add(new ObjectSpecification { Type = type, Bytes = bytes, CreatedTime = Now.AddMinutes(-minutesAgo) });

    /// <summary>Does something whenever the storage refuses to store content because something has its name.</summary>
    private sealed class AfterRefusal(Action act) : HttpPipelineSynchronousPolicy
    {
        public override void OnReceivedResponse(HttpMessage message)
        {
            if (message.Response.Status == 409 && message.Request.Uri.Path.Contains("recordings/", StringComparison.Ordinal))
            {
                act();
            }
        }
    }
}
