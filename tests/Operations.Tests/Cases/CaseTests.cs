using Archiving.Archive;
using Archiving.Cases;
using Archiving.Indexing;
using Archiving.Model;
using Archiving.Queues;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Operations.Access;
using Operations.Cases;
using Simulator.Objects;
using Testing;

namespace Operations.Tests;

/// <summary>Cases: which objects they have, and that those on hold are kept.</summary>
public sealed class CaseTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static DateTimeOffset LongAgo { get; } = TimeProvider.System.GetUtcNow().AddHours(-5);

    [Fact]
    public async Task Case_takes_what_a_search_finds_when_it_runs_and_counts_it()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: [("Listing__StartFrom", LongAgo.AddHours(-1).ToString("O"))]);
        var wanted = Enumerable.Range(0, 450).Select(_ => Add(pipeline, "Jane Doe.mp3", bytes: 10)).ToList();
        Add(pipeline, "John Smith.mp3", bytes: 10);
        await pipeline.PlanAndListAsync();
        var caseId = await CreateAsync(pipeline);

        await pipeline.Get<CaseBook>().AddAsync(await FindAsync(pipeline, caseId), [], new CaseSearch(Q: "jane doe"), Cancellation);
        var before = await DescribeAsync(pipeline, caseId);
        await Assert.ThrowsAsync<RefusedException>(
            async () => await pipeline.Get<CaseBook>().ExportAsync(await FindAsync(pipeline, caseId), "test", Cancellation));
        await Assert.ThrowsAsync<RefusedException>(async () => await pipeline.Get<CaseBook>().CloseAsync(await FindAsync(pipeline, caseId), Cancellation));
        await DeliverChangesAsync(pipeline);

        Assert.True(before.Changing);
        var after = await DescribeAsync(pipeline, caseId);
        Assert.False(after.Changing);
        Assert.Equal((450L, 4500L), (after.Objects, after.Bytes));
        var objects = await pipeline.Get<CaseStore>().ReadObjectsAsync(caseId, after: null, Cancellation).ToListAsync(Cancellation);
        Assert.Equal(wanted.Select(item => item.Id).Order(StringComparer.Ordinal), objects.Select(item => item.Id).Order(StringComparer.Ordinal));

        await pipeline.Get<CaseBook>().RemoveAsync(await FindAsync(pipeline, caseId), [], new CaseSearch(Region: wanted[0].Region), Cancellation);
        await DeliverChangesAsync(pipeline);
        Assert.Equal(0, (await DescribeAsync(pipeline, caseId)).Objects);
    }

    [Fact]
    public async Task Case_takes_the_other_objects_of_the_calls_that_a_search_finds_when_it_is_asked_to()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: [("Listing__StartFrom", LongAgo.AddHours(-1).ToString("O"))]);
        foreach (var call in Enumerable.Range(0, 20))
        {
            Add(pipeline, $"recording {call}.mp3", bytes: 10, tags: KeyValuePair.Create("callId", $"call-{call:D2}"));
            Add(pipeline, call < 15 ? $"Jane Doe {call}.json" : $"John Smith {call}.json", bytes: 10, tags: KeyValuePair.Create("callId", $"call-{call:D2}"));
        }

        await pipeline.PlanAndListAsync();
        var (files, calls) = (await CreateAsync(pipeline), await CreateAsync(pipeline));

        var book = pipeline.Get<CaseBook>();
        await book.AddAsync(await FindAsync(pipeline, files), [], new CaseSearch(Q: "jane doe"), Cancellation);
        await book.AddAsync(await FindAsync(pipeline, calls), [], new CaseSearch(Q: "jane doe", Calls: true), Cancellation);
        await DeliverChangesAsync(pipeline);

        Assert.Equal((15L, 30L), ((await DescribeAsync(pipeline, files)).Objects, (await DescribeAsync(pipeline, calls)).Objects));
        await book.RemoveAsync(await FindAsync(pipeline, calls), [], new CaseSearch(Q: "jane doe", Calls: true), Cancellation);
        await DeliverChangesAsync(pipeline);
        Assert.Equal(0, (await DescribeAsync(pipeline, calls)).Objects);
    }

    [Fact]
    public async Task Case_takes_what_the_index_leaves_out_when_its_search_is_exhaustive()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: [("Listing__StartFrom", LongAgo.AddDays(-9).ToString("O"))]);
        foreach (var number in Enumerable.Range(0, 8))
        {
            // Far apart, because the index leads to minutes, all of whose objects are compared.
            pipeline.Simulator.Objects.Add(new ObjectSpecification
            {
                Region = "uk",
                CreatedTime = LongAgo.AddDays(-number),
                ObjectName = number % 2 == 0 ? "Jane.mp3" : "Maryjane.mp3",
                Bytes = 10,
                OmittedFields = ["bucketId"],
            });
        }

        await pipeline.PlanAndListAsync();
        await pipeline.Get<ObjectIndexer>().IndexAsync(Cancellation);
        await pipeline.SettleIndexAsync();
        var (indexed, exhaustive, calls) = (await CreateAsync(pipeline), await CreateAsync(pipeline), await CreateAsync(pipeline));

        var book = pipeline.Get<CaseBook>();
        await book.AddAsync(await FindAsync(pipeline, indexed), [], new CaseSearch(Q: "jane"), Cancellation);
        await book.AddAsync(await FindAsync(pipeline, exhaustive), [], new CaseSearch(Q: "jane", Exhaustive: true), Cancellation);
        await book.AddAsync(await FindAsync(pipeline, calls), [], new CaseSearch(Q: "jane", Calls: true, Exhaustive: true), Cancellation);
        await DeliverChangesAsync(pipeline);

        Assert.Equal(4, (await DescribeAsync(pipeline, indexed)).Objects);
        Assert.Equal(8, (await DescribeAsync(pipeline, exhaustive)).Objects);
        Assert.Equal(8, (await DescribeAsync(pipeline, calls)).Objects);
    }

    [Fact]
    public async Task Case_keeps_the_object_id_of_who_made_it_beside_the_name()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var book = pipeline.Get<CaseBook>();
        var jane = Caller.FunctionKey with { Id = "11111111-2222-3333-4444-555555555555", Name = "jane@contoso.com" };

        var named = await FindAsync(pipeline, (await book.CreateAsync("Doe", "A letter", jane, Cancellation)).CaseId);
        var nameless = await FindAsync(pipeline, (await book.CreateAsync("Doe", "A letter", jane with { Name = null }, Cancellation)).CaseId);

        Assert.Equal((jane.Id, jane.Name), (named.CreatedById, named.CreatedBy));
        Assert.Equal((jane.Id, jane.Id), (nameless.CreatedById, nameless.CreatedBy));
    }

    [Fact]
    public async Task Case_on_hold_holds_every_blob_and_new_content_and_nothing_of_other_objects()
    {
        var time = new MovableTime();
        var account = azurite.NewAccount();
        await using var front = await HoldFront.StartAsync(account);
        await using var pipeline = await Pipeline.StartAsync(azurite, time, account, settings: [("ArchiveStorage", front.ConnectionString)]);
        var item = Add(pipeline, "Jane Doe.mp3", bytes: 100, id: "a");
        Add(pipeline, "Jane Doe.mp3", bytes: 100, id: "a.b");
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline, item);

        await HoldAsync(pipeline, caseId);

        var blob = (await pipeline.FindAsync(item))!.Blob!;
        Assert.Equal([blob, $"{blob}.meta.json"], front.Held.Keys.Order(StringComparer.Ordinal));
        Assert.True((await DescribeAsync(pipeline, caseId)).Held);

        time.Advance(ObjectHolds.Delay);
        pipeline.Simulator.Objects.ReplaceContent(item.Region, item.Id, seed: 7, bytes: 200);
        time.Advance(TimeSpan.FromMinutes(10));
        await pipeline.RunAsync();

        var changed = (await pipeline.FindAsync(item))!.Blob!;
        Assert.NotEqual(blob, changed);
        string[] expected = [blob, $"{blob}.meta.json", changed, $"{changed}.meta.json"];
        Assert.Equal(expected.Order(StringComparer.Ordinal), front.Held.Keys.Order(StringComparer.Ordinal));
        await Assert.ThrowsAsync<RefusedException>(async () => await pipeline.Get<CaseBook>().CloseAsync(await FindAsync(pipeline, caseId), Cancellation));
        await Assert.ThrowsAsync<RefusedException>(
            async () => await pipeline.Get<CaseBook>().RemoveAsync(await FindAsync(pipeline, caseId), [], new CaseSearch(Region: "uk"), Cancellation));
    }

    [Fact]
    public async Task Release_clears_what_no_other_case_holds_and_lets_the_case_be_closed()
    {
        var account = azurite.NewAccount();
        await using var front = await HoldFront.StartAsync(account);
        await using var pipeline = await Pipeline.StartAsync(azurite, account: account, settings: [("ArchiveStorage", front.ConnectionString)]);
        var (mine, shared) = (Add(pipeline, "mine.mp3", bytes: 100), Add(pipeline, "shared.mp3", bytes: 100));
        await pipeline.RunAsync();
        var (caseId, otherId) = (await CreateAsync(pipeline), await CreateAsync(pipeline));
        await AddAsync(pipeline, caseId, mine, shared);
        await AddAsync(pipeline, otherId, shared);
        await pipeline.Get<CaseBook>().HoldAsync(await FindAsync(pipeline, caseId), Cancellation);
        await HoldAsync(pipeline, otherId);
        Assert.Equal(4, front.Held.Count);

        await ReleaseAsync(pipeline, caseId);

        var blob = (await pipeline.FindAsync(shared))!.Blob!;
        Assert.Equal([blob, $"{blob}.meta.json"], front.Held.Keys.Order(StringComparer.Ordinal));
        await pipeline.Get<CaseBook>().CloseAsync(await FindAsync(pipeline, caseId), Cancellation);
        Assert.Equal("Closed", (await DescribeAsync(pipeline, caseId)).State);
        await Assert.ThrowsAsync<RefusedException>(
            async () => await pipeline.Get<CaseBook>().AddAsync(await FindAsync(pipeline, caseId), [], new CaseSearch(Region: "uk"), Cancellation));
    }

    [Fact]
    public async Task Hold_names_a_blob_that_is_not_there_and_holds_the_others_and_release_does_not_wait_for_it()
    {
        var account = azurite.NewAccount();
        await using var front = await HoldFront.StartAsync(account);
        await using var pipeline = await Pipeline.StartAsync(azurite, account: account, settings: [("ArchiveStorage", front.ConnectionString)]);
        var (damaged, whole) = (Add(pipeline, "damaged.mp3", bytes: 100), Add(pipeline, "whole.mp3", bytes: 100));
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline);
        await AddAsync(pipeline, caseId, damaged, whole);
        var (lost, kept) = ((await pipeline.FindAsync(damaged))!.Blob!, (await pipeline.FindAsync(whole))!.Blob!);
        await account.Blobs.GetBlobContainerClient("recordings").DeleteBlobAsync(lost, cancellationToken: Cancellation);

        await HoldAsync(pipeline, caseId);

        var details = await DescribeAsync(pipeline, caseId);
        Assert.Equal((nameof(HoldState.Incomplete), $"The blob is not there. (uk/{damaged.Id})"), (details.Hold, details.HoldProblem));
        Assert.Equal(
            new[] { $"{lost}.meta.json", kept, $"{kept}.meta.json" }.Order(StringComparer.Ordinal),
            front.Held.Keys.Order(StringComparer.Ordinal));

        await ReleaseAsync(pipeline, caseId);

        Assert.Empty(front.Held);
        Assert.Equal(nameof(HoldState.None), (await DescribeAsync(pipeline, caseId)).Hold);
    }

    [Fact]
    public async Task Hold_goes_on_behind_a_batch_with_a_problem_and_names_every_object_with_one()
    {
        var account = azurite.NewAccount();
        await using var front = await HoldFront.StartAsync(account);
        await using var pipeline = await Pipeline.StartAsync(azurite, account: account, settings: [("ArchiveStorage", front.ConnectionString)]);
        var items = AddMany(pipeline, 205);
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline);
        await pipeline.Get<CaseBook>().AddAsync(await FindAsync(pipeline, caseId), [], new CaseSearch(Region: "uk"), Cancellation);
        await DeliverChangesAsync(pipeline);
        foreach (var lost in (SimulatedObject[])[items[0], items[204]])
        {
            await pipeline.Container.DeleteBlobAsync((await pipeline.FindAsync(lost))!.Blob!, cancellationToken: Cancellation);
        }

        await HoldAsync(pipeline, caseId);

        var details = await DescribeAsync(pipeline, caseId);
        Assert.Equal((nameof(HoldState.Incomplete), "The blob is not there. (uk/item-000, uk/item-204)"), (details.Hold, details.HoldProblem));
        Assert.Equal((205 * 2) - 2, front.Held.Count);
    }

    [Fact]
    public async Task Case_on_hold_says_Placing_while_objects_are_added_and_Incomplete_when_adding_fails_and_holds_what_was_added()
    {
        var time = new HastyTime();
        var account = azurite.NewAccount();
        await using var front = await HoldFront.StartAsync(account);
        await using var pipeline = await Pipeline.StartAsync(azurite, time, account, settings: [("ArchiveStorage", front.ConnectionString)]);
        var items = AddMany(pipeline, 205);
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline, items[204]);
        await HoldAsync(pipeline, caseId);
        Assert.Equal(nameof(HoldState.Held), (await DescribeAsync(pipeline, caseId)).Hold);

        // The hold goes through the objects once more, which must not end what the case says of the adding.
        var second = Assert.Single(await pipeline.Get<CaseStore>().ReadChangesAsync(caseId, Cancellation));
        await pipeline.Get<CaseBook>().AddAsync(await FindAsync(pipeline, caseId), [], new CaseSearch(Region: "uk"), Cancellation);
        Assert.Equal(nameof(HoldState.Placing), (await DescribeAsync(pipeline, caseId)).Hold);
        time.Ahead = TimeSpan.FromMinutes(1);
        await pipeline.Get<CaseChanger>().ChangeAsync(CaseMessage.About(caseId, second.ChangeId), Cancellation);
        Assert.Equal(nameof(HoldState.Placing), (await DescribeAsync(pipeline, caseId)).Hold);

        var adding = (await pipeline.Get<CaseStore>().ReadChangesAsync(caseId, Cancellation)).Find(change => change.Kind == nameof(CaseChange.Add))!;
        time.IsHasty = true;
        await pipeline.Get<CaseChanger>().ChangeAsync(CaseMessage.About(caseId, adding.ChangeId), Cancellation);
        time.IsHasty = false;
        await pipeline.Account.Queues.GetQueueClient(QueueNames.ChangeCases).ClearMessagesAsync(Cancellation);
        var added = await pipeline.Get<CaseStore>().ReadObjectsAsync(caseId, after: null, Cancellation).CountAsync(Cancellation);
        Assert.InRange(added, 2, 204);
        Assert.Equal(added * 2, front.Held.Count);

        await pipeline.Get<CaseChanger>().RecordFailureAsync(CaseMessage.About(caseId, adding.ChangeId), Cancellation);
        await DeliverChangesAsync(pipeline);
        var failed = await DescribeAsync(pipeline, caseId);
        Assert.Equal((false, nameof(HoldState.Incomplete), (long)added), (failed.Held, failed.Hold, failed.Objects));
        Assert.StartsWith("Not every object that was to be added is in the case:", failed.HoldProblem, StringComparison.Ordinal);

        await pipeline.Get<CaseBook>().AddAsync(await FindAsync(pipeline, caseId), [], new CaseSearch(Region: "uk"), Cancellation);
        await DeliverChangesAsync(pipeline);
        var whole = await DescribeAsync(pipeline, caseId);
        Assert.Equal((true, null, 205L), (whole.Held, whole.HoldProblem, whole.Objects));
        Assert.Equal(205 * 2, front.Held.Count);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(450)]
    public async Task Adding_and_holding_go_on_when_the_answers_to_their_writes_are_lost(int count)
    {
        var time = new HastyTime();
        var account = azurite.NewAccount();
        await using var front = await HoldFront.StartAsync(account);
        await using var pipeline = await Pipeline.StartAsync(azurite, time, account, settings: [("ArchiveStorage", front.ConnectionString)]);
        AddMany(pipeline, count);
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline);
        var options = new TableClientOptions();
        var lost = new LostAnswers("RowKey='change|");
        options.AddPolicy(lost, HttpPipelinePosition.PerCall);
        var changer = pipeline.Create<CaseChanger>(new CaseStore(new TableServiceClient(account.ConnectionString, options)));

        await pipeline.Get<CaseBook>().AddAsync(await FindAsync(pipeline, caseId), [], new CaseSearch(Region: "uk"), Cancellation);
        await ChangeAsync(await FindChangeAsync());
        var added = await DescribeAsync(pipeline, caseId);
        await pipeline.Get<CaseBook>().HoldAsync(await FindAsync(pipeline, caseId), Cancellation);
        var hold = await FindChangeAsync();
        await pipeline.Account.Queues.GetQueueClient(QueueNames.ChangeCases).ClearMessagesAsync(Cancellation);
        await ChangeAsync(hold);

        Assert.NotEqual(0, lost.Count);
        Assert.Equal(((long)count, false), (added.Objects, added.Changing));
        Assert.True((await DescribeAsync(pipeline, caseId)).Held);
        Assert.Equal(count * 2, front.Held.Count);

        // The second pass, for what was archived meanwhile.
        Assert.Equal(1, (await FindChangeAsync()).Passes);
        Assert.Equal(1, await pipeline.CountAsync(QueueNames.ChangeCases));
        time.Ahead = TimeSpan.FromMinutes(1);
        await ChangeAsync(hold);
        Assert.Empty(await pipeline.Get<CaseStore>().ReadChangesAsync(caseId, Cancellation));

        Task ChangeAsync(CaseChangeRow change) => changer.ChangeAsync(CaseMessage.About(caseId, change.ChangeId), Cancellation);

        async Task<CaseChangeRow> FindChangeAsync() => Assert.Single(await pipeline.Get<CaseStore>().ReadChangesAsync(caseId, Cancellation));
    }

    [Fact]
    public async Task Hold_whose_message_comes_again_goes_through_the_objects_once_more_when_every_instance_knows_of_it_and_not_before()
    {
        var time = new HastyTime();
        var account = azurite.NewAccount();
        await using var front = await HoldFront.StartAsync(account);
        await using var pipeline = await Pipeline.StartAsync(azurite, time, account, settings: [("ArchiveStorage", front.ConnectionString)]);
        var item = Add(pipeline, "Jane Doe.mp3", bytes: 100);
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline, item);
        await HoldAsync(pipeline, caseId);
        var message = CaseMessage.About(caseId, Assert.Single(await pipeline.Get<CaseStore>().ReadChangesAsync(caseId, Cancellation)).ChangeId);

        // As if another instance, which did not know yet, had archived the object since.
        front.Held.Clear();
        await pipeline.Get<CaseChanger>().ChangeAsync(message, Cancellation);
        Assert.Empty(front.Held);
        Assert.Equal(2, await pipeline.CountAsync(QueueNames.ChangeCases));

        time.Ahead = TimeSpan.FromMinutes(1);
        await pipeline.Get<CaseChanger>().ChangeAsync(message, Cancellation);
        Assert.Equal(2, front.Held.Count);
        Assert.Empty(await pipeline.Get<CaseStore>().ReadChangesAsync(caseId, Cancellation));
    }

    [Fact]
    public async Task Search_adds_nothing_to_a_case_that_was_closed_at_the_same_time()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        Add(pipeline, "Jane Doe.mp3", bytes: 100);
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline);
        await pipeline.Get<CaseBook>().AddAsync(await FindAsync(pipeline, caseId), [], new CaseSearch(Region: "uk"), Cancellation);
        await pipeline.Get<CaseStore>().UpdateAsync(
            caseId,
            row =>
            {
                row.ClosedAt = TimeProvider.System.GetUtcNow();
                return true;
            },
            Cancellation);

        await DeliverChangesAsync(pipeline);

        var details = await DescribeAsync(pipeline, caseId);
        Assert.Equal((0L, "Failed"), (details.Objects, Assert.Single(details.Changes).State));
        Assert.Contains("closed", details.Changes[0].Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hold_that_is_being_placed_goes_on_when_objects_cannot_be_added()
    {
        var account = azurite.NewAccount();
        await using var front = await HoldFront.StartAsync(account);
        await using var pipeline = await Pipeline.StartAsync(azurite, account: account, settings: [("ArchiveStorage", front.ConnectionString)]);
        var items = AddMany(pipeline, 2);
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline, items[0]);
        await pipeline.Get<CaseBook>().HoldAsync(await FindAsync(pipeline, caseId), Cancellation);
        var options = new TableClientOptions();
        options.AddPolicy(new RefusedObjects(), HttpPipelinePosition.PerCall);
        var book = pipeline.Create<CaseBook>(new CaseStore(new TableServiceClient(account.ConnectionString, options)));
        var (entries, _) = await book.FindObjectsAsync([new CaseObject(items[1].Region, items[1].Id, items[1].CreatedTime)], Cancellation);

        await Assert.ThrowsAsync<InvalidOperationException>(
            async () => await book.AddAsync(await FindAsync(pipeline, caseId), entries, search: null, Cancellation));
        await DeliverChangesAsync(pipeline);
        Assert.Equal(1, await pipeline.CountAsync(QueueNames.ChangeCases));
        foreach (var change in await pipeline.Get<CaseStore>().ReadChangesAsync(caseId, Cancellation))
        {
            await pipeline.Get<CaseChanger>().ChangeAsync(CaseMessage.About(caseId, change.ChangeId), Cancellation);
        }

        Assert.True((await DescribeAsync(pipeline, caseId)).Held);
        Assert.Equal(2, front.Held.Count);
    }

    [Fact]
    public async Task Hold_sends_an_add_again_that_lost_its_message()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        Add(pipeline, "Jane Doe.mp3", bytes: 100);
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline);
        await pipeline.Get<CaseBook>().AddAsync(await FindAsync(pipeline, caseId), [], new CaseSearch(Region: "uk"), Cancellation);
        await pipeline.Account.Queues.GetQueueClient(QueueNames.ChangeCases).ClearMessagesAsync(Cancellation);
        time.Advance(TimeSpan.FromMinutes(11));

        await HoldAsync(pipeline, caseId);

        var details = await DescribeAsync(pipeline, caseId);
        Assert.Equal((1L, false), (details.Objects, details.Changing));
    }

    [Fact]
    public async Task Case_whose_hold_and_release_were_asked_for_at_once_keeps_its_objects_when_it_says_that_it_is_held()
    {
        var account = azurite.NewAccount();
        await using var front = await HoldFront.StartAsync(account);
        await using var pipeline = await Pipeline.StartAsync(azurite, account: account, settings: [("ArchiveStorage", front.ConnectionString)]);
        var item = Add(pipeline, "Jane Doe.mp3", bytes: 100);
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline, item);

        await pipeline.Get<CaseBook>().HoldAsync(await FindAsync(pipeline, caseId), Cancellation);
        await pipeline.Get<CaseBook>().ReleaseAsync(await FindAsync(pipeline, caseId), Cancellation);
        await pipeline.Get<CaseBook>().HoldAsync(await FindAsync(pipeline, caseId), Cancellation);

        // The last write of the release, which comes after those of the hold.
        await pipeline.Get<CaseStore>().KeepNoLongerAsync(caseId, Cancellation);
        await DeliverChangesAsync(pipeline);

        Assert.Equal(nameof(HoldState.Held), (await DescribeAsync(pipeline, caseId)).Hold);
        var key = new LedgerKey(LedgerKey.Partition(item.Region, item.CreatedTime), ObjectNames.Encode(item.Id));
        Assert.True(await pipeline.Get<ObjectHolds>().IsHeldAsync(key, Cancellation));
        Assert.Equal(2, front.Held.Count);
    }

    [Fact]
    public async Task Objects_added_to_a_case_that_is_being_released_do_not_put_it_on_hold_again()
    {
        var account = azurite.NewAccount();
        await using var front = await HoldFront.StartAsync(account);
        await using var pipeline = await Pipeline.StartAsync(azurite, account: account, settings: [("ArchiveStorage", front.ConnectionString)]);
        var (first, second) = (Add(pipeline, "Jane Doe.mp3", bytes: 100), Add(pipeline, "John Smith.mp3", bytes: 100));
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline);
        await AddAsync(pipeline, caseId, first);
        await HoldAsync(pipeline, caseId);

        await pipeline.Get<CaseBook>().ReleaseAsync(await FindAsync(pipeline, caseId), Cancellation);
        await AddAsync(pipeline, caseId, second);
        await pipeline.Get<CaseBook>().AddAsync(await FindAsync(pipeline, caseId), [], new CaseSearch(Region: "uk"), Cancellation);
        Assert.Equal(nameof(HoldState.Releasing), (await DescribeAsync(pipeline, caseId)).Hold);
        await DeliverChangesAsync(pipeline);

        Assert.Equal((nameof(HoldState.None), 2L), ((await DescribeAsync(pipeline, caseId)).Hold, (await DescribeAsync(pipeline, caseId)).Objects));
        Assert.Empty(front.Held);
    }

    [Fact]
    public async Task Hold_is_refused_while_objects_are_removed_and_removing_stops_when_the_case_is_on_hold_all_the_same()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        Add(pipeline, "Jane Doe.mp3", bytes: 100);
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline);
        await pipeline.Get<CaseBook>().AddAsync(await FindAsync(pipeline, caseId), [], new CaseSearch(Region: "uk"), Cancellation);
        await DeliverChangesAsync(pipeline);
        await pipeline.Get<CaseBook>().RemoveAsync(await FindAsync(pipeline, caseId), [], new CaseSearch(Region: "uk"), Cancellation);

        var refused = await Assert.ThrowsAsync<RefusedException>(
            async () => await pipeline.Get<CaseBook>().HoldAsync(await FindAsync(pipeline, caseId), Cancellation));
        await pipeline.Get<CaseStore>().UpdateAsync(
            caseId,
            row =>
            {
                row.Hold = nameof(HoldState.Placing);
                return true;
            },
            Cancellation);
        await DeliverChangesAsync(pipeline);

        Assert.Contains("removed", refused.Message, StringComparison.Ordinal);
        var details = await DescribeAsync(pipeline, caseId);
        Assert.Equal(1, details.Objects);
        Assert.Equal(("Remove", "Failed"), (Assert.Single(details.Changes).Kind, details.Changes[0].State));
        Assert.Contains("on hold", details.Changes[0].Problem, StringComparison.Ordinal);

        await ReleaseAsync(pipeline, caseId);
        await pipeline.Get<CaseBook>().RemoveAsync(await FindAsync(pipeline, caseId), [], new CaseSearch(Region: "uk"), Cancellation);
        await DeliverChangesAsync(pipeline);

        details = await DescribeAsync(pipeline, caseId);
        Assert.Equal(0, details.Objects);
        Assert.DoesNotContain(details.Changes, change => change.Kind == "Remove");
    }

    [Fact]
    public async Task Object_that_is_removed_while_a_hold_is_asked_for_stays_in_the_case_and_is_held()
    {
        await using var front = await HoldFront.StartAsync(azurite.NewAccount());
        var beforeRemoval = new RequestHook(request => request.Uri.Path.EndsWith("/$batch", StringComparison.Ordinal));
        await using var pipeline = await Pipeline.StartAsync(azurite, account: new StorageAccount(front.ConnectionString), storagePolicy: beforeRemoval);
        var (item, other) = (Add(pipeline, "Jane Doe.mp3", bytes: 100), Add(pipeline, "John Doe.mp3", bytes: 100));
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline, item);
        var book = pipeline.Get<CaseBook>();
        var (members, _) = await book.FindMembersAsync(
            await FindAsync(pipeline, caseId),
            [.. new[] { item, other }.Select(each => new CaseObject(each.Region, each.Id, each.CreatedTime))],
            Cancellation);
        beforeRemoval.Action = async () => await book.HoldAsync(await FindAsync(pipeline, caseId), Cancellation);

        var refused = await Assert.ThrowsAsync<RefusedException>(
            async () => await book.RemoveAsync(await FindAsync(pipeline, caseId), members, search: null, Cancellation));
        await DeliverChangesAsync(pipeline);

        Assert.Null(beforeRemoval.Action);
        Assert.Contains("on hold", refused.Message, StringComparison.Ordinal);
        var details = await DescribeAsync(pipeline, caseId);
        Assert.Equal((true, 1L), (details.Held, details.Objects));
        Assert.Contains((await pipeline.FindAsync(item))!.Blob!, front.Held.Keys);
        Assert.DoesNotContain((await pipeline.FindAsync(other))!.Blob!, front.Held.Keys);
    }

    [Fact]
    public async Task Removal_that_a_hold_interrupts_leaves_what_is_not_removed_in_the_case_and_says_how_much_was()
    {
        var batches = 0;
        var beforeSecondRemoval = new RequestHook(request => request.Uri.Path.EndsWith("/$batch", StringComparison.Ordinal) && ++batches == 2);
        await using var pipeline = await Pipeline.StartAsync(azurite, storagePolicy: beforeSecondRemoval);
        var items = AddMany(pipeline, 40);
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline);
        await AddAsync(pipeline, caseId, [.. items]);
        var book = pipeline.Get<CaseBook>();
        var (members, _) = await book.FindMembersAsync(
            await FindAsync(pipeline, caseId),
            [.. items.Select(item => new CaseObject(item.Region, item.Id, item.CreatedTime))],
            Cancellation);
        batches = 0;
        beforeSecondRemoval.Action = async () => await book.HoldAsync(await FindAsync(pipeline, caseId), Cancellation);

        var refused = await Assert.ThrowsAsync<RefusedException>(
            async () => await book.RemoveAsync(await FindAsync(pipeline, caseId), members, search: null, Cancellation));

        Assert.Contains("25 of the objects were removed", refused.Message, StringComparison.Ordinal);
        Assert.Equal(15, (await DescribeAsync(pipeline, caseId)).Objects);
        var left = await pipeline.Get<CaseStore>().ReadObjectsAsync(caseId, after: null, Cancellation).ToListAsync(Cancellation);
        Assert.Equal(15, left.Count);
        foreach (var item in left)
        {
            Assert.True(await pipeline.Get<ObjectHolds>().IsHeldAsync(item.Key, Cancellation));
        }
    }

    [Fact]
    public async Task Object_without_a_receipt_is_held_and_named()
    {
        var account = azurite.NewAccount();
        await using var front = await HoldFront.StartAsync(account);
        await using var pipeline = await Pipeline.StartAsync(azurite, account: account, settings: [("ArchiveStorage", front.ConnectionString)]);
        var item = Add(pipeline, "Jane Doe.mp3", bytes: 100);
        await pipeline.RunAsync();
        var blob = (await pipeline.FindAsync(item))!.Blob!;
        await pipeline.Container.DeleteBlobAsync(ArchiveLayout.ReceiptName(blob), cancellationToken: Cancellation);
        var caseId = await CreateAsync(pipeline, item);

        await HoldAsync(pipeline, caseId);

        var details = await DescribeAsync(pipeline, caseId);
        Assert.Equal(nameof(HoldState.Incomplete), details.Hold);
        Assert.Contains("receipt is not there", details.HoldProblem, StringComparison.Ordinal);
        Assert.Equal([blob], front.Held.Keys);

        await ReleaseAsync(pipeline, caseId);
        Assert.Equal(nameof(HoldState.None), (await DescribeAsync(pipeline, caseId)).Hold);
        Assert.Empty(front.Held);
    }

    [Fact]
    public async Task Object_without_a_receipt_is_held_and_named_after_verification_has_found_that_too()
    {
        var account = azurite.NewAccount();
        await using var front = await HoldFront.StartAsync(account);
        await using var pipeline = await Pipeline.StartAsync(
            azurite,
            account: account,
            settings: [("ArchiveStorage", front.ConnectionString), ("Verify__Days", "1")]);
        var item = Add(pipeline, "Jane Doe.mp3", bytes: 100);
        await pipeline.RunAsync();
        var blob = (await pipeline.FindAsync(item))!.Blob!;
        await pipeline.Container.DeleteBlobAsync(ArchiveLayout.ReceiptName(blob), cancellationToken: Cancellation);
        pipeline.Simulator.Objects.Remove(item.Region, item.Id);
        await pipeline.PlanVerificationAsync();
        await pipeline.DeliverAllAsync();
        Assert.Equal(nameof(LedgerState.Failed), (await pipeline.FindAsync(item))!.State);
        var caseId = await CreateAsync(pipeline, item);

        await HoldAsync(pipeline, caseId);

        Assert.Contains("receipt is not there", (await DescribeAsync(pipeline, caseId)).HoldProblem, StringComparison.Ordinal);
        Assert.Equal([blob], front.Held.Keys);
    }

    [Fact]
    public async Task Present_content_without_a_receipt_is_held_beside_earlier_content()
    {
        var time = new MovableTime();
        var account = azurite.NewAccount();
        await using var front = await HoldFront.StartAsync(account);
        await using var pipeline = await Pipeline.StartAsync(azurite, time, account, settings: [("ArchiveStorage", front.ConnectionString)]);
        var item = Add(pipeline, "Jane Doe.mp3", bytes: 100);
        await pipeline.RunAsync();
        pipeline.Simulator.Objects.ReplaceContent(item.Region, item.Id, seed: 7, bytes: 200);
        time.Advance(TimeSpan.FromMinutes(10));
        await pipeline.RunAsync();
        var blob = (await pipeline.FindAsync(item))!.Blob!;
        await pipeline.Container.DeleteBlobAsync(ArchiveLayout.ReceiptName(blob), cancellationToken: Cancellation);
        var caseId = await CreateAsync(pipeline, item);

        await HoldAsync(pipeline, caseId);

        Assert.Equal(nameof(HoldState.Incomplete), (await DescribeAsync(pipeline, caseId)).Hold);
        Assert.Equal(3, front.Held.Count);
        Assert.Contains(blob, front.Held.Keys);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Release_leaves_the_hold_of_an_object_whose_id_begins_the_same_and_whose_receipt_cannot_be_read(bool isInArchiveTier)
    {
        var account = azurite.NewAccount();
        await using var holding = await HoldFront.StartAsync(account);
        await using var front = await RefusingFront.StartAsync(new StorageAccount(holding.ConnectionString));
        await using var pipeline = await Pipeline.StartAsync(azurite, account: account, settings: [("ArchiveStorage", front.ConnectionString)]);
        var (one, two) = (Add(pipeline, "One.mp3", bytes: 100, id: "a"), Add(pipeline, "Two.mp3", bytes: 100, id: "a.b"));
        await pipeline.RunAsync();
        var blob = (await pipeline.FindAsync(two))!.Blob!;
        var (first, second) = (await CreateAsync(pipeline), await CreateAsync(pipeline));
        await AddAsync(pipeline, first, one);
        await AddAsync(pipeline, second, two);
        if (isInArchiveTier)
        {
            front.IsMeant = request => request.Method == "GET";
            front.Answer = path => path.EndsWith(ArchiveLayout.ReceiptName(blob), StringComparison.Ordinal) ? (409, "BlobArchived") : null;
        }
        else
        {
            var receipt = pipeline.Container.GetBlobClient(ArchiveLayout.ReceiptName(blob));
            await receipt.UploadAsync(BinaryData.FromString("garbage"), overwrite: true, Cancellation);
        }

        await pipeline.Get<CaseBook>().HoldAsync(await FindAsync(pipeline, first), Cancellation);
        await HoldAsync(pipeline, second);
        await ReleaseAsync(pipeline, first);

        Assert.Equal(nameof(HoldState.None), (await DescribeAsync(pipeline, first)).Hold);
        Assert.True((await DescribeAsync(pipeline, second)).Held);
        Assert.Equal([blob, ArchiveLayout.ReceiptName(blob)], holding.Held.Keys.Order(StringComparer.Ordinal));

        await ReleaseAsync(pipeline, second);
        Assert.Empty(holding.Held);
    }

    [Fact]
    public async Task Changes_of_a_case_leave_out_holds_and_releases_that_later_ones_replaced()
    {
        var account = azurite.NewAccount();
        await using var front = await HoldFront.StartAsync(account);
        await using var pipeline = await Pipeline.StartAsync(azurite, account: account, settings: [("ArchiveStorage", front.ConnectionString)]);
        var item = Add(pipeline, "Jane Doe.mp3", bytes: 100);
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline, item);

        // The message of the first hold is lost, so a person asks again.
        await pipeline.Get<CaseBook>().HoldAsync(await FindAsync(pipeline, caseId), Cancellation);
        await pipeline.Account.Queues.GetQueueClient(QueueNames.ChangeCases).ClearMessagesAsync(Cancellation);
        await HoldAsync(pipeline, caseId);
        var held = await DescribeAsync(pipeline, caseId);
        Assert.True(held.Held);
        Assert.Empty(held.Changes);

        front.Refusal = (403, "AuthorizationPermissionMismatch");
        await ReleaseAsync(pipeline, caseId);
        Assert.Equal("Failed", Assert.Single((await DescribeAsync(pipeline, caseId)).Changes).State);
        front.Refusal = null;
        await ReleaseAsync(pipeline, caseId);

        Assert.Empty((await DescribeAsync(pipeline, caseId)).Changes);
    }

    [Fact]
    public async Task Object_that_the_ledger_no_longer_knows_is_removed_by_its_ID_and_one_that_is_named_twice_once()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var (one, two) = (Add(pipeline, "One.mp3", bytes: 100), Add(pipeline, "Two.mp3", bytes: 100));
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline);
        await AddAsync(pipeline, caseId, one, two);
        var lost = (await pipeline.FindAsync(one))!;
        await pipeline.Account.Tables.GetTableClient("objects").DeleteEntityAsync(lost.PartitionKey, lost.RowKey, cancellationToken: Cancellation);
        var book = pipeline.Get<CaseBook>();
        var row = await FindAsync(pipeline, caseId);

        var (members, unknown) = await book.FindMembersAsync(
            row,
            [new CaseObject(one.Region, one.Id, Created: null), new CaseObject(two.Region, two.Id, two.CreatedTime), new CaseObject(two.Region, two.Id, null)],
            Cancellation);
        await book.RemoveAsync(row, members, search: null, Cancellation);

        Assert.Null(unknown);
        Assert.Equal(0, (await DescribeAsync(pipeline, caseId)).Objects);
        Assert.Equal("x", (await book.FindMembersAsync(row, [new CaseObject("uk", "x", Created: null)], Cancellation)).Unknown?.Id);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Hold_that_failed_before_it_began_keeps_nothing_after_a_release_or_when_the_case_is_closed(bool isReleased)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline, "One.mp3", bytes: 100);
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline, item);
        var key = (await pipeline.FindAsync(item))!;
        await pipeline.Get<CaseStore>().KeepAsync(caseId, Cancellation);
        var holds = pipeline.Get<ObjectHolds>();
        Assert.True(await holds.IsHeldAsync(key.Key, Cancellation));
        var book = pipeline.Get<CaseBook>();

        await (isReleased
            ? book.ReleaseAsync(await FindAsync(pipeline, caseId), Cancellation)
            : book.CloseAsync(await FindAsync(pipeline, caseId), Cancellation));

        Assert.False(await holds.IsHeldAsync(key.Key, Cancellation));
    }

    [Fact]
    public async Task Case_that_is_closed_while_objects_are_looked_up_is_not_changed()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var (one, two) = (Add(pipeline, "One.mp3", bytes: 100), Add(pipeline, "Two.mp3", bytes: 100));
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline);
        await AddAsync(pipeline, caseId, one);
        var book = pipeline.Get<CaseBook>();
        var row = await FindAsync(pipeline, caseId);
        var (entries, _) = await book.FindObjectsAsync([new CaseObject(two.Region, two.Id, two.CreatedTime)], Cancellation);
        var (members, _) = await book.FindMembersAsync(row, [new CaseObject(one.Region, one.Id, one.CreatedTime)], Cancellation);
        await book.CloseAsync(await FindAsync(pipeline, caseId), Cancellation);

        await Assert.ThrowsAsync<RefusedException>(() => book.AddAsync(row, entries, search: null, Cancellation));
        await Assert.ThrowsAsync<RefusedException>(() => book.RemoveAsync(row, members, search: null, Cancellation));
        await Assert.ThrowsAsync<RefusedException>(() => book.HoldAsync(row, Cancellation));

        var details = await DescribeAsync(pipeline, caseId);
        Assert.Equal(("Closed", 1L, "None"), (details.State, details.Objects, details.Hold));
    }

    [Fact]
    public async Task Object_whose_receipt_is_in_the_archive_tier_is_held()
    {
        var account = azurite.NewAccount();
        await using var holding = await HoldFront.StartAsync(account);
        await using var front = await RefusingFront.StartAsync(new StorageAccount(holding.ConnectionString));
        await using var pipeline = await Pipeline.StartAsync(azurite, account: account, settings: [("ArchiveStorage", front.ConnectionString)]);
        var item = Add(pipeline, "Jane Doe.mp3", bytes: 100);
        await pipeline.RunAsync();
        var blob = (await pipeline.FindAsync(item))!.Blob!;
        var caseId = await CreateAsync(pipeline, item);
        front.IsMeant = request => request.Method == "GET";
        front.Answer = path => path.EndsWith(ArchiveLayout.ReceiptName(blob), StringComparison.Ordinal) ? (409, "BlobArchived") : null;

        await HoldAsync(pipeline, caseId);

        Assert.True((await DescribeAsync(pipeline, caseId)).Held);
        Assert.Equal(2, holding.Held.Count);
    }

    [Theory]
    [InlineData(409, "FeatureVersionMismatch", "immutableStorage")]
    [InlineData(403, "AuthorizationPermissionMismatch", "legalHolds")]
    public async Task Case_says_that_the_storage_does_not_hold_its_blobs(int status, string code, string remedy)
    {
        var account = azurite.NewAccount();
        await using var front = await HoldFront.StartAsync(account);
        front.Refusal = (status, code);
        await using var pipeline = await Pipeline.StartAsync(azurite, account: account, settings: [("ArchiveStorage", front.ConnectionString)]);
        var item = Add(pipeline, "Jane Doe.mp3", bytes: 100);
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline, item);

        await HoldAsync(pipeline, caseId);

        var details = await DescribeAsync(pipeline, caseId);
        Assert.Equal((false, nameof(HoldState.Incomplete)), (details.Held, details.Hold));
        Assert.Contains(remedy, details.HoldProblem, StringComparison.Ordinal);
        Assert.Equal(("Hold", "Failed"), (Assert.Single(details.Changes).Kind, details.Changes[0].State));

        front.Refusal = null;
        await HoldAsync(pipeline, caseId);
        details = await DescribeAsync(pipeline, caseId);
        Assert.Equal((true, null), (details.Held, details.HoldProblem));
    }

    [Theory]
    [InlineData(501, "NotImplemented")]
    [InlineData(409, "FeatureVersionMismatch")]
    [InlineData(403, "AuthorizationPermissionMismatch")]
    [InlineData(400, "InvalidHeaderValue")]
    public async Task Release_of_a_hold_that_the_storage_refused_clears_the_case(int status, string code)
    {
        var account = azurite.NewAccount();
        await using var front = await HoldFront.StartAsync(account);
        front.Refusal = (status, code);
        await using var pipeline = await Pipeline.StartAsync(azurite, account: account, settings: [("ArchiveStorage", front.ConnectionString)]);
        var item = Add(pipeline, "Jane Doe.mp3", bytes: 100);
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline, item);
        await HoldAsync(pipeline, caseId);
        Assert.Equal(nameof(HoldState.Incomplete), (await DescribeAsync(pipeline, caseId)).Hold);

        await ReleaseAsync(pipeline, caseId);

        var details = await DescribeAsync(pipeline, caseId);
        Assert.Equal((nameof(HoldState.None), null), (details.Hold, details.HoldProblem));
        Assert.Empty(details.Changes);
        await pipeline.Get<CaseBook>().CloseAsync(await FindAsync(pipeline, caseId), Cancellation);
    }

    [Fact]
    public async Task Release_that_the_storage_refuses_leaves_the_case_as_it_is_while_one_of_its_blobs_is_on_hold()
    {
        var account = azurite.NewAccount();
        await using var front = await HoldFront.StartAsync(account);
        await using var pipeline = await Pipeline.StartAsync(azurite, account: account, settings: [("ArchiveStorage", front.ConnectionString)]);
        var (held, other) = (Add(pipeline, "Jane Doe.mp3", bytes: 100), Add(pipeline, "John Smith.mp3", bytes: 100));
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline, held, other);
        await HoldAsync(pipeline, caseId);
        front.Refusal = (403, "AuthorizationPermissionMismatch");
        var receipt = $"{(await pipeline.FindAsync(held))!.Blob}.meta.json";
        Assert.All(front.Held.Keys.Where(name => name != receipt), name => Assert.True(front.Held.TryRemove(name, out _)));

        await ReleaseAsync(pipeline, caseId);

        var details = await DescribeAsync(pipeline, caseId);
        Assert.Equal(nameof(HoldState.Releasing), details.Hold);
        Assert.Contains($"(uk/{held.Id})", details.HoldProblem, StringComparison.Ordinal);
        Assert.Equal([receipt], front.Held.Keys);
        await Assert.ThrowsAsync<RefusedException>(async () => await pipeline.Get<CaseBook>().CloseAsync(await FindAsync(pipeline, caseId), Cancellation));
    }

    [Fact]
    public async Task Object_of_a_case_on_hold_is_not_deleted_at_8x8_until_it_is_released()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: [("Purge__Enabled", "true"), ("Purge__AfterDays", "7")]);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = time.GetUtcNow().AddHours(-1) });
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline, item);
        await pipeline.Get<CaseBook>().HoldAsync(await FindAsync(pipeline, caseId), Cancellation);
        time.Advance(TimeSpan.FromDays(8));

        await pipeline.PlanPurgeAsync(isDryRun: false);
        await pipeline.DeliverAllAsync();

        await pipeline.AssertArchivedAsync(item);
        Assert.Equal(0L, pipeline.Simulator.Counters["delete"]);

        await pipeline.Get<CaseBook>().ReleaseAsync(await FindAsync(pipeline, caseId), Cancellation);
        await pipeline.PlanPurgeAsync(isDryRun: false);
        await pipeline.DeliverAllAsync();

        Assert.Equal(nameof(LedgerState.Purged), await pipeline.StateAsync(item));
    }

    private static SimulatedObject Add(Pipeline pipeline, string name, long bytes, string? id = null, params KeyValuePair<string, string>[] tags) =>
        pipeline.Simulator.Objects.Add(
            new ObjectSpecification { Id = id, Region = "uk", CreatedTime = LongAgo, MimeType = "audio/mpeg", ObjectName = name, Bytes = bytes, Tags = tags });

    private static List<SimulatedObject> AddMany(Pipeline pipeline, int count) =>
        [.. Enumerable.Range(0, count).Select(index => Add(pipeline, "Jane Doe.mp3", bytes: 10, id: $"item-{index:D3}"))];

    private static async Task<string> CreateAsync(Pipeline pipeline, params SimulatedObject[] items)
    {
        var caseId = (await pipeline.Get<CaseBook>().CreateAsync("Doe against Smith", "A letter of 3 May", Caller.FunctionKey, Cancellation)).CaseId;
        if (items.Length > 0)
        {
            await AddAsync(pipeline, caseId, items);
        }

        return caseId;
    }

    /// <summary>Puts a case on hold, and does all that follows at once.</summary>
    private static async Task HoldAsync(Pipeline pipeline, string caseId)
    {
        await pipeline.Get<CaseBook>().HoldAsync(await FindAsync(pipeline, caseId), Cancellation);
        await DeliverChangesAsync(pipeline);
    }

    /// <summary>Releases a case, and does all that follows at once.</summary>
    private static async Task ReleaseAsync(Pipeline pipeline, string caseId)
    {
        await pipeline.Get<CaseBook>().ReleaseAsync(await FindAsync(pipeline, caseId), Cancellation);
        await DeliverChangesAsync(pipeline);
    }

    private static async Task<CaseRow> FindAsync(Pipeline pipeline, string caseId) => (await pipeline.Get<CaseBook>().FindAsync(caseId, Cancellation))!;

    private static async Task<CaseDetails> DescribeAsync(Pipeline pipeline, string caseId) =>
        await pipeline.Get<CaseBook>().DescribeAsync(await FindAsync(pipeline, caseId), Cancellation);

    private static async Task AddAsync(Pipeline pipeline, string caseId, params SimulatedObject[] items)
    {
        var (entries, unknown) = await pipeline.Get<CaseBook>()
            .FindObjectsAsync([.. items.Select(item => new CaseObject(item.Region, item.Id, item.CreatedTime))], Cancellation);
        Assert.Null(unknown);
        await pipeline.Get<CaseBook>().AddAsync(await FindAsync(pipeline, caseId), entries, search: null, Cancellation);
    }

    private static async Task DeliverChangesAsync(Pipeline pipeline)
    {
        while (await pipeline.DeliverAsync(QueueNames.ChangeCases, pipeline.ChangeCaseAsync) > 0)
        {
        }
    }

    /// <summary>The machine's clock. A test can move it, or make it so fast that a message does a step or two.</summary>
    private sealed class HastyTime : TimeProvider
    {
        private long _calls;

        public bool IsHasty { get; set; }

        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;

        public override long GetTimestamp() =>
            base.GetTimestamp() + ((IsHasty ? Interlocked.Increment(ref _calls) : Interlocked.Read(ref _calls)) * TimestampFrequency * 100);
    }

    /// <summary>Writes no rows of objects.</summary>
    private sealed class RefusedObjects : HttpPipelinePolicy
    {
        public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => ProcessNext(message, pipeline);

        public override ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            var path = Uri.UnescapeDataString(message.Request.Uri.Path);
            return message.Request.Method == RequestMethod.Put
                && !path.Contains($"PartitionKey='{CaseRow.Partition}'", StringComparison.Ordinal)
                && !path.Contains($"RowKey='{CaseChangeRow.Prefix}", StringComparison.Ordinal)
                ? throw new InvalidOperationException("No row of an object is written.")
                : ProcessNextAsync(message, pipeline);
        }
    }
}
