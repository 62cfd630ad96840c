namespace Dashboard.Tests;

/// <summary>The function key: asked for only when it is needed, kept by the tab alone.</summary>
public sealed class KeyTests(RunningArchive archive)
{
    private const string Key = "The-key-of-these-tests";

    [Fact]
    public async Task Page_asks_for_the_key_shows_nothing_before_and_keeps_it_in_the_tab_alone()
    {
        await using var app = await archive.StartAppAsync(archive.NewAccount(), ("LocalHost__FunctionKey", Key), ("ListingSchedule", "0 0 0 1 1 *"));
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(app));

        var field = await browser.WaitForAsync("#key");
        Assert.Equal("password", field.GetDomAttribute("type"));
        Assert.DoesNotContain("listed", browser.Text("main"), StringComparison.Ordinal);
        Assert.Empty(browser.Text("#key-error"));

        field.SendKeys("A wrong key");
        await browser.ClickAsync("#key-form button");
        await browser.WaitForTextAsync("#key-error", "This key is not accepted.");
        Assert.Null(browser.Run<string?>("return sessionStorage.getItem('functionKey')"));

        (await browser.WaitForAsync("#key")).SendKeys(Key);
        await browser.ClickAsync("#key-form button");
        await browser.WaitForTextAsync("#verdict-text", "Nothing has been listed yet.");

        browser.Reload();
        await browser.WaitForTextAsync("#verdict-text", "Nothing has been listed yet.");
        Assert.Equal(Key, browser.Run<string>("return sessionStorage.getItem('functionKey')"));
        Assert.Equal(0, browser.Run<long>("return localStorage.length"));
        Assert.Empty(browser.Run<string>("return document.cookie"));
        Assert.All(browser.Requests, request => Assert.DoesNotContain(Key, request.AbsoluteUri, StringComparison.Ordinal));
        Assert.DoesNotContain(Key, browser.Run<string>("return document.documentElement.outerHTML"), StringComparison.Ordinal);

        await browser.ClickAsync("#forget");
        await browser.WaitForAsync("#key");
        Assert.Null(browser.Run<string?>("return sessionStorage.getItem('functionKey')"));
    }

    [Theory]
    [InlineData("“s3cret”")]
    [InlineData("schlüssel")]
    public async Task Page_refuses_a_key_that_no_header_can_carry_without_sending_it(string key)
    {
        await using var app = await archive.StartAppAsync(archive.NewAccount(), ("LocalHost__FunctionKey", Key), ("ListingSchedule", "0 0 0 1 1 *"));
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(app));
        var field = await browser.WaitForAsync("#key");
        var before = Count();

        field.SendKeys(key);
        await browser.ClickAsync("#key-form button");

        await browser.WaitForTextAsync("#key-error", "This key is not accepted.");
        Assert.Equal("key", browser.Focused.GetDomAttribute("id"));
        Assert.Empty(field.GetDomProperty("value")!);
        Assert.Equal(before, Count());
        Assert.Empty(browser.Text("#trouble"));

        field.SendKeys(Key);
        await browser.ClickAsync("#key-form button");
        await browser.WaitForTextAsync("#verdict-text", "Nothing has been listed yet.");

        int Count() => browser.Requests.Count(request => request.AbsolutePath is "/api/me" or "/api/status");
    }

    [Fact]
    public async Task Page_asks_for_no_key_where_none_is_needed()
    {
        using var browser = Browser.Start();
        browser.Open(archive.Page);

        await browser.WaitForTextAsync("#verdict-text", "recordings safe");
        Assert.Empty(browser.All("#view-key:not([hidden])"));
        Assert.Empty(browser.All("#forget:not([hidden])"));
    }
}
