using System.Drawing;
using OpenQA.Selenium;

namespace Dashboard.Tests;

/// <summary>Accessibility: by keyboard alone, on the smallest phone, in both colour schemes, by the rules of WCAG.</summary>
public sealed class AccessibilityTests(RunningArchive archive)
{
    // A word on two lines has two rectangles, one below the other.
    private const string BrokenWords =
        """
        const broken = [];
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
          const { data, parentElement } = texts.currentNode;
          for (const word of parentElement.checkVisibility() ? data.matchAll(/(?<![^\s])\p{L}{2,14}(?![^\s.,:])/gu) : []) {
            const range = document.createRange();
            range.setStart(texts.currentNode, word.index);
            range.setEnd(texts.currentNode, word.index + word[0].length);
            if (new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1) {
              broken.push(word[0]);
            }
          }
        }

        return broken.join(", ");
        """;

    private const string ExportedCase = "#/case/exported";

    public static TheoryData<string, string> Screens => new()
    {
        { "", "#types a" },
        { "#/find?q=maria", "#results a" },
        { "#/find?q=maria&show=files", "#results a" },
        { "#/call/us-east/call-maria", "#call .line" },
        { "#/call/us-east/call-lena", "#call .speakers .prose" },
        { "#/call/us-east/unknown", "#call .error" },
        { "#/object/us-east/maria-summary", "#object .prose" },
        { "#/object/us-east/unknown", "#object .error" },
        { "#/cases", "#case-list :is(.empty, a)" },
        { "#/case/unknown", "#case .error" },
        { ExportedCase, "#case [data-focus$='part-0001.zip']" },
        { "#/audit", "#audit-lines table" },
        { "#/audit?actor=unknown", "#audit-lines p" },
    };

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task Page_breaks_no_rule_of_accessibility(string hash, string ready)
    {
        await archive.AddRefusedAsync("rules", "Rules.mp3");
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, await FillAsync(hash)));
        await browser.WaitForAsync(ready);

        await Axe.AssertNoViolationsAsync(browser);
    }

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task Page_fits_the_smallest_phone(string hash, string ready)
    {
        using var browser = Browser.Start(new Size(320, 640), isPhone: true);
        browser.Open(RunningArchive.PageOf(archive.App, await FillAsync(hash)));
        await browser.WaitForAsync(ready);

        Assert.Equal(320, browser.Run<long>("return document.documentElement.scrollWidth"));
    }

    [Theory]
    [InlineData(320)]
    [InlineData(390)]
    [InlineData(1280)]
    public async Task Page_breaks_long_names_and_ids_and_no_other_word(int width)
    {
        await archive.AddRefusedAsync("words", "Words.mp3");
        using var browser = Browser.Start(new Size(width, 800), isPhone: width < 640);
        var screens = Screens.Select(screen => (Hash: screen.Data.Item1, Ready: screen.Data.Item2)).Concat(
        [
            ($"#/find?q={RunningArchive.LongId}", "#results a"),
            ($"#/find?q={RunningArchive.LongId}&show=files", "#results a"),
            ($"#/call/us-east/{RunningArchive.LongId}", "#call .prose"),
            ($"#/object/us-east/{RunningArchive.LongId}", "#object .prose"),
            ($"#/audit?object={RunningArchive.LongId}", "#audit-lines table"),
        ]);
        foreach (var (hash, ready) in screens)
        {
            browser.Open(RunningArchive.PageOf(archive.App, await FillAsync(hash)));
            await browser.WaitForAsync(ready);

            Assert.Equal((hash, width), (hash, (int)browser.Run<long>("return document.documentElement.scrollWidth")));
            Assert.Equal((hash, ""), (hash, browser.Run<string>(BrokenWords)));
        }
    }

    [Fact]
    public async Task Page_is_used_by_keyboard_alone()
    {
        await archive.AddRefusedAsync("keys", "Keys.mp3");
        using var browser = Browser.Start();
        browser.Open(archive.Page);
        await browser.WaitForTextAsync("#failures", "Keys.mp3");

        // Past the navigation at one go.
        browser.Press(Keys.Tab);
        Assert.Equal("skip", browser.Focused.GetDomAttribute("id"));
        browser.Press(Keys.Enter);
        Assert.Equal("main", browser.Focused.GetDomAttribute("id"));

        // Cancel, then have it tried again. The focus comes back to where one was.
        archive.Allow("keys");
        var button = browser.TabTo(element => element.GetDomAttribute("data-focus") == "redrive us-east keys", "the button of the failed object");
        Assert.Equal("Try again: Keys.mp3", button.GetDomAttribute("aria-label"));
        Assert.NotEqual("none", button.GetCssValue("outline-style"));
        browser.Press(Keys.Enter);
        await browser.WaitForTextAsync("#confirm", "Keys.mp3");
        browser.Press(Keys.Escape);
        await browser.HoldsAsync(() => browser.Focused.GetDomAttribute("data-focus") == "redrive us-east keys", "the focus is back");
        browser.Press(Keys.Enter);
        await browser.WaitForAsync("#confirm-yes");
        browser.TabTo(element => element.GetDomAttribute("id") == "confirm-yes", "yes");
        browser.Press(Keys.Enter);
        await browser.WaitForTextAsync("#redrive-result", "back in the queue");
        Assert.Equal("failures-title", browser.Focused.GetDomAttribute("id"));

        // To the search, to a call, to its player.
        browser.Reload();
        await browser.WaitForAsync("#nav-find");
        browser.TabTo(element => element.GetDomAttribute("id") == "nav-find", "the search");
        browser.Press(Keys.Enter);
        await browser.WaitForAsync("#find-q");
        Assert.Equal("Find a call", browser.Focused.Text);
        browser.TabTo(element => element.GetDomAttribute("id") == "find-q", "the field");
        browser.Press("maria chen", Keys.Enter);
        await browser.WaitForTextAsync("#results", "555-0142");
        browser.TabTo(element => element.Text == "Maria Chen", "the call");
        browser.Press(Keys.Enter);
        await browser.WaitForTextAsync("#call-title", "Maria Chen");
        Assert.Equal("call-title", browser.Focused.GetDomAttribute("id"));
        await browser.HoldsAsync(() => browser.Run<bool>("return document.querySelector('#call audio')?.duration === 20"), "the player is ready");
        browser.TabTo(element => element.TagName == "audio", "the player");
        browser.Press(" ");
        await browser.HoldsAsync(() => browser.Run<bool>("return document.querySelector('#call audio').currentTime > 0.2"), "it plays");
    }

    /// <summary>The address of a screen; for a case, one that has a recording and its export.</summary>
    private async Task<string> FillAsync(string hash)
    {
        if (hash != ExportedCase)
        {
            return hash;
        }

        var caseId = (await archive.App.PostAsync("/api/cases", """{"name":"Chen","reason":"A letter"}""")).Body.GetProperty("caseId").GetString();
        await archive.App.PostAsync($"/api/cases/{caseId}/objects", """{"objects":[{"region":"us-east","id":"lena-call"}]}""");
        await archive.App.PostAsync($"/api/cases/{caseId}/export", "{}");
        return $"#/case/{caseId}";
    }
}
