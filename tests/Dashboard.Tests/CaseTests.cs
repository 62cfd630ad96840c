using System.IO.Compression;
using System.Net;

namespace Dashboard.Tests;

/// <summary>Cases: from a recording to an export that is saved.</summary>
public sealed class CaseTests(RunningArchive archive)
{
    [Fact]
    public async Task Case_page_takes_a_recording_and_a_search_exports_them_and_saves_a_part()
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        using var browser = Browser.Start();
        browser.SaveTo(folder);
        browser.Open(RunningArchive.PageOf(archive.App, "#/cases"));
        (await browser.WaitForAsync("#case-name")).SendKeys(RunningArchive.HostileName);
        browser.All("#case-reason")[0].SendKeys("A letter of 3 May");
        await browser.ClickAsync("#case-form button");
        await browser.WaitForTextAsync("#case", "A letter of 3 May");
        await browser.WaitForTextAsync("#case-title", RunningArchive.HostileName);
        var address = browser.Url;

        browser.Open(RunningArchive.PageOf(archive.App, "#/object/us-east/lena-call"));
        await browser.ClickAsync("#object .add-to-case summary");
        await browser.ClickAsync("#object .adder button");
        await browser.WaitForTextAsync("#object .add-to-case .result", "Added to the case.");
        browser.Open(RunningArchive.PageOf(archive.App, "#/find?q=maria"));
        await browser.ClickAsync("#results .add-to-case summary");
        await browser.ClickAsync("#results .adder button");
        await browser.WaitForTextAsync("#results .add-to-case .result", "Added to the case.");

        browser.Open(address);
        await browser.HoldsAsync(
            () => browser.Run<bool>("return [...document.querySelectorAll('#case dd')].some((each) => each.textContent === '4')"),
            "the case has four objects");
        await browser.ClickAsync("#case .buttons button");
        await browser.WaitForTextAsync("#case", "Download part-0001.zip");
        await browser.ClickAsync("#case [data-focus$='part-0001.zip']");

        var file = Path.Combine(folder, "part-0001.zip");
        await browser.HoldsAsync(() => File.Exists(file), "the part is saved");
        await using (var zip = await ZipFile.OpenReadAsync(file, TestContext.Current.CancellationToken))
        {
            Assert.Equal(8, zip.Entries.Count);
        }

        Assert.Empty(browser.Complaints);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Case_page_makes_one_case_of_a_double_click()
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, "#/cases"));
        (await browser.WaitForAsync("#case-name")).SendKeys("Pressed twice");
        browser.All("#case-reason")[0].SendKeys("A letter");

        await browser.DoubleClickAsync("#case-form button");

        await browser.WaitForTextAsync("#case-title", "Pressed twice");
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        var cases = (await archive.App.GetAsync("/api/cases")).Body.GetProperty("items").EnumerateArray();
        Assert.Single(cases, item => item.GetProperty("name").GetString() == "Pressed twice");

        // The next case can be made.
        browser.Open(RunningArchive.PageOf(archive.App, "#/cases"));
        Assert.True((await browser.WaitForAsync("#case-form button")).Enabled);
    }

    [Fact]
    public async Task Case_page_says_that_the_storage_cannot_hold_and_that_a_case_is_closed()
    {
        var (status, created) = await archive.App.PostAsync("/api/cases", """{"name":"Hold","reason":"A letter"}""");
        Assert.Equal(HttpStatusCode.Created, status);
        await archive.App.PostAsync($"/api/cases/{created.GetProperty("caseId")}/objects", """{"objects":[{"region":"us-east","id":"lena-call"}]}""");
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, $"#/case/{created.GetProperty("caseId")}"));

        await browser.ClickAsync("#case [data-focus='Place legal hold']");
        await browser.WaitForTextAsync("#case", "incomplete");
        await browser.WaitForTextAsync("#case", "immutableStorage");

        // Once, and not as something in progress.
        Assert.Equal(2, browser.Text("#case").Split("immutableStorage").Length);
        Assert.DoesNotContain("In progress", browser.Text("#case"), StringComparison.Ordinal);

        // A case on hold cannot be closed.
        Assert.DoesNotContain("Close case", browser.Text("#case"), StringComparison.Ordinal);
        await browser.ClickAsync("#case [data-focus='Release legal hold']");
        await browser.ClickAsync("#confirm-yes");
        await browser.WaitForAsync("#case [data-focus='Close case']");
    }
}
