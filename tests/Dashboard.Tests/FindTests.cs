using System.Globalization;
using System.Web;
using Testing;

namespace Dashboard.Tests;

/// <summary>The second screen: from a person, a number or a day to what was said.</summary>
public sealed class FindTests(RunningArchive archive)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("maria chen")]
    [InlineData("4085550142")]
    [InlineData("555-0142")]
    [InlineData("call-maria")]
    public async Task Search_page_finds_a_recording_by_name_number_or_call(string text)
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, "#/find"));

        (await browser.WaitForAsync("#find-q")).SendKeys(text);
        await browser.ClickAsync("#find-form button[type=submit]");

        await browser.HoldsAsync(() => browser.Url.Fragment.StartsWith("#/find?q=", StringComparison.Ordinal), "the address says what is looked for");
        await browser.WaitForTextAsync("#results", "Maria Chen +1 (408) 555-0142.wav");
        Assert.DoesNotContain("Filler", browser.Text("#results"), StringComparison.Ordinal);
        Assert.Contains("shown, newest first", browser.Text("#find-summary"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Search_page_narrows_down_by_day_type_state_and_region_and_goes_back()
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, "#/find?region=uk&type=meeting&state=Archived"));
        await browser.WaitForTextAsync("#results", "Board meeting.mp4");
        Assert.Equal("meeting", browser.All("#find-type")[0].GetDomProperty("value"));
        Assert.Single(browser.All("#results tbody tr"));

        await browser.ClickAsync("button[data-days='7']");
        await browser.HoldsAsync(() => browser.Url.Fragment.Contains("from=", StringComparison.Ordinal), "the address names days");
        await browser.WaitForTextAsync("#results", "Board meeting.mp4");

        await browser.ClickAsync("#results tbody a");
        await browser.WaitForTextAsync("#object-title", "Board meeting.mp4");
        browser.Back();
        await browser.WaitForTextAsync("#results", "Board meeting.mp4");
        Assert.Contains("from=", browser.Url.Fragment, StringComparison.Ordinal);

        var day = TimeProvider.System.GetUtcNow().AddDays(-20).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        browser.Open(RunningArchive.PageOf(archive.App, $"#/find?region=uk&type=meeting&from={day}&to={day}"));
        await browser.WaitForTextAsync("#results", "Nothing matches");
        browser.Back();
        await browser.WaitForTextAsync("#results", "Board meeting.mp4");
    }

    [Fact]
    public async Task Search_page_goes_through_pages()
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, "#/find?q=filler"));
        await browser.HoldsAsync(() => browser.All("#results tbody tr").Count == 50, "a page of fifty");
        Assert.Contains("there are more", browser.Text("#find-summary"), StringComparison.Ordinal);
        var first = browser.Text("#results tbody a");

        await browser.ClickAsync("#pager a[rel=next]");
        await browser.HoldsAsync(() => browser.All("#results tbody tr").Count == RunningArchive.Others - 50, "the rest");
        browser.Back();
        await browser.HoldsAsync(() => browser.Text("#results tbody a") == first, "the first page again");
    }

    [Fact]
    public async Task Object_page_plays_a_call_in_place_and_shows_what_was_said()
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, "#/object/us-east/maria-call"));
        await browser.WaitForTextAsync("#object-title", "Maria Chen +1 (408) 555-0142.wav");
        await browser.HoldsAsync(
            () => browser.Run<bool>("return document.querySelector('#object audio')?.duration === 20"),
            "the recording is 20 seconds long");

        // As a person does: the player has the focus, and the space bar starts it.
        browser.Run<object?>("document.querySelector('#object audio').focus()");
        browser.Press(" ");
        await browser.HoldsAsync(() => browser.Run<bool>("return document.querySelector('#object audio').currentTime > 0.5"), "it plays");

        // The rest of the call is there, the transcript and the summary open.
        await browser.HoldsAsync(() => browser.All("#object .call > li").Count == 2, "the other two objects of the call");
        await browser.HoldsAsync(() => browser.All("#object .call .prose").Count >= 2, "what was said, and its summary");
        Assert.Contains("Transcript", browser.Text("#object .call"), StringComparison.Ordinal);
        Assert.Contains("Agent-", browser.Text("#object .call"), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("The MD5 is the one that 8x8 names", browser.Text("#object"), StringComparison.Ordinal);

        // Nothing but the page, its API and the recording was asked for, and the key to the recording is not this page's address.
        var played = browser.Requests.Where(request => request.Port == archive.BlobPort).ToList();
        Assert.All(played, request => Assert.EndsWith(".wav", request.AbsolutePath, StringComparison.Ordinal));
        Assert.NotEmpty(played);
        Assert.All(browser.Requests.Where(IsOfTheNetwork).Except(played), request => Assert.Equal(archive.App.Url.Authority, request.Authority));
        Assert.Empty(browser.Complaints);
    }

    [Theory]
    [InlineData("lena ødega\u030Ard")]
    [InlineData("orders")]
    [InlineData("external")]
    public async Task Search_page_finds_by_agent_queue_and_speaker(string text)
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, $"#/find?q={Uri.EscapeDataString(text)}"));

        await browser.WaitForTextAsync("#results", text == "external" ? "1.json" : "Lena.wav");
    }

    [Fact]
    public async Task Search_page_shows_what_each_side_of_a_call_said_side_by_side()
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, "#/object/us-east/lena-call"));
        await browser.HoldsAsync(() => browser.All("#object .speakers > .part .prose").Count >= 2, "both transcripts");

        Assert.Equal(["Transcript: the user", "Transcript: the other party"], browser.All("#object .speakers .part-head b").Select(title => title.Text));
        Assert.True(browser.Run<bool>(
            "const [one, other] = [...document.querySelectorAll('.speakers > .part')].map(part => part.getBoundingClientRect()); "
                + "return one.top === other.top && one.right < other.left"));
        Assert.Contains("Lena Ødegård", browser.Text("#object .facts"), StringComparison.Ordinal);
        Assert.Contains("Orders", browser.Text("#object .facts"), StringComparison.Ordinal);
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task Search_page_finds_what_comes_late()
    {
        using var browser = Browser.Start();
        browser.Prepare(SearchAnswers.EmptyThenShort);
        browser.Open(RunningArchive.PageOf(archive.App, "#/find?q=maria%20chen"));

        await browser.WaitForTextAsync("#find-summary", "1 shown, newest first; there are more");
    }

    [Fact]
    public async Task Search_page_does_not_give_up_for_good_what_takes_too_long_to_find()
    {
        using var browser = Browser.Start();
        browser.Prepare(SearchAnswers.EmptyUntilFound);
        browser.Open(RunningArchive.PageOf(archive.App, "#/find?q=maria%20chen"));
        await browser.WaitForTextAsync("#results", "Nothing found so far.");

        browser.Run<object?>("window.isFound = true");
        await browser.ClickAsync("#pager a[rel=next]");
        await browser.WaitForTextAsync("#results", "Maria Chen +1 (408) 555-0142.wav");
    }

    [Fact]
    public async Task Object_page_shows_the_rest_of_a_call_that_comes_late()
    {
        using var browser = Browser.Start();
        browser.Prepare(SearchAnswers.EmptyThenShort);
        browser.Open(RunningArchive.PageOf(archive.App, "#/object/us-east/maria-call"));

        await browser.HoldsAsync(() => browser.All("#object .call > li").Count == 2, "the other two objects of the call");
        Assert.DoesNotContain("There may be more", browser.Text("#object"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Object_page_says_when_there_may_be_more_of_a_call()
    {
        using var browser = Browser.Start();
        browser.Prepare(SearchAnswers.EmptyUntilFound);
        browser.Open(RunningArchive.PageOf(archive.App, "#/object/us-east/maria-call"));
        await browser.WaitForTextAsync("#object", "There may be more");

        browser.Run<object?>("window.isFound = true");
        await browser.ClickAsync("section[aria-labelledby='call-title'] a");
        await browser.WaitForTextAsync("#results", "Maria Chen summary.json");
    }

    [Fact]
    public async Task Object_page_searches_for_the_rest_of_a_call_around_its_time_only()
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, "#/object/us-east/maria-call"));
        await browser.WaitForAsync("#object .call");

        var search = browser.Requests.Single(request => request.AbsolutePath == "/api/objects");
        var made = (await archive.App.GetAsync("/api/objects/us-east/maria-call")).Body.GetProperty("createdTime").GetDateTimeOffset();
        Assert.InRange(made - Time("from"), TimeSpan.FromDays(6.99), TimeSpan.FromDays(7.01));
        Assert.InRange(Time("to") - made, TimeSpan.FromDays(6.99), TimeSpan.FromDays(7.01));

        DateTimeOffset Time(string name) => DateTimeOffset.Parse(HttpUtility.ParseQueryString(search.Query)[name]!, CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task Object_page_plays_a_meeting_in_place()
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, "#/object/uk/board"));

        await browser.HoldsAsync(() => browser.Run<bool>("return document.querySelector('#object video')?.duration === 12"), "the film is 12 seconds long");
        browser.Run<object?>("document.querySelector('#object video').focus()");
        browser.Press(" ");
        await browser.HoldsAsync(
            () => browser.Run<bool>("const film = document.querySelector('#object video'); return film.currentTime > 0.5 && film.videoWidth === 320"),
            "it plays");
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task Object_page_saves_a_recording_under_a_name_that_says_when()
    {
        using var browser = Browser.Start();
        var folder = Directory.CreateTempSubdirectory("dashboard-").FullName;
        browser.SaveTo(folder);
        browser.Open(RunningArchive.PageOf(archive.App, "#/object/us-east/maria-call"));
        await browser.ClickAsync("#object button.primary");

        await Eventually.HoldsAsync(() => Directory.GetFiles(folder, "*.wav") is [var file] && new FileInfo(file).Length == 320_044, "all of the file");
        Assert.Matches(@"^\d{4}-\d{2}-\d{2} \d{4}( .+)?\.wav$", Path.GetFileName(Assert.Single(Directory.GetFiles(folder))));
        Assert.EndsWith("#/object/us-east/maria-call", browser.Url.ToString(), StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Object_page_has_an_object_archived_again()
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, "#/object/us-east/maria-summary"));
        await browser.WaitForTextAsync("#object-title", "Maria Chen summary.json");

        await browser.ClickAsync("#object .buttons button:not(.primary)");

        await browser.WaitForTextAsync("#object .result", "It is back in the queue");
        await archive.WaitForStateAsync("maria-summary", "Archived");
    }

    [Fact]
    public async Task Search_page_shows_a_hostile_name_as_text()
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, "#/find?type=voicemail"));
        await browser.WaitForTextAsync("#results", RunningArchive.HostileName);
        await browser.ClickAsync("#results tbody a");
        await browser.WaitForTextAsync("#object-title", RunningArchive.HostileName);
        await browser.WaitForTextAsync("#object .facts", RunningArchive.HostileName);
        browser.Open(RunningArchive.PageOf(archive.App, $"#/object/us-east/{Uri.EscapeDataString(RunningArchive.HostileName)}"));
        await browser.WaitForTextAsync("#object-title", "Not found");
        await Task.Delay(TimeSpan.FromSeconds(1), Cancellation);

        Assert.False(browser.HasAlert);
        Assert.Empty(browser.All("main img"));

        // No policy had to step in, either.
        Assert.Empty(browser.Complaints);
    }

    // The browser's own pages and what a page makes itself are no requests.
    private static bool IsOfTheNetwork(Uri address) => address.Scheme is "http" or "https";
}
