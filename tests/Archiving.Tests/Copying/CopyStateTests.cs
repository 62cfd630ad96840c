using Archiving.Archive;
using Archiving.Copying;
using Archiving.Model;
using Archiving.Telemetry;
using EightByEight;

namespace Archiving.Tests;

/// <summary>What follows a read of content, for each state and each result. Nothing here reads or writes.</summary>
public sealed class CopyStateTests
{
    private static readonly StorageObject Record = StorageObject.Parse(BinaryData.FromObjectAsJson(
        new { id = "a", type = "callrecording", createdTime = "2026-03-01T10:00:00Z", mimeType = "audio/mpeg", storedBytes = 1000 }));

    private static readonly CopyState Start = new("us-east", Record);

    [Fact]
    public void Content_that_a_checksum_proves_may_be_stored_at_the_first_read()
    {
        Assert.True(Start.MayStore(Content('1', Verification.Md5)));
        Assert.True(Start.MayStore(Content('1', Verification.MultipartMd5)));
    }

    [Theory]
    [InlineData("application/json", false)]
    [InlineData("application/gzip", true)]
    public void Coded_error_that_no_claim_contradicts_is_waited_for_and_not_stored_as_it_is_sent(string mimeType, bool isStored)
    {
        var start = Start with { Record = StorageObject.Parse(BinaryData.FromObjectAsJson(new { id = "a", mimeType })) };
        var decoded = Content('1', Verification.None) with { Mismatch = "it sent an error", Cause = MismatchCause.Implausible, WasDecoded = true };

        var asSent = Next<CopyStep.ReadAgain>(start.After(new ReadResult.Refused(decoded))).Next;
        var step = asSent.After(new ReadResult.Refused(Content('2', Verification.None)));

        Assert.True(asSent.AsSent);
        Assert.Equal(isStored, step is CopyStep.ReadAgain);
        Assert.Equal(!isStored, step is CopyStep.WaitForContent { Reason: FailureReason.Implausible });
        Assert.Equal(isStored, (asSent with { Earlier = Content('2', Verification.None).Digest }).MayStore(Content('2', Verification.None)));
    }

    [Fact]
    public void Content_that_follows_a_coded_error_is_judged_by_itself()
    {
        var start = Start with { Record = StorageObject.Parse(BinaryData.FromObjectAsJson(new { id = "a" })) };
        var decoded = Content('1', Verification.None) with { Mismatch = "it sent an error", Cause = MismatchCause.Implausible, WasDecoded = true };
        var asSent = Next<CopyStep.ReadAgain>(start.After(new ReadResult.Refused(decoded))).Next;
        var afterCut = Next<CopyStep.ReadRecord>(asSent.After(new ReadResult.Refused(Content('2', Verification.None, "too short")))).Next;

        var next = Next<CopyStep.ReadAgain>(afterCut.After(new ReadResult.Refused(Content('3', Verification.None)))).Next;

        Assert.True(next.MayStore(Content('3', Verification.None)));
    }

    [Fact]
    public void Content_that_only_a_size_fits_may_be_stored_when_a_second_read_gives_the_same()
    {
        var first = Content('1', Verification.Size);

        Assert.False(Start.MayStore(first));
        var next = Next<CopyStep.ReadAgain>(Start.After(new ReadResult.Refused(first)));
        Assert.Equal(RetryCause.Unconfirmed, next.Cause);
        Assert.True(next.Next.MayStore(Content('1', Verification.Size)));
        Assert.False(next.Next.MayStore(Content('2', Verification.Size)));
    }

    [Fact]
    public void Empty_content_of_an_object_that_is_said_to_be_empty_may_be_stored_at_the_first_read() =>
        Assert.True((Start with { Record = StorageObject.Parse(BinaryData.FromObjectAsJson(new { id = "a", storedBytes = 0 })) }).MayStore(
            Content('1', Verification.Size)));

    [Fact]
    public void Content_that_contradicts_a_claim_may_never_be_stored()
    {
        var wrong = Content('1', Verification.Size, "too short");

        Assert.False(Start.MayStore(wrong));
        Assert.False((Start with { Earlier = wrong.Digest }).MayStore(wrong));
    }

    [Fact]
    public void Archived_content_finishes() => Next<CopyStep.Finish>(Start.After(new ReadResult.Archived()));

