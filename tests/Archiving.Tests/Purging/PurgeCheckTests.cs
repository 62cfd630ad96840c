using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Purging;
using Archiving.Settings;
using EightByEight;

namespace Archiving.Tests;

/// <summary>Every doubt keeps an object at 8x8.</summary>
public sealed class PurgeCheckTests
{
    private const string Md5 = "0123456789abcdef0123456789abcdef";
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset ArchivedAt = Now.AddDays(-10);
    private static readonly PurgeOptions On = new() { Enabled = true, AfterDays = 10, MaxPerRun = 1 };

    [Fact]
    public void Purge_check_lets_an_object_go_that_is_proven_in_every_way()
    {
        Assert.Null(Refuse());
        Assert.Null(Refuse(verification: "multipart-md5"));
        Assert.Null(Refuse(options: On with { AfterDays = 0 }));
    }

    [Fact]
    public void Purge_check_keeps_everything_unless_both_settings_are_given()
    {
        const string Expected = "purging is not switched on";
        Assert.Equal(Expected, Refuse(options: On with { Enabled = false }));
        Assert.Equal(Expected, Refuse(options: On with { AfterDays = null }));
        Assert.Equal(Expected, Refuse(options: new PurgeOptions { Enabled = false, AfterDays = null, MaxPerRun = 1 }));
    }

    [Fact]
    public void Purge_check_keeps_what_is_not_old_enough()
    {
        Assert.Equal("it was archived less than 10 days ago", Refuse(now: Now.AddTicks(-1)));
        Assert.Null(Refuse(now: Now.AddTicks(1)));
        Assert.Equal("it was archived less than 10 days ago", Refuse(now: ArchivedAt.AddDays(-5)));
    }

    [Theory]
    [InlineData(LedgerState.Queued)]
    [InlineData(LedgerState.Restoring)]
    [InlineData(LedgerState.Failed)]
    [InlineData(LedgerState.Gone)]
    [InlineData(LedgerState.Purged)]
    public void Purge_check_keeps_what_the_ledger_does_not_call_archived(LedgerState state) =>
        Assert.Equal("the ledger does not say that it is archived", Refuse(row => row.State = state.ToString()));

    [Fact]
    public void Purge_check_keeps_what_has_no_row_or_receipt_or_blob()
    {
        var receipt = Receipt();
        Assert.Equal("the ledger does not say that it is archived", PurgeCheck.Refuse(On, Now, row: null, receipt, Stored(), Source()));
        Assert.Equal("there is no receipt", PurgeCheck.Refuse(On, Now, Row(receipt), receipt: null, Stored(), Source()));
        Assert.Equal("the archived blob is not there", PurgeCheck.Refuse(On, Now, Row(receipt), receipt, stored: null, Source()));
    }

    [Fact]
    public void Purge_check_keeps_what_was_found_damaged() => Assert.Equal("its archived bytes were found damaged", Refuse(row => row.Damaged = "blob"));

    [Fact]
    public void Purge_check_keeps_what_another_objects_receipt_speaks_of()
    {
        const string Expected = "the receipt is of another object";
        Assert.Equal(Expected, Refuse(row => row.Region = "us-east"));
        Assert.Equal(Expected, Refuse(row => row.Id = "b"));
        Assert.Equal(Expected, Refuse(row => row.Blob = "elsewhere"));
    }

    [Fact]
    public void Purge_check_keeps_what_receipt_and_ledger_do_not_agree_about()
    {
        const string Expected = "receipt and ledger do not agree";
        Assert.Equal(Expected, Refuse(row => row.Bytes = 99));
        Assert.Equal(Expected, Refuse(row => row.Bytes = null));
        Assert.Equal(Expected, Refuse(row => row.Sha256 = "other"));
    }

    [Theory]
    [InlineData("size")]
    [InlineData("")]
    [InlineData("MD5")]
    public void Purge_check_keeps_what_no_checksum_proves(string verification) =>
        Assert.Equal("no checksum of 8x8's proves the archived bytes", Refuse(verification: verification));

    [Theory]
    [InlineData("id", "\"b\"", "8x8 answered with another object")]
    [InlineData("objectState", "\"ARCHIVED\"", "8x8 reports it in state ARCHIVED")]
    [InlineData("objectState", "\"PENDING\"", "8x8 reports it in state PENDING")]
    [InlineData("updatedTime", "\"2026-11-01T00:00:01\"", "its record changed at 8x8 since it was archived")]
    [InlineData("updatedTime", "null", "its record changed at 8x8 since it was archived")]
    [InlineData("checksum", "\"fedcba9876543210fedcba9876543210\"", "its checksum at 8x8 is not the archived one")]
    [InlineData("checksum", "\"\"", "its checksum at 8x8 is not the archived one")]
    [InlineData("checksum", "null", "its checksum at 8x8 is not the archived one")]
    [InlineData("storedBytes", "101", "its size at 8x8 is not the archived one")]
    [InlineData("storedBytes", "null", "its size at 8x8 is not the archived one")]
    public void Purge_check_keeps_what_8x8_reports_otherwise_than_it_was_archived(string field, string value, string expected)
    {
        var receipt = Receipt();
        Assert.Equal(expected, PurgeCheck.Refuse(On, Now, Row(receipt), receipt, Stored(), Source((field, value))));
    }

