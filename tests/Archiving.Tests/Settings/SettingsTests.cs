using System.Text.Json;
using Archiving.Model;
using Archiving.Settings;
using Microsoft.Extensions.Configuration;

namespace Archiving.Tests;

public sealed class SettingsTests
{
    private static readonly Dictionary<string, string?> Minimum = new(StringComparer.OrdinalIgnoreCase)
    {
        ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
        ["EightByEight:Key"] = "k",
        ["EightByEight:Secret"] = "s",
    };

    [Fact]
    public void Settings_have_the_defaults_of_the_contract()
    {
        var options = Read();

        Assert.Equal("https://api.8x8.com/", options.EightByEight.BaseUrl.AbsoluteUri);
        var source = options.EightByEight;
        Assert.Equal(("us-east", true, 7, 0d), (source.DiscoveryRegion, source.IncludeArchived, source.RestoreDays, source.MaxRequestsPerSecond));
        Assert.Empty(options.EightByEight.Regions);
        Assert.Equal("recordings", options.Archive.Container);
        Assert.Equal((TimeSpan.FromMinutes(60), TimeSpan.FromSeconds(60)), (options.Listing.Overlap, options.Listing.Settle));
        Assert.Equal(TimeSpan.FromMinutes(15), options.Restore.PollInterval);
        Assert.Equal(30, options.Retention.DefaultDays);
    }