    [Fact]
    public void Content_that_contradicts_a_claim_makes_8x8_be_asked_for_the_record()
    {
        var step = Next<CopyStep.ReadRecord>(Start.After(new ReadResult.Refused(Content('1', Verification.Size, "too short"))));

        Assert.Equal("too short", step.Mismatch);
        Assert.Equal((1, 0), (step.Next.Reads, step.Next.OtherName));
        var newer = StorageObject.Parse(BinaryData.FromObjectAsJson(new { id = "a", storedBytes = 1001 }));
        var again = Next<CopyStep.ReadAgain>(step.Next.AfterRecord(newer));
        Assert.Equal(RetryCause.WrongContent, again.Cause);
        Assert.Same(newer, again.Next.Record);
    }

    [Fact]
    public void Content_that_contradicts_a_claim_on_two_equal_reads_fails()
    {
        var wrong = Content('1', Verification.Size, "too short");

        var step = Next<CopyStep.Fail>((Start with { Reads = 1, Earlier = wrong.Digest }).After(new ReadResult.Refused(wrong)));

        Assert.Equal(FailureReason.WrongContent, step.Reason);
        Assert.Contains("on two reads: too short", step.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Content_that_differs_at_every_read_is_given_up_after_four()
    {
        var state = Start;
        for (var read = 1; read < CopyState.MaxReads; read++)
        {
            state = Next<CopyStep.ReadAgain>(state.After(new ReadResult.Refused(Content((char)('0' + read), Verification.Size)))).Next;
        }

        Next<CopyStep.GiveUp>(state.After(new ReadResult.Refused(Content('9', Verification.Size))));
    }

    [Fact]
    public void Content_that_differs_and_contradicts_at_every_read_is_given_up_once_the_record_is_known()
    {
        var step = Next<CopyStep.ReadRecord>(
            (Start with { Reads = CopyState.MaxReads - 1 }).After(new ReadResult.Refused(Content('1', Verification.Size, "too long"))));

        Next<CopyStep.GiveUp>(step.Next.AfterRecord(Record));
    }

    [Fact]
    public void Content_whose_name_is_taken_goes_beside_it_three_times_and_then_fails()
    {
        var state = Start;
        var names = new List<string> { state.Name };
        for (var name = 1; name <= CopyState.MaxOtherNames; name++)
        {
            var step = Next<CopyStep.ReadAgain>(state.After(new ReadResult.NameTaken(Content('1', Verification.Md5))));
            Assert.Equal((RetryCause.NameTaken, 0), (step.Cause, step.Next.Reads));
            state = step.Next;
            names.Add(state.Name);
        }

        Assert.Equal(
            [
                "us-east/callrecording/2026/03/01/a.mp3",
                "us-east/callrecording/2026/03/01/a.11111111.mp3",
                "us-east/callrecording/2026/03/01/a.11111111-2.mp3",
                "us-east/callrecording/2026/03/01/a.11111111-3.mp3",
            ],
            names);
        var last = Next<CopyStep.Fail>(state.After(new ReadResult.NameTaken(Content('1', Verification.Md5))));
        Assert.Equal(FailureReason.NameTaken, last.Reason);
        Assert.Contains(names[^1], last.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_content_under_a_name_beside_is_read_again_under_the_objects_own_name()
    {
        var beside = Next<CopyStep.ReadAgain>(Start.After(new ReadResult.NameTaken(Content('1', Verification.Md5)))).Next;

        var step = Next<CopyStep.ReadAgain>(beside.After(new ReadResult.Refused(Content('2', Verification.Size))));

        Assert.Equal(Start.Name, step.Next.Name);
    }

    [Fact]
    public void Object_in_another_state_is_routed_with_its_new_record() =>
        Assert.Same(Record, Next<CopyStep.Route>(Start.After(new ReadResult.Moved(Record))).Present);

    [Fact]
    public void Large_content_without_a_place_waits() => Next<CopyStep.Wait>(Start.After(new ReadResult.Busy()));

    private static T Next<T>(CopyStep step)
        where T : CopyStep => Assert.IsType<T>(step);

    private static VerifiedContent Content(char digit, Verification verification, string? mismatch = null) =>
        new(new ContentDigest(1000, Convert.FromHexString(new string(digit, 32)), new string(digit, 64)), verification, mismatch);
}
