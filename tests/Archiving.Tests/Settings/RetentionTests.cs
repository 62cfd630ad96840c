using Archiving.Settings;
using EightByEight;
using Microsoft.Extensions.Configuration;

namespace Archiving.Tests;

public sealed class RetentionTests
{
    private const string Rules =
        """
        [
          {"match":{"queueName":"Sales","type":"callcenterrecording"},"days":365},
          {"match":{"queueName":"Sales"},"days":60},
          {"match":{"userId":"u-1"},"days":90},
          {"match":{"region":"uk","agentName":"José"},"days":20}
        ]
        """;

    [Theory]
    [InlineData("""{"type":"callcenterrecording","tags":[{"key":"queueName","value":"Support"},{"key":"queueName","value":"sales"}]}""", "ca", 365)]
    [InlineData("""{"type":"transcription","userId":"u-1","tags":[{"key":"QUEUENAME","value":"Sales"}]}""", "ca", 60)]
    [InlineData("""{"type":"voicemail","userId":"U-1"}""", "ca", 90)]
    [InlineData("""{"type":"meeting","tags":[{"key":"agentName","value":"JOSE\u0301"}]}""", "uk", 20)]
    [InlineData("""{"type":"meeting","tags":[{"key":"agentName","value":"José"}]}""", "ca", 40)]
    [InlineData("""{"type":"voicemail","userId":"u-2"}""", "uk", 12)]
    public void First_rule_that_matches_says_when_8x8_deletes_an_object_then_its_type_then_the_default(string record, string region, int days)
    {
        var retention = Read(("Retention:Rules", Rules), ("Retention:DefaultDays", "40"), ("Retention:voicemail", "12"));
        var item = StorageObject.Parse(BinaryData.FromString($"""{"{"}"id":"a","createdTime":"2026-01-01T00:00:00",{record[1..]}"""));

        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddDays(days), retention.DeletedOn(region, item));
    }

    [Theory]
    [InlineData(Rules, 90, 90)]
    [InlineData(Rules, 0, 12)]
    [InlineData(Rules, null, 12)]
    [InlineData("", 90, 12)]
    public void Rows_keep_the_days_of_their_rule_while_there_are_rules(string rules, int? ruleDays, int days)
    {
        var created = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        Assert.Equal(created.AddDays(days), Read(("Retention:Rules", rules), ("Retention:voicemail", "12")).DeletedOn("voicemail", created, ruleDays));
    }

    private static RetentionOptions Read(params (string Name, string Value)[] settings)
    {
        var all = settings.ToDictionary(setting => setting.Name, setting => (string?)setting.Value, StringComparer.Ordinal);
        var reader = new SettingsReader(new ConfigurationBuilder().AddInMemoryCollection(all).Build());
        var options = RetentionOptions.Read(reader);
        reader.ThrowIfAnyProblem();
        return options;
    }
}
