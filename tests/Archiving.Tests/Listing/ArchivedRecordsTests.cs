using Archiving.Listing;
using EightByEight;
using Microsoft.Extensions.Time.Testing;

namespace Archiving.Tests;

public sealed class ArchivedRecordsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(19)]
    [InlineData(29)]
    [InlineData(39)]
    [InlineData(59)]
    public void Archived_record_is_remembered_for_a_while_and_never_longer_than_an_hour_whenever_it_is_asked_for(int minutes)
    {
        var time = new FakeTimeProvider();
        var records = new ArchivedRecords(time);
        var record = StorageObject.Parse(BinaryData.FromString("""{"id":"a","updatedTime":"2026-11-10T05:00:00"}"""));
        records.Add("uk", record);
        Assert.True(records.Contains("uk", record));
        Assert.False(records.Contains("us-east", record));

        time.Advance(TimeSpan.FromMinutes(minutes));
        Assert.True(minutes > 20 || records.Contains("uk", record));
        _ = records.Contains("uk", record);
        time.Advance(TimeSpan.FromMinutes(61 - minutes));
        Assert.False(records.Contains("uk", record));
    }
}