    [Theory]
    [InlineData("EightByEight__BaseUrl", "http://api.8x8.com")]
    [InlineData("EightByEight__BaseUrl", "8x8")]
    [InlineData("EightByEight__Regions", "us-east;uk")]
    [InlineData("EightByEight__DiscoveryRegion", "us-east,")]
    [InlineData("EightByEight__DiscoveryRegion", "us-east,uk")]
    [InlineData("EightByEight__RestoreDays", "11")]
    [InlineData("EightByEight__RestoreDays", "seven")]
    [InlineData("EightByEight__IncludeArchived", "yes")]
    [InlineData("EightByEight__MaxRequestsPerSecond", "-1")]
    [InlineData("Restore__PollInterval", "15")]
    [InlineData("Archive__Container", "My Recordings")]
    [InlineData("Archive__AccessTier", "Lukewarm")]
    [InlineData("Archive__DownloadName", "recording")]
    [InlineData("Archive__DownloadName", "{person")]
    [InlineData("Archive__DownloadName", "{person}/{number}{ext}")]
    [InlineData("Archive__DownloadName", "{ext}{person}")]
    [InlineData("Archive__DownloadName", "{createdTime:q}")]
    [InlineData("Archive__DownloadName", "{person:upper}{ext}")]
    [InlineData("Archive__DownloadName", "{}")]
    [InlineData("Listing__StartFrom", "01/02/2026")]
    [InlineData("Listing__StartFrom", "last year")]
    [InlineData("Listing__StartFrom", "0001-01-01")]
    [InlineData("Listing__StartFrom", "2201-01-01")]
    [InlineData("Listing__OverlapMinutes", "1e3")]
    [InlineData("Listing__SettleSeconds", "-5")]
    [InlineData("Notifications__Format", "HTML")]
    [InlineData("Retention__DefaultDays", "0")]
    [InlineData("Retention__voicemail", "a month")]
    [InlineData("KeyVault__Uri", "http://vault.example")]
    public void Malformed_setting_is_refused_by_name_and_value(string name, string value)
    {
        var message = Assert.Throws<SettingsException>(() => Read((name, value))).Message;

        Assert.Contains(name, message, StringComparison.Ordinal);
        Assert.Contains(value, message, StringComparison.Ordinal);
        Assert.Contains("expected", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("30 days", "Retention__Rules is \"30 days\", which is not valid JSON")]
    [InlineData("[{\"match\":{\"userId\":\"a\"},\"days\":90]", "not valid JSON")]
    [InlineData("{\"match\":{\"userId\":\"a\"},\"days\":90}", "expected a JSON list")]
    [InlineData("[90]", "rule 1 is no object")]
    [InlineData("[{\"days\":90}]", "rule 1 has no \"match\"")]
    [InlineData("[{\"match\":{},\"days\":90}]", "set Retention__DefaultDays instead")]
    [InlineData("[{\"match\":{\"userId\":[\"a\",\"b\"]},\"days\":90}]", "Write a rule for each value")]
    [InlineData("[{\"match\":{\"userId\":7},\"days\":90}]", "the value of \"userId\" must be one text")]
    [InlineData("[{\"match\":{\"userId\":\"a\",\"userId\":\"b\"},\"days\":90}]", "not valid JSON")]
    [InlineData("[{\"match\":{\"userId\":\"a\"}}]", "rule 1 has no \"days\"")]
    [InlineData("[{\"match\":{\"userId\":\"a\"},\"days\":0}]", "rule 1 has \"days\" 0: expected a whole number from 1 to 36500")]
    [InlineData("[{\"match\":{\"userId\":\"a\"},\"days\":\"90\"}]", "rule 1 has \"days\" \"90\"")]
    [InlineData("[{\"match\":{\"userId\":\"a\"},\"days\":90,\"type\":\"voicemail\"}]", "rule 1 has \"type\": expected \"match\" and \"days\" alone")]
    [InlineData("[{\"match\":{\"userId\":\"a\"},\"days\":90},{\"match\":{\"USERID\":\"A\",\"type\":\"x\"},\"days\":30}]", "rule 2 is never used")]
    public void Reader_of_settings_refuses_retention_rules_that_cannot_be_meant(string rules, string problem)
    {
        var message = Assert.Throws<SettingsException>(() => Read(("Retention__Rules", rules))).Message;

        Assert.Contains("Retention__Rules", message, StringComparison.Ordinal);
        Assert.Contains(problem, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\uFEFF{0}")]
    [InlineData("{0}\uFEFF\r\n")]
    [InlineData(" \u200B{0}\u2060 ")]
    public void Reader_of_settings_reads_a_setting_without_what_cannot_be_seen_at_its_ends(string form)
    {
        var options = Read(
            ("EightByEight__Secret", form.Replace("{0}", "secret", StringComparison.Ordinal)),
            ("EightByEight__Regions", form.Replace("{0}", "uk", StringComparison.Ordinal)),
            ("AzureWebJobsStorage", form.Replace("{0}", "UseDevelopmentStorage=true", StringComparison.Ordinal)),
            ("Archive__AccessTier", form.Replace("{0}", "", StringComparison.Ordinal)));

        Assert.Equal(("secret", "uk", null), (options.EightByEight.Secret, Assert.Single(options.EightByEight.Regions), options.Archive.AccessTier));
    }

    [Fact]
    public void Reader_of_settings_reports_every_problem_of_the_retention_rules()
    {
        var message = Assert.Throws<SettingsException>(() => Read(("Retention__Rules", "[{\"match\":{},\"days\":0},1]"))).Message;

        Assert.All(
            ["rule 1 has an empty", "rule 1 has \"days\" 0", "rule 2 is no object"],
            problem => Assert.Contains(problem, message, StringComparison.Ordinal));
    }

    [Fact]
    public void Problems_of_settings_are_all_in_one_message()
    {
        var message = Assert.Throws<SettingsException>(() => Read(("EightByEight__Key", ""), ("Listing__StartFrom", "x"), ("AzureWebJobsStorage", ""))).Message;

        Assert.Contains("EightByEight__Key is not set", message, StringComparison.Ordinal);
        Assert.Contains("Listing__StartFrom", message, StringComparison.Ordinal);
        Assert.Contains("AzureWebJobsStorage", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AzureWebJobsStorage", "AccountKey=hunter2")]
    [InlineData("ArchiveStorage", "DefaultEndpointsProtocol=https;AccountKey=hunter2")]
    [InlineData("EightByEight__BaseUrl", "https://service:hunter2@proxy.example/8x8")]
    [InlineData("EightByEight__BaseUrl", "service:hunter2@proxy.example")]
    [InlineData("KeyVault__Uri", "https://service:hunter2@vault.example/")]
    [InlineData("Notifications__WebhookUrl", "http://hooks.example/hunter2")]
    [InlineData("Notifications__WebhookUrl", "hunter2")]
    [InlineData("Notifications__WebhookUrl", "https://service:hunter2@hooks.example/")]
    public void Error_of_a_setting_never_shows_a_secret(string name, string value)
    {
        var exception = Assert.Throws<SettingsException>(() => Read((name, value)));

        Assert.Contains(name, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", exception.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AzureWebJobsStorage__tableServiceUri", "AzureWebJobsStorage__queueServiceUri", "https://run.queue.core.windows.net")]
    [InlineData(
        "AzureWebJobsStorage__blobServiceUri",
        "AzureWebJobsStorage__queueServiceUri",
        "https://run.queue.core.windows.net",
        "AzureWebJobsStorage__tableServiceUri",
        "https://run.table.core.windows.net")]
    [InlineData("AzureWebJobsStorage__tableServiceUri", "AzureWebJobsStorage__accountName", "run", "AzureWebJobsStorage__tableServiceUri", "run.table")]
    [InlineData("ArchiveStorage__blobServiceUri", "AzureWebJobsStorage__accountName", "run", "ArchiveStorage__clientId", "0")]
    [InlineData("AzureWebJobsStorage__accountName", "AzureWebJobsStorage__accountName", "my account")]
    public void Identity_that_has_no_address_to_sign_in_to_is_refused(string named, params string[] settings)
    {
        var given = settings.Chunk(2).Select(setting => (setting[0], setting[1])).Append(("AzureWebJobsStorage", "")).ToArray();

        Assert.Contains(named, Assert.Throws<SettingsException>(() => Read(given)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Vault_is_required_in_Azure()
    {
        Assert.Contains("KeyVault__Uri", Assert.Throws<SettingsException>(() => Read(("WEBSITE_SITE_NAME", "my-app"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Certificate_is_pinned_for_a_vault_on_this_machine_only()
    {
        var pin = ("KeyVault__CertificateSha256", new string('a', 64));

        Assert.NotNull(Read(pin, ("KeyVault__Uri", "https://127.0.0.1:8443")).KeyVault.CertificateSha256);
        Assert.Throws<SettingsException>(() => Read(pin, ("KeyVault__Uri", "https://my-vault.vault.azure.net")));
    }

    [Fact]
    public void Time_without_zone_is_read_as_utc()
    {
        Assert.Equal(new DateTimeOffset(2026, 10, 1, 0, 0, 0, TimeSpan.Zero), Read(("Listing__StartFrom", "2026-10-01")).Listing.StartFrom);
        Assert.Equal(new DateTimeOffset(2026, 10, 1, 2, 0, 0, TimeSpan.Zero), Read(("Listing__StartFrom", "2026-10-01T04:00:00+02:00")).Listing.StartFrom);
    }

    [Fact]
    public void Sample_file_holds_every_schedule_and_nothing_that_is_refused()
    {
        var root = Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", "..");
        using var sample = JsonDocument.Parse(File.ReadAllText(Path.Combine(root, "local.settings.sample.json")));
        var values = sample.RootElement.GetProperty("Values");

        foreach (var schedule in (string[])["TokenRefreshSchedule", "ListingSchedule", "ReconcileSchedule", "VerifySchedule", "Catalogue__Schedule"])
        {
            Assert.False(string.IsNullOrEmpty(values.GetProperty(schedule).GetString()));
        }

        // What is empty is for the reader to fill in.
        var filled = values.EnumerateObject().Select(setting => (setting.Name, Value: setting.Value.GetString()!))
            .ToLookup(setting => setting.Value.Length > 0);
        Assert.Equal(["EightByEight__Key", "EightByEight__Secret"], filled[false].Select(setting => setting.Name));
        Assert.NotNull(Read([.. filled[true]]));
    }

    private static ArchiverOptions Read(params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?>(Minimum, StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in settings)
        {
            all[name.Replace("__", ":", StringComparison.Ordinal)] = value;
        }

        Schedules.AddTo(all);
        return ArchiverOptions.Read(new ConfigurationBuilder().AddInMemoryCollection(all).Build());
    }
}
