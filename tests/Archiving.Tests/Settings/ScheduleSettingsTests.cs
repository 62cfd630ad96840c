using System.Text.RegularExpressions;
using Archiving.Model;
using Archiving.Settings;
using Microsoft.Extensions.Configuration;

namespace Archiving.Tests;

/// <summary>What the Functions host reads of the settings by itself, and the app must not start without.</summary>
public sealed partial class ScheduleSettingsTests
{
    public static TheoryData<string> InUse { get; } =
        [.. HostFile.ReadFunctions().SelectMany(source => Schedule().Matches(source)).Select(match => match.Groups["name"].Value)
            .Distinct(StringComparer.Ordinal)];

    public static TheoryData<string> Fixed { get; } =
        [.. HostFile.ReadFunctions().SelectMany(source => FixedSchedule().Matches(source)).Select(match => match.Groups["expression"].Value)
            .Distinct(StringComparer.Ordinal)];

    [Fact]
    public void Timers_of_the_functions_are_found() =>
        Assert.Superset(Schedules.All.Keys.ToHashSet(StringComparer.Ordinal), InUse.Select(row => row.Data).ToHashSet(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(InUse))]
    public void Schedule_of_a_timer_that_is_missing_is_refused(string name)
    {
        var problem = Assert.Single(Refuse((name, "")).Problems);

        Assert.StartsWith($"{name} is not set: set an NCRONTAB expression of six fields, for example \"", problem, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(InUse))]
    public void Schedule_of_a_timer_that_is_malformed_is_refused(string name)
    {
        var problem = Assert.Single(Refuse((name, "every day")).Problems);

        Assert.StartsWith($"{name} is \"every day\": not a valid NCRONTAB expression. Use six fields, for example \"", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Refusal_of_a_schedule_shows_one_that_is_right() =>
        Assert.Equal(
            "ListingSchedule is \"every day\": not a valid NCRONTAB expression. Use six fields, for example \"0 */10 * * * *\".",
            Refuse(("ListingSchedule", "every day")).Message);

    [Theory]
    [InlineData("0 */10 * * * * *")]
    [InlineData("* * * *")]
    [InlineData("0 61 * * * *")]
    [InlineData("00:10:00")]
    [InlineData("@hourly")]
    public void Schedule_that_the_host_cannot_parse_is_refused(string expression) =>
        Assert.Contains($"ListingSchedule is \"{expression}\": not a valid", Refuse(("ListingSchedule", expression)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("0 0 0 30 2 *")]
    [InlineData("0 0 31 4,6,9,11 *")]
    public void Schedule_that_never_occurs_is_refused(string expression) =>
        Assert.Equal(
            $"VerifySchedule is \"{expression}\": an NCRONTAB expression that never occurs. Use six fields, for example \"0 30 1 * * *\".",
            Refuse(("VerifySchedule", expression)).Message);

    [Theory]
    [InlineData("*/5 * * * *")]
    [InlineData("  0   0 3 * * SUN ")]
    [InlineData("0 0 0 29 2 1")]
    [InlineData("*/2 * * * * *")]
    public void Schedule_that_the_host_takes_is_taken(string expression) =>
        Assert.Equal(expression.Trim(), Read(("ReconcileSchedule", expression)).Schedules.Reconcile);

    [Theory]
    [MemberData(nameof(Fixed))]
    public void Schedule_in_the_code_is_right(string expression) => Assert.Equal(expression, Read(("ListingSchedule", expression)).Schedules.Listing);

    [Fact]
    public void Function_timeout_is_that_of_host_json() =>
        Assert.Equal(
            TimeSpan.Parse(HostFile.Read().GetProperty("functionTimeout").GetString()!, System.Globalization.CultureInfo.InvariantCulture),
            Read().Host.FunctionTimeout);

    [Theory]
    [InlineData("00:30:00", "00:29:00")]
    [InlineData("00:05:00", "00:04:30")]
    [InlineData("-1", null)]
    public void Work_ends_before_the_host_ends_it(string functionTimeout, string? workTimeout) =>
        Assert.Equal(workTimeout, Read(("AzureFunctionsJobHost__functionTimeout", functionTimeout)).Host.WorkTimeout?.ToString());

    [Fact]
    public void Function_timeout_that_the_host_cannot_take_is_refused() =>
        Assert.Contains(
            "AzureFunctionsJobHost__functionTimeout is \"30\"",
            Refuse(("AzureFunctionsJobHost__functionTimeout", "30")).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Each_line_of_a_start_error_begins_with_error()
    {
        var one = Refuse(("ListingSchedule", "x"));
        var two = Refuse(("ListingSchedule", "x"), ("VerifySchedule", ""));

        Assert.Equal($"error: {one.Message}{Environment.NewLine}", one.ToErrorLines());
        var lines = two.ToErrorLines().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.All(lines, line => Assert.StartsWith("error: ", line, StringComparison.Ordinal));
    }

    private static SettingsException Refuse(params (string Name, string Value)[] settings) => Assert.Throws<SettingsException>(() => Read(settings));

    private static ArchiverOptions Read(params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase)
        {
            ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
            ["EightByEight:Key"] = "k",
            ["EightByEight:Secret"] = "s"
        };
        foreach (var (name, value) in settings)
        {
            all[name.Replace("__", ":", StringComparison.Ordinal)] = value;
        }

        Schedules.AddTo(all);
        return ArchiverOptions.Read(new ConfigurationBuilder().AddInMemoryCollection(all).Build());
    }

    // The summary and the drill, whose schedules need not be set, stand beside the catalogue's in TimerSchedules.
    [GeneratedRegex("""(TimerTrigger\(|const string Catalogue = )"%(?<name>\w+)%""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Schedule();

    [GeneratedRegex("""TimerTrigger\("(?<expression>[^%"]+)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FixedSchedule();
}
