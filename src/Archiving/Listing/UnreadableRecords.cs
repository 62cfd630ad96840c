using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Source;
using EightByEight;
using Microsoft.Extensions.Logging;

namespace Archiving.Listing;

/// <summary>
/// Keeps the records of a list that cannot be read, so that none is missed in silence. One with an id is asked for by
/// itself, and otherwise gets a row that says <c>Failed</c> with what 8x8 sent. One without an id is counted, and
/// health and verdict tell of it.
/// </summary>
public sealed partial class UnreadableRecords(
    SourceRecords source,
    OutcomeRecorder outcomes,
    ListingStore store,
    TimeProvider timeProvider,
    ILogger<UnreadableRecords> logger)
{
    private const string Unreadable = "8x8 lists the object by a record that cannot be read. Report it to 8x8, and redrive the object when it is fixed.";

    /// <summary>Takes in what cannot be read.</summary>
    /// <returns>The records that could be read when 8x8 was asked for each by itself.</returns>
    /// <exception cref="OutageException">8x8 or the storage does not work.</exception>
    public async Task<IReadOnlyList<StorageObject>> TakeAsync(
        WindowMessage window,
        IReadOnlyList<UnreadableRecord> records,
        CancellationToken cancellationToken)
    {
        var read = new List<StorageObject>();
        foreach (var record in records.DistinctBy(record => (record.Id, record.Text)))
        {
            if (record.Id is null or "" || HoldsAnother(record.Text))
            {
                Log.WithoutId(logger, window.Region, window.From, window.To, record.Reason);
                await store.NoteUnreadableAsync(window, Hash(record.Text), record.Reason, timeProvider.GetUtcNow(), cancellationToken);
            }

            if (record.Id is not { Length: > 0 } id)
            {
                continue;
            }

            if (await source.TryReadAsync(window.Region, id, cancellationToken) is { } whole)
            {
                read.Add(whole);
            }
            else
            {
                await outcomes.FailAsync(
                    window.Region,
                    Describe(id, record.Text, window),
                    FailureReason.Unreadable,
                    Unreadable,
                    $"{Unreadable} {record.Reason} {SourceQuote.Sent}{record.Text}",
                    attempts: 0,
                    cancellationToken);
            }
        }

        return read;
    }

    /// <summary>
    /// The little that the row needs: its day is that of the object's creation if the text has it, so that the object has one row
    /// in the end.
    /// </summary>
    private static StorageObject Describe(string id, string text, WindowMessage window)
    {
        var created = CreatedTime().Match(text) is { Success: true } match ? match.Groups["time"].Value : null;
        var record = StorageObject.Parse(BinaryData.FromObjectAsJson(new { id, createdTime = created }));
        return LedgerKey.IsKnown(record) ? record : StorageObject.Parse(BinaryData.FromObjectAsJson(new { id, createdTime = window.From.UtcDateTime }));
    }

    /// <summary>Whether a text goes on into the record after it, which a stray quotation mark can hide: a field of which each record has one comes twice.</summary>
    private static bool HoldsAnother(string text) =>
        Fields().Matches(text).GroupBy(match => match.Groups["name"].Value, StringComparer.Ordinal).Any(field => field.Count() > 1);

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    [GeneratedRegex("""
        "createdTime"\s*:\s*"?(?<time>[^",}]+)
        """, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CreatedTime();

    [GeneratedRegex("""
        "(?<name>type|createdTime|updatedTime|objectName|mimeType)"\s*:
        """, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Fields();

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 1231,
            Level = LogLevel.Error,
            Message = "A record of {Region} between {From:O} and {To:O} cannot be read and has no ID, so its object is not archived ({Reason}). "
                + "Report it to 8x8")]
        public static partial void WithoutId(ILogger logger, string region, DateTimeOffset from, DateTimeOffset to, string reason);
    }
}