    [Theory]
    [InlineData("updatedTime", "its record changed at 8x8 since it was archived")]
    [InlineData("checksum", "its checksum at 8x8 is not the archived one")]
    [InlineData("storedBytes", "its size at 8x8 is not the archived one")]
    public void Purge_check_keeps_what_neither_8x8_nor_the_receipt_knows_enough_of(string field, string expected)
    {
        var receipt = Receipt(source: Source((field, "null")));
        Assert.Equal(expected, PurgeCheck.Refuse(On, Now, Row(receipt), receipt, Stored(), Source((field, "null"))));
    }

    [Fact]
    public void Purge_check_keeps_what_is_stored_otherwise_than_the_receipt_says()
    {
        var receipt = Receipt();
        Assert.Equal("the archived blob has another size", PurgeCheck.Refuse(On, Now, Row(receipt), receipt, Stored(bytes: 99), Source()));
        Assert.Equal("the archived blob has another MD5", PurgeCheck.Refuse(On, Now, Row(receipt), receipt, Stored(md5: "ff" + Md5[2..]), Source()));
        Assert.Equal("the archived blob has another MD5", PurgeCheck.Refuse(On, Now, Row(receipt), receipt, Stored(md5: ""), Source()));

        // A receipt of fewer bytes than 8x8 claims, and a blob to match, prove nothing.
        var shorter = receipt with { Bytes = 99 };
        Assert.Equal("the archived blob has another size", PurgeCheck.Refuse(On, Now, Row(shorter), shorter, Stored(bytes: 99), Source()));
    }

    [Fact]
    public void Purge_check_keeps_what_is_on_hold_though_no_case_is_known()
    {
        var receipt = Receipt();
        Assert.Equal("a legal hold is on the archived blob", PurgeCheck.Refuse(On, Now, Row(receipt), receipt, Stored() with { IsHeld = true }, Source()));
    }

    [Fact]
    public void Purge_check_names_the_doubt_that_is_looked_at_first()
    {
        var receipt = Receipt("size");
        var row = Row(receipt);
        row.Damaged = "blob";
        row.Blob = "elsewhere";
        var source = Source(("objectState", "\"ARCHIVED\""));
        string? Refuse(StoredContent? stored) => PurgeCheck.Refuse(On, ArchivedAt, row, receipt, stored, source);

        Assert.Equal("its archived bytes were found damaged", Refuse(stored: null));
        row.Damaged = null;
        Assert.Equal("the receipt is of another object", Refuse(stored: null));
        row.Blob = receipt.Blob;
        Assert.Equal("no checksum of 8x8's proves the archived bytes", Refuse(stored: null));
        receipt = receipt with { Verification = "md5" };
        Assert.Equal("8x8 reports it in state ARCHIVED", Refuse(stored: null));
        source = Source();
        Assert.Equal("the archived blob is not there", Refuse(stored: null));
        Assert.Equal("it was archived less than 10 days ago", Refuse(Stored()));
    }

    private static string? Refuse(Action<LedgerEntry>? change = null, PurgeOptions? options = null, DateTimeOffset? now = null, string verification = "md5")
    {
        var receipt = Receipt(verification);
        var row = Row(receipt);
        change?.Invoke(row);
        return PurgeCheck.Refuse(options ?? On, now ?? Now, row, receipt, Stored(), Source());
    }

    private static LedgerEntry Row(Receipt receipt) => LedgerEntry.Archived("uk", receipt.Record, receipt);

    private static Receipt Receipt(string verification = "md5", StorageObject? source = null) =>
        new("uk", source ?? Source(), "uk/voicemail/a.mp3", 100, Md5, "sha", verification, ArchivedAt);

    private static StoredContent Stored(long bytes = 100, string md5 = Md5) => new(bytes, Convert.FromHexString(md5));

    private static StorageObject Source(params (string Field, string Value)[] changes)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["id"] = "\"a\"",
            ["type"] = "\"voicemail\"",
            ["objectState"] = "\"AVAILABLE\"",
            ["checksum"] = $"\"{Md5}\"",
            ["storedBytes"] = "100",
            ["createdTime"] = "\"2026-11-01T00:00:00\"",
            ["updatedTime"] = "\"2026-11-01T00:00:00\"",
        };
        foreach (var (field, value) in changes)
        {
            fields[field] = value;
        }

        return StorageObject.Parse(BinaryData.FromString($"{{{string.Join(',', fields.Select(field => $"\"{field.Key}\":{field.Value}"))}}}"));
    }
}
