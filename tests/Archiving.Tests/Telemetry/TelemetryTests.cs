using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Archiving.Listing;
using Archiving.Queues;
using Archiving.Telemetry;
using EightByEight;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Operations.Status;
using Simulator;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Archiving.Tests;

/// <summary>What is measured and traced, and what never is.</summary>
public sealed class TelemetryTests(AzuriteFixture azurite)
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Telemetry_measures_an_object_that_is_archived_once_and_exactly()
    {
        await using var pipeline = await StartAsync();
        using var metrics = new MetricCapture(pipeline.Get<IMeterFactory>());
        var item = Add(pipeline);

        await pipeline.RunAsync();
        await pipeline.Get<WorkQueues>()
            .SendAsync(QueueNames.ArchiveObjects, new ObjectMessage { Region = item.Region, Id = item.Id }, TimeSpan.Zero, Cancellation);
        var measured = metrics.All;
        await pipeline.DeliverAllAsync();

        await pipeline.AssertArchivedAsync(item);
        Assert.Equal(
            [
                "archiving.bytes.archived region=us-east type=callrecording 30000",
                "archiving.objects.archived region=us-east type=callrecording verification=md5 1",
                "archiving.phase.duration phase=fetch region=us-east",
                "archiving.phase.duration phase=intake region=us-east",
                "archiving.phase.duration phase=ledger region=us-east",
                "archiving.phase.duration phase=list region=us-east",
                "archiving.phase.duration phase=receipt region=us-east",
                "archiving.phase.duration phase=store region=us-east",
            ],
            measured.Select(Describe).Order(StringComparer.Ordinal));
        Assert.All(measured.Where(one => one.Name == "archiving.phase.duration"), one => Assert.InRange(one.Value, 0.000_001, 60));

        // Delivered again, it is archived once all the same.
        Assert.Equal(1, metrics.Sum("archiving.objects.archived").Values.Sum());
        Assert.Equal(30_000, metrics.Sum("archiving.bytes.archived").Values.Sum());
    }

    [Fact]
    public async Task Telemetry_traces_an_object_from_the_listing_to_the_receipt_across_queues()
    {
        using var spans = new SpanCapture();
        await using var pipeline = await StartAsync();
        var item = Add(pipeline);
        var other = Add(pipeline);

        await pipeline.RunAsync();

        var trace = spans.Trace(Assert.Single(spans.TracesOf(item.Id)));
        Assert.Equal(
            ["send archive-objects", "archive object", "fetch", "store", "receipt", "ledger"],
            trace.Select(span => span.DisplayName));
        Assert.Null(trace[0].ParentId);
        Assert.Equal(trace[0].Id, trace[1].ParentId);
        Assert.All(trace.Skip(2), span => Assert.Equal(trace[1].Id, span.ParentId));
        Assert.Equal(
            [
                ("region", "us-east"), ("type", "callrecording"), ("object.id", item.Id),
                ("outcome", "archived"), ("verification", "md5"), ("bytes", (object)30_000L),
            ],
            trace[1].TagObjects.Select(tag => (tag.Key, tag.Value!)));
        Assert.Equal((ActivityKind.Producer, ActivityKind.Consumer), (trace[0].Kind, trace[1].Kind));

        // The listing is a trace by itself, and each object's begins with a link to it.
        Assert.NotEqual(trace[0].TraceId, Assert.Single(spans.TracesOf(other.Id)));
        var listing = spans.Trace(Assert.Single(trace[0].Links).Context.TraceId);
        Assert.Equal(["send list-windows", "list window", "list", "intake"], listing.Select(span => span.DisplayName));
        Assert.Equal(listing[0].Id, listing[1].ParentId);
        Assert.Equal(listing[3].SpanId, trace[0].Links.Single().Context.SpanId);
    }

    [Fact]
    public async Task Telemetry_traces_an_object_through_cold_storage_and_back_as_one_flat_trace()
    {
        using var spans = new SpanCapture();
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time, settings: ("Restore__PollInterval", "00:00:01"));
        using var metrics = new MetricCapture(pipeline.Get<IMeterFactory>());
        pipeline.Simulator.Account.RestoreTime = TimeSpan.FromHours(2);
        var item = Add(pipeline, state: "ARCHIVED");
        await pipeline.RunAsync();
        for (var looks = 0; looks < 2; looks++)
        {
            time.Advance(TimeSpan.FromHours(1.1));
            await Eventually.HoldsAsync(
                async () => await pipeline.DeliverAsync(QueueNames.RestoreObjects, pipeline.RestoreAsync) > 0,
                "the object is looked at again");
        }

        await pipeline.DeliverAllAsync();

        await pipeline.AssertArchivedAsync(item);
        var trace = spans.Trace(Assert.Single(spans.TracesOf(item.Id)));

        // On a busy machine one delivery takes long enough for a look more.
        var names = trace.Select(span => span.DisplayName).Where(name => name is not ("fetch" or "store" or "receipt" or "ledger")).ToList();
        Assert.Equal(
            ["send restore-objects", "restore object", "restore", "restore object", "send archive-objects", "archive object"],
            names.Where((name, index) => index == 0 || name != names[index - 1]));
        Assert.True(names.Count(name => name == "restore object") >= 3);
        Assert.All(trace.Where(span => span.DisplayName == "restore object"), span => Assert.Equal(trace[0].Id, span.ParentId));
        Assert.Equal(("region=us-east type=callrecording", 1), Only(metrics.Sum("archiving.restores.requested")));
        Assert.Equal(("region=us-east type=callrecording", 1), Only(metrics.Sum("archiving.objects.restored")));
    }

    [Fact]
    public async Task Telemetry_keeps_the_trace_of_deferred_work_and_counts_it_by_its_cause()
    {
        using var spans = new SpanCapture();
        await using var pipeline = await StartAsync();
        using var metrics = new MetricCapture(pipeline.Get<IMeterFactory>());
        var item = Add(pipeline);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Status, Status = 401 });
        await pipeline.RunAsync();

        Assert.Equal(("queue=archive-objects condition=credentials", 1), Only(metrics.Sum("archiving.messages.deferred")));
        var work = spans.Trace(Assert.Single(spans.TracesOf(item.Id))).Single(span => span.DisplayName == "archive object");
        Assert.Equal((ActivityStatusCode.Error, "credentials"), (work.Status, work.GetTagItem("error.type")));

        // What is deferred again, and what comes again after it, goes on where the first was.
        pipeline.Simulator.Faults.Set();
        var message = new ObjectMessage { Region = item.Region, Id = item.Id, TraceParent = work.ParentId };
        await pipeline.Get<WorkQueues>().SendAsync(QueueNames.ArchiveObjects, message with { Deferrals = 1 }, TimeSpan.Zero, Cancellation);
        await pipeline.DeliverAllAsync();

        await pipeline.AssertArchivedAsync(item);
        var trace = spans.Trace(Assert.Single(spans.TracesOf(item.Id)));
        Assert.Single(trace, span => span.DisplayName == "send archive-objects");
        Assert.All(trace.Where(span => span.DisplayName == "archive object"), span => Assert.Equal(work.ParentId, span.ParentId));
    }

    [Fact]
    public async Task Telemetry_links_work_to_the_invocation_that_did_it()
    {
        using var spans = new SpanCapture();
        await using var pipeline = await StartAsync();
        var item = Add(pipeline);
        using var invocation = new Activity("invocation").Start();

        await pipeline.RunAsync();

        var work = spans.Trace(Assert.Single(spans.TracesOf(item.Id))).Single(span => span.DisplayName == "archive object");
        Assert.NotEqual(invocation.TraceId, work.TraceId);
        Assert.Equal(invocation.Context, Assert.Single(work.Links).Context);
        Assert.Same(invocation, Activity.Current);
    }

    [Theory]
    [InlineData(FaultKind.Status, 503, "scope=request cause=server_error", null)]
    [InlineData(FaultKind.Status, 429, "scope=request cause=throttled", null)]
    [InlineData(FaultKind.Status, 408, "scope=request cause=timeout", null)]
    [InlineData(FaultKind.Status, 401, "scope=request cause=unauthorized", null)]
    [InlineData(FaultKind.Reset, 0, "scope=request cause=no_answer", null)]
    [InlineData(FaultKind.Cut, 0, "scope=message cause=broken_connection", null)]
    [InlineData(FaultKind.Stall, 0, "scope=message cause=broken_connection", null)]
    [InlineData(FaultKind.ErrorHtml, 0, "scope=read cause=wrong_content", "size")]
    [InlineData(FaultKind.Flip, 0, "scope=read cause=wrong_content", "md5")]
    [InlineData(FaultKind.Early, 0, "scope=read cause=wrong_content", "size")]
    [InlineData(FaultKind.Extra, 0, "scope=read cause=wrong_content", "size")]
    public async Task Telemetry_counts_what_is_tried_again_by_its_cause(FaultKind fault, int status, string retry, string? mismatch)
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time, fault == FaultKind.Stall ? TimeSpan.FromSeconds(4) : null);
        var item = Add(pipeline);
        await pipeline.PlanAndListAsync();
        using var metrics = new MetricCapture(pipeline.Get<IMeterFactory>());

        // A token that was asked for just now is not replaced after a 401.
        time.Advance(TimeSpan.FromMinutes(1));
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "content", Kind = fault, Status = status, First = 1 });
        await pipeline.DeliverAllAsync();

        await pipeline.AssertArchivedAsync(item);
        Assert.Equal((retry, 1), Only(metrics.Sum("archiving.retries")));
        if (mismatch is null)
        {
            Assert.Empty(metrics.Sum("archiving.content.mismatches"));
        }
        else
        {
            Assert.Equal(($"region=us-east type=callrecording cause={mismatch}", 1), Only(metrics.Sum("archiving.content.mismatches")));
        }
    }

    [Fact]
    public async Task Telemetry_counts_a_second_read_that_stands_in_for_a_checksum()
    {
        await using var pipeline = await StartAsync();
        using var metrics = new MetricCapture(pipeline.Get<IMeterFactory>());
        pipeline.Simulator.Objects.Add(new ObjectSpecification { Checksum = "", CreatedTime = Now.AddHours(-1) });

        await pipeline.RunAsync();

        Assert.Equal(("scope=read cause=unconfirmed", 1), Only(metrics.Sum("archiving.retries")));
        Assert.Equal(("region=us-east type=callrecording verification=size", 1), Only(metrics.Sum("archiving.objects.archived")));
    }

    [Fact]
    public async Task Telemetry_measures_waits_that_a_429_causes_and_not_those_that_keep_the_pace()
    {
        var time = new FakeTimeProvider();
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var factory = services.GetRequiredService<IMeterFactory>();
        using var metrics = new MetricCapture(factory);
        var gate = new ThrottleMeter(new PacedGate(time, maxRequestsPerSecond: 0.5), new ArchivingMetrics(factory, time), time);

        await gate.WaitAsync(Cancellation);
        var paced = gate.WaitAsync(Cancellation).AsTask();
        time.Advance(TimeSpan.FromSeconds(2));
        await paced;
        Assert.Empty(metrics.All);

        gate.OnThrottled(TimeSpan.FromSeconds(7), isRefusal: true);
        var held = gate.WaitAsync(Cancellation).AsTask();
        time.Advance(TimeSpan.FromSeconds(7));
        await held;

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        gate.OnThrottled(TimeSpan.FromSeconds(30), isRefusal: true);
        var given = gate.WaitAsync(stop.Token).AsTask();
        time.Advance(TimeSpan.FromSeconds(4));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);

        Assert.Equal([new Measured("archiving.throttle.wait", "", 7), new Measured("archiving.throttle.wait", "", 4)], metrics.All);
    }

    [Fact]
    public async Task Telemetry_counts_failures_by_their_reason_and_what_is_gone()
    {
        using var spans = new SpanCapture();
        await using var pipeline = await StartAsync();
        using var metrics = new MetricCapture(pipeline.Get<IMeterFactory>());
        var (contradictory, cut, gone) = (Add(pipeline), Add(pipeline), Add(pipeline));
        var odd = Add(pipeline, "voicemail", "FAILED");
        pipeline.Simulator.Faults.Set(
            new FaultRule { Call = "content", Kind = FaultKind.Flip, Id = contradictory.Id },
            new FaultRule { Call = "content", Kind = FaultKind.Cut, Id = cut.Id },
            new FaultRule { Call = "content", Kind = FaultKind.Status, Status = 410, Id = gone.Id },
            new FaultRule { Call = "record", Kind = FaultKind.Status, Status = 410, Id = gone.Id });
        await pipeline.Get<WorkQueues>()
            .SendAsync(QueueNames.ArchiveObjects, new ObjectMessage { Region = odd.Region, Id = odd.Id }, TimeSpan.Zero, Cancellation);
        await pipeline.RunAsync();
        pipeline.Simulator.Faults.Set();
        pipeline.Simulator.Account.Rights = Rights.Read;
        var forbidden = Add(pipeline, "meeting");
        await pipeline.Get<WorkQueues>()
            .SendAsync(QueueNames.ArchiveObjects, new ObjectMessage { Region = forbidden.Region, Id = forbidden.Id }, TimeSpan.Zero, Cancellation);
        await pipeline.DeliverAllAsync();

        Assert.Equal(
            new Dictionary<string, double>(StringComparer.Ordinal)
            {
                ["region=us-east type=callrecording reason=exhausted"] = 1,
                ["region=us-east type=callrecording reason=wrong_content"] = 1,
                ["region=us-east type=meeting reason=forbidden"] = 1,
                ["region=us-east type=voicemail reason=no_content"] = 1,
            },
            metrics.Sum("archiving.objects.failed"));
        Assert.Equal(("region=us-east type=callrecording", 1), Only(metrics.Sum("archiving.objects.gone")));
        Assert.Equal(2, metrics.Sum("archiving.content.mismatches").Values.Sum());
        Assert.Equal(5, metrics.Sum("archiving.retries")["scope=message cause=broken_connection"]);

        var failure = spans.Trace(Assert.Single(spans.TracesOf(cut.Id)))[^1];
        Assert.Equal(
            ("record failure", "exhausted", ActivityStatusCode.Error, null),
            (failure.DisplayName, failure.GetTagItem("error.type"), failure.Status, failure.StatusDescription));
        var end = spans.Trace(Assert.Single(spans.TracesOf(gone.Id))).Single(span => span.DisplayName == "archive object");
        Assert.Equal(("gone", ActivityStatusCode.Unset), (end.GetTagItem("outcome"), end.Status));
    }

    [Fact]
    public async Task Telemetry_counts_a_window_that_could_not_be_listed()
    {
        await using var pipeline = await StartAsync();
        using var metrics = new MetricCapture(pipeline.Get<IMeterFactory>());
        var window = new WindowMessage { Region = "uk", From = Now.AddHours(-1), To = Now };

        await pipeline.Get<WindowFailureRecorder>().RecordAsync(window, Cancellation);

        Assert.Equal(("region=uk kind=listing", 1), Only(metrics.Sum("archiving.windows.failed")));
    }

    [Fact]
    public async Task Telemetry_counts_what_is_read_again_what_is_damaged_and_what_is_purged()
    {
        using var spans = new SpanCapture();
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time, settings: [("Purge__Enabled", "true"), ("Purge__AfterDays", "1")]);
        using var metrics = new MetricCapture(pipeline.Get<IMeterFactory>());
        var (whole, damaged) = (Add(pipeline), Add(pipeline, "voicemail"));
        await pipeline.RunAsync();
        await pipeline.Container.DeleteBlobAsync((await pipeline.FindAsync(damaged))!.Blob, cancellationToken: Cancellation);
        foreach (var item in (SimulatedObject[])[whole, damaged])
        {
            await pipeline.Get<WorkQueues>().SendAsync(
                QueueNames.VerifyObjects,
                new ObjectMessage { Region = item.Region, Id = item.Id, Type = item.Type, CreatedTime = item.CreatedTime },
                TimeSpan.Zero,
                Cancellation);
        }

        await pipeline.DeliverAllAsync();
        time.Advance(TimeSpan.FromDays(2));
        await pipeline.PlanPurgeAsync(isDryRun: false);
        await pipeline.DeliverAllAsync();

        Assert.Equal(["region=us-east type=callrecording", "region=us-east type=voicemail"], metrics.Sum("archiving.objects.scrubbed").Keys);
        Assert.Equal(("region=us-east type=voicemail cause=blob_missing", 1), Only(metrics.Sum("archiving.scrub.mismatches")));
        Assert.Equal(2, metrics.Sum("archiving.objects.purged").Values.Sum());
        Assert.Contains(metrics.All, one => one.Tags == "phase=scrub region=us-east");
        Assert.Contains(metrics.All, one => one.Tags == "phase=purge region=us-east");

        // Found by the listing, damaged, and purged: three traces. Healing is part of the second.
        var healed = spans.TracesOf(damaged.Id).Select(spans.Trace).Single(trace => trace.Exists(span => span.DisplayName == "verify object"));
        Assert.Contains(healed, span => span.DisplayName == "archive object");
        Assert.Equal(3, spans.TracesOf(damaged.Id).Count);
    }

    [Theory]
    [InlineData("\"\"")]
    [InlineData("\"00-00000000000000000000000000000000-0000000000000000-00\"")]
    [InlineData("\"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01\"")]
    [InlineData("\"00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01\"")]
    [InlineData("\"zz-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"")]
    [InlineData("\"jane.doe+14085550100\"")]
    [InlineData("17")]
    [InlineData("null")]
    [InlineData("[\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"]")]
    [InlineData("{\"a\":{\"b\":[1,2]}}")]
    public async Task Message_with_a_malformed_trace_context_is_handled_without_it(string garbage)
    {
        var item = ObjectMessage.Parse(BinaryData.FromString($$"""{"region":"uk","traceparent":{{garbage}},"id":"a","deferrals":3}"""));
        var window = WindowMessage.Parse(
            BinaryData.FromString($$"""{"region":"uk","traceparent":{{garbage}},"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z"}"""));

        Assert.Equal(("a", 3, null), (item.Id, item.Deferrals, item.TraceParent));
        Assert.Equal(("uk", 2, null), (window.Region, window.To.Day, window.TraceParent));
        using var spans = new SpanCapture();
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var telemetry = new MessageTelemetry(new ArchivingMetrics(services.GetRequiredService<IMeterFactory>(), TimeProvider.System));
        var id = Guid.NewGuid().ToString();
        await telemetry.HandleAsync(Spans.ArchiveObject, item with { Id = id, TraceParent = garbage.Trim('"') }, () => Task.CompletedTask, Cancellation);
        Assert.Null(spans.Trace(Assert.Single(spans.TracesOf(id))).Single().ParentId);
    }

    [Fact]
    public void Message_of_either_kind_carries_a_valid_trace_context()
    {
        const string Good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        var item = new ObjectMessage { Region = "uk", Id = "a", TraceParent = Good };
        var window = new WindowMessage { Region = "uk", From = Now, To = Now, TraceParent = Good };

        Assert.Equal(Good, ObjectMessage.Parse(item.ToJson()).TraceParent);
        Assert.Equal(Good, WindowMessage.Parse(window.ToJson()).TraceParent);
        Assert.DoesNotContain("traceparent", (item with { TraceParent = null }).ToJson().ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("traceparent", (window with { TraceParent = null }).ToJson().ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(48_900)]
    [InlineData(48_960)]
    [InlineData(49_000)]
    [InlineData(49_060)]
    public void Message_holds_the_record_and_its_trace_context_or_leaves_the_record_out(int length)
    {
        var record = StorageObject.Parse(BinaryData.FromString($$"""{"id":"a","type":"voicemail","note":"{{new string('x', length)}}"}"""));
        var message = new ObjectMessage { Region = "uk", Id = "a", Record = record, TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" }
            .ToJson();

        Assert.InRange(Convert.ToBase64String(message.ToArray()).Length, 1, 65_536);
        Assert.NotNull(ObjectMessage.Parse(message).TraceParent);
    }

    [Fact]
    public void Gauges_show_a_sample_of_the_status_until_it_is_stale()
    {
        var time = new FakeTimeProvider();
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var factory = services.GetRequiredService<IMeterFactory>();
        using var metrics = new MetricCapture(factory);
        var gauges = new StatusGauges(factory, time);
        Assert.Empty(metrics.Observe());

        gauges.Record(
            12,
            3,
            2,
            TimeSpan.FromHours(1),
            0.25,
            TimeSpan.FromDays(3),
            TimeSpan.FromMinutes(-1),
            new Dictionary<string, TimeSpan>(StringComparer.Ordinal) { ["uk"] = TimeSpan.FromMinutes(5), ["ca"] = TimeSpan.FromMinutes(6) });
        time.Advance(TimeSpan.FromMinutes(14));
        Assert.Equal(
            [
                "archiving.status.at_risk  3",
                "archiving.status.backlog  12",
                "archiving.status.failed  2",
                "archiving.status.listing.age region=ca 360",
                "archiving.status.listing.age region=uk 300",
                "archiving.status.oldest_unarchived.age  3600",
                "archiving.status.oldest_unarchived.retention_share  0.25",
                "archiving.status.oldest_verified.age  259200",
                "archiving.status.token.remaining  -60",
            ],
            metrics.Observe().Select(Describe).Order(StringComparer.Ordinal));

        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Empty(metrics.Observe());

        gauges.Record(
            0,
            0,
            0,
            oldestAge: null,
            oldestShare: null,
            oldestReadAge: null,
            tokenRemaining: null,
            new Dictionary<string, TimeSpan>(StringComparer.Ordinal));
        Assert.Equal(7, metrics.Observe().Count);
        Assert.All(metrics.All, one => Assert.Equal(0, one.Value));
    }

    [Fact]
    public async Task Telemetry_holds_nothing_personal_and_no_secret()
    {
        string[] tellTales =
            ["Hortensia", "5558675309", "cust-4711", "user-0815", "remark-of-a-caller", "tag-that-tells", "demo-secret", "AccountKey", "sig=", "X-Amz"];
        using var spans = new SpanCapture();
        await using var pipeline = await StartAsync(settings: [("Archive__Transfer", "ServerSide"), ("Restore__PollInterval", "00:00:01")]);
        using var metrics = new MetricCapture(pipeline.Get<IMeterFactory>());
        pipeline.Simulator.Account.RestoreTime = TimeSpan.Zero;
        var items = Enumerable.Range(0, 8).Select(number => pipeline.Simulator.Objects.Add(new ObjectSpecification
        {
            State = number == 7 ? "ARCHIVED" : "AVAILABLE",
            ObjectName = $"Hortensia +1{5558675309}.mp3",
            Tags = [new("caller", "+15558675309"), new("note", "tag-that-tells")],
            Fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal)
            {
                ["customerId"] = JsonSerializer.SerializeToElement("cust-4711"),
                ["userId"] = JsonSerializer.SerializeToElement("user-0815"),
            },
            CreatedTime = Now.AddHours(-1),
            PartSize = number == 6 ? 20_000 : null,
        })).ToList();
        FaultRule[] rules =
        [
            new() { Call = "content", Kind = FaultKind.Status, Status = 500, Id = items[0].Id, Body = """{"error":"remark-of-a-caller"}""" },
            new() { Call = "content", Kind = FaultKind.Status, Status = 400, Id = items[1].Id, Body = "Hortensia was here" },
            new() { Call = "presign", Kind = FaultKind.Status, Status = 404, Id = items[2].Id, Body = "+15558675309" },
            new() { Call = "content", Kind = FaultKind.Flip, Id = items[3].Id },
            new() { Call = "presign", Kind = FaultKind.Status, Status = 200, Id = items[4].Id, Body = "https://elsewhere.example/?X-Amz-Signature=Hortensia" },
            new() { Call = "restore", Kind = FaultKind.Status, Status = 400, Body = "Hortensia", First = 1 },
        ];
        var broken = new FaultRule
        {
            Call = "search",
            Kind = FaultKind.Status,
            Status = 200,
            Body = """{"content":[{"objectName":"Hortensia","userId":"user-0815"}]""",
            First = 1,
        };
        pipeline.Simulator.Faults.Set([.. rules, broken]);

        await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation);
        await Eventually.HoldsAsync(
            async () =>
            {
                await pipeline.DeliverAllAsync();
                var rows = await Task.WhenAll(items.Select(pipeline.FindAsync));
                return Array.TrueForAll(rows, row => row?.State is "Archived" or "Failed" or "Gone");
            },
            "everything has come to its end");

        // Nothing was tested if nothing had happened.
        Assert.True(metrics.Sum("archiving.objects.archived").Values.Sum() >= 3);
        Assert.True(metrics.Sum("archiving.objects.failed").Values.Sum() >= 2);
        Assert.Contains("remark-of-a-caller", (await pipeline.FindAsync(items[0]))!.LastError, StringComparison.Ordinal);
        var told = metrics.All.Select(one => one.Tags)
            .Concat(spans.All.SelectMany(Everything))
            .Concat(pipeline.Logs.Lines.Where(line => line.Level >= LogLevel.Information).Select(line => line.Message))
            .ToList();
        Assert.True(told.Count > 100);
        Assert.All(told, line => Assert.DoesNotContain(tellTales, tellTale => line.Contains(tellTale, StringComparison.OrdinalIgnoreCase)));
    }

    [Fact]
    public async Task Requests_to_8x8_carry_no_trace_context()
    {
        var headers = new List<string>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var source = builder.Build();
        source.MapGet("/storage/us-east/v3/regions", (HttpRequest request) =>
        {
            headers.AddRange(request.Headers.Keys);
            return Results.Json((string[])["us-east"]);
        });
        await source.StartAsync(Cancellation);
        using var invocation = new Activity("invocation").Start();

        await new CloudStorageClient(new Uri(source.Urls.Single()), new FixedToken()).GetRegionsAsync("us-east", Cancellation);

        Assert.Contains("Authorization", headers);
        Assert.DoesNotContain("traceparent", headers, StringComparer.OrdinalIgnoreCase);
    }

    private static IEnumerable<string> Everything(Activity span) =>
        span.TagObjects.Select(tag => $"{tag.Key}={tag.Value}")
            .Concat(span.Baggage.Select(item => $"{item.Key}={item.Value}"))
            .Concat(span.Events.Select(one => $"{one.Name} {string.Join(' ', one.Tags)}"))
            .Append(span.DisplayName)
            .Append(span.StatusDescription ?? "");

    private static (string Tags, double Value) Only(SortedDictionary<string, double> sums) => Assert.Single(sums.Select(sum => (sum.Key, sum.Value)));

    private static string Describe(Measured measured) =>
        FormattableString.Invariant($"{measured.Name} {measured.Tags}{(measured.Name == "archiving.phase.duration" ? "" : $" {measured.Value}")}");

    /// <summary>With an id that no other test has: spans are the whole process's.</summary>
    private static SimulatedObject Add(Pipeline pipeline, string type = "callrecording", string state = "AVAILABLE") =>
        pipeline.Simulator.Objects.Add(new ObjectSpecification { Id = Guid.NewGuid().ToString(), Type = type, State = state, CreatedTime = Now.AddHours(-1) });

    /// <summary>One region and one window, so that everything can be counted.</summary>
    private Task<Pipeline> StartAsync(
        TimeProvider? time = null,
        TimeSpan? networkTimeout = null,
        params (string Name, string Value)[] settings) => Pipeline.StartAsync(
        azurite,
        time,
        networkTimeout: networkTimeout,
        settings:
        [
            ("EightByEight__Regions", "us-east"),
            ("Listing__StartFrom", Now.AddHours(-3).ToString("O", System.Globalization.CultureInfo.InvariantCulture)),
            .. settings,
        ]);

    private sealed class FixedToken : AccessTokenSource
    {
        private static readonly AccessToken Token = new("t", Now, Now.AddHours(1));

        public override ValueTask<AccessToken> GetTokenAsync(CancellationToken cancellationToken) => ValueTask.FromResult(Token);

        public override ValueTask<AccessToken> ReplaceTokenAsync(AccessToken refused, CancellationToken cancellationToken) => ValueTask.FromResult(Token);
    }
}
