using System.Drawing;

namespace Dashboard.Tests;

/// <summary>The audit log, as an investigator reads it.</summary>
public sealed class AuditTests(RunningArchive archive)
{
    [Theory]
    [InlineData("from=2026-11-20&to=2026-11-19", "Choose a To after From.")]
    [InlineData("from=garbage", "From is not a day: “garbage”.")]
    [InlineData("cursor=garbage", "Expected the cursor of an answer")]
    public async Task Audit_page_shows_no_rows_of_another_query_when_one_fails(string query, string expected)
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, "#/audit"));
        await browser.WaitForAsync("#audit-lines tbody");

        browser.Open(RunningArchive.PageOf(archive.App, $"#/audit?{query}"));

        await browser.WaitForTextAsync("#audit-summary", expected);
        Assert.Empty(browser.Text("#audit-lines"));
        Assert.False(browser.All("#audit-older")[0].Displayed);
    }

    [Fact]
    public async Task Audit_page_says_on_a_phone_too_what_an_access_was_about_and_asks_again_for_the_same()
    {
        using var browser = Browser.Start(new Size(390, 844), isPhone: true);
        browser.Open(RunningArchive.PageOf(archive.App, "#/audit?object=asked-for"));
        await browser.WaitForTextAsync("#audit-summary", "None");

        await archive.App.GetAsync("/api/objects/us-east/asked-for");

        await browser.HoldsAsync(
            () =>
            {
                var isShown = browser.Text("#audit-lines tbody th").Contains("us-east/asked-for", StringComparison.Ordinal);
                if (!isShown && browser.Text("#audit-summary") != "Reading …")
                {
                    browser.All("#audit-form button")[0].Click();
                }

                return isShown;
            },
            "what the access was about");
        Assert.Matches("\\d:\\d\\d:\\d\\d", browser.Text("#audit-lines tbody time"));
        Assert.Matches("GetObject\\s+NotFound", browser.Text("#audit-lines tbody td:not(.wide-only)"));
    }
}
