using Archiving.Archive;
using Archiving.Model;
using Archiving.Telemetry;
using EightByEight;

namespace Archiving.Copying;

/// <summary>How far the copying of one object has come, and what follows each read of its content. It does nothing itself.</summary>
/// <param name="Region">8x8's region.</param>
/// <param name="Record">The newest record that is known; what 8x8 claims of the content.</param>
internal sealed record CopyState(string Region, StorageObject Record)
{
    /// <summary>How often content is read that is not stored, before the object is left for a later attempt.</summary>
    public const int MaxReads = 4;

    /// <summary>How many names beside the object's own are tried.</summary>
    public const int MaxOtherNames = 3;

    /// <summary>How often content was read and not stored.</summary>
    public int Reads { get; init; }

    /// <summary>Which name beside the object's own is tried; 0 for its own.</summary>
    public int OtherName { get; init; }

    /// <summary>Whether content that comes coded (Content-Encoding) is stored as it is sent: 8x8's claims did not fit the decoded content.</summary>
    public bool AsSent { get; init; }

    /// <summary>Why the decoded content is not the object's though no claim contradicts it: then the coded bytes are not either, unless a claim proves them.</summary>
    public string? Implausible { get; init; }

    /// <summary>What the last read gave.</summary>
    public ContentDigest? Earlier { get; init; }

    /// <summary>The name under which content is to be stored.</summary>
    public string Name => OtherName == 0 || Earlier is null
        ? ArchiveLayout.ContentName(Region, Record)
        : ArchiveLayout.LaterContentName(Region, Record, Earlier.Md5Hex, OtherName);

    /// <summary>Whether content may be stored: when a checksum of 8x8's proves it, or else when a second read gave the same bytes.</summary>
    public bool MayStore(VerifiedContent content) =>
        content.Mismatch is null
        && (Implausible is null || content.Verification is not Verification.None)
        && (content.Verification is Verification.Md5 or Verification.MultipartMd5 || Record.StoredBytes == 0 || IsAsBefore(content.Digest));

    /// <summary>What comes next.</summary>
    public CopyStep After(ReadResult read) => read switch
    {
        ReadResult.Archived => new CopyStep.Finish(),
        ReadResult.NameTaken when OtherName == MaxOtherNames => new CopyStep.Fail(
            FailureReason.NameTaken,
            $"{Name} or its receipt already exists with different content. Another application writes to the container; "
                + "move that content away and queue the object again."),

        // New content for an id that is archived already, or bytes or a receipt that were damaged: it goes beside the old.
        ReadResult.NameTaken { Content.Digest: var digest } =>
            new CopyStep.ReadAgain(RetryCause.NameTaken, this with { OtherName = OtherName + 1, Earlier = digest }),

        // The claims may be about the coded bytes.
        ReadResult.Refused { Content: { Mismatch: { } problem, WasDecoded: true } content } => new CopyStep.ReadAgain(
            RetryCause.WrongContent,
            this with { AsSent = true, OtherName = 0, Implausible = content.Cause == MismatchCause.Implausible && !IsCompressed ? problem : null }),
        ReadResult.NotCoded => new CopyStep.ReadAgain(RetryCause.WrongContent, this with { AsSent = true, OtherName = 0 }),
        ReadResult.Refused { Content: { Mismatch: null, Verification: Verification.None } } when Implausible is { } problem => WaitForContent(problem),

        // No claim proves it, and none is contradicted: a sign-in page, say, which the content may follow.
        ReadResult.Refused { Content: { Cause: MismatchCause.Implausible, Mismatch: { } problem } } => WaitForContent(problem),

        // Two reads agree with each other and not with the claim: the claim is wrong, or 8x8's copy is.
        ReadResult.Refused { Content: { Mismatch: { } mismatch, Digest: var digest } } when IsAsBefore(digest) => new CopyStep.Fail(
            FailureReason.WrongContent,
            $"8x8's content contradicts its own record, on two reads: {mismatch}. Read: {digest.Bytes} bytes, "
                + $"MD5 {digest.Md5Hex}, SHA-256 {digest.Sha256}. Nothing was stored; ask 8x8 about the object."),

        // The record may be old: the object can have changed since it was listed.
        ReadResult.Refused { Content: { Mismatch: { } mismatch } content } => new CopyStep.ReadRecord(mismatch, Unconfirmed(content)),
        ReadResult.Refused { Content: var content } => AfterUnconfirmed(content),
        ReadResult.NotYet(var reason, var problem, var detail) => new CopyStep.WaitForContent(reason, problem, detail),
        ReadResult.Moved { Present: var present } => new CopyStep.Route(present),
        ReadResult.Busy => new CopyStep.Wait(),
        _ => throw new ArgumentOutOfRangeException(nameof(read)),
    };

    /// <summary>What comes next when 8x8 was asked for the record again and the object is still to be archived.</summary>
    public CopyStep AfterRecord(StorageObject present) => ReadAgainOrGiveUp(RetryCause.WrongContent, this with { Record = present });

    // Such content is most often not coded, whatever its response says.
    private bool IsCompressed => Record.MimeType?.Contains("zip", StringComparison.OrdinalIgnoreCase) == true;

    private static CopyStep.WaitForContent WaitForContent(string problem) =>
        new(FailureReason.Implausible, $"8x8 claims no checksum that proves the object, and {problem}.");

    private CopyStep AfterUnconfirmed(VerifiedContent content) => ReadAgainOrGiveUp(RetryCause.Unconfirmed, Unconfirmed(content));

    private static CopyStep ReadAgainOrGiveUp(RetryCause cause, CopyState next) => next.Reads < MaxReads
        ? new CopyStep.ReadAgain(cause, next)
        : new CopyStep.GiveUp("8x8 sent other bytes at every read. Nothing was stored; it is tried again later.");

    // A name beside the object's own, and a coded error, belong to the content that was read then. This is other content.
    private CopyState Unconfirmed(VerifiedContent content) =>
        this with { Reads = Reads + 1, OtherName = 0, AsSent = false, Implausible = null, Earlier = content.Digest };

    /// <summary>Whether the read before gave the same bytes.</summary>
    public bool IsAsBefore(ContentDigest digest) => Earlier?.Sha256 == digest.Sha256;
}

/// <summary>What a read of an object's content showed.</summary>
internal abstract record ReadResult
{
    /// <summary>The content is stored, and its receipt is written.</summary>
    public sealed record Archived : ReadResult;

    /// <summary>The content is stored under the name, by this run or an earlier one. Its receipt is still to be written.</summary>
    /// <param name="Content">What was read.</param>
    public sealed record Stored(VerifiedContent Content) : ReadResult;

    /// <summary>Other content, or a receipt of other content, has the name.</summary>
    /// <param name="Content">What was read.</param>
    public sealed record NameTaken(VerifiedContent Content) : ReadResult;

    /// <summary>The content may not be stored, see <see cref="CopyState.MayStore"/>.</summary>
    /// <param name="Content">What was read.</param>
    public sealed record Refused(VerifiedContent Content) : ReadResult;

    /// <summary>8x8 does not give the content, because the object is in another state by now.</summary>
    /// <param name="Present">Its record.</param>
    public sealed record Moved(StorageObject Present) : ReadResult;

    /// <summary>The content is not coded as its response says, so it cannot be decoded.</summary>
    public sealed record NotCoded : ReadResult;

    /// <summary>8x8 lists the object and does not give its content.</summary>
    /// <param name="Reason">Why, in a word.</param>
    /// <param name="Problem">Why.</param>
    /// <param name="Detail">What only the row says of it.</param>
    public sealed record NotYet(FailureReason Reason, string Problem, string? Detail = null) : ReadResult;

    /// <summary>This instance copies as much large content as it can at once.</summary>
    public sealed record Busy : ReadResult;
}

/// <summary>What comes next in the copying of an object.</summary>
internal abstract record CopyStep
{
    /// <summary>Nothing: it is archived.</summary>
    public sealed record Finish : CopyStep;

    /// <summary>Read the content again.</summary>
    /// <param name="Cause">Why.</param>
    /// <param name="Next">The state to do it in.</param>
    public sealed record ReadAgain(RetryCause Cause, CopyState Next) : CopyStep;

    /// <summary>Ask 8x8 for the record again, because the content contradicts it.</summary>
    /// <param name="Mismatch">What it contradicts.</param>
    /// <param name="Next">The state to go on in.</param>
    public sealed record ReadRecord(string Mismatch, CopyState Next) : CopyStep;

    /// <summary>Send the object where its state belongs.</summary>
    /// <param name="Present">Its record.</param>
    public sealed record Route(StorageObject Present) : CopyStep;

    /// <summary>Try later, without counting an attempt.</summary>
    public sealed record Wait : CopyStep;

    /// <summary>Try later, for a day, without counting an attempt: 8x8 may give the content then.</summary>
    /// <param name="Reason">Why it fails after that, in a word.</param>
    /// <param name="Problem">What is wrong now.</param>
    /// <param name="Detail">What only the row says of it.</param>
    public sealed record WaitForContent(FailureReason Reason, string Problem, string? Detail = null) : CopyStep;

    /// <summary>Try later, and count an attempt.</summary>
    /// <param name="Reason">Why, for the row.</param>
    public sealed record GiveUp(string Reason) : CopyStep;

    /// <summary>It cannot be archived.</summary>
    /// <param name="Reason">Why, in a word.</param>
    /// <param name="Message">Why, and what to do.</param>
    public sealed record Fail(FailureReason Reason, string Message) : CopyStep;
}
