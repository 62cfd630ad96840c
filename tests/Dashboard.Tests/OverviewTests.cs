using System.Diagnostics;
using Testing;

namespace Dashboard.Tests;

/// <summary>The first screen, as an operator sees and uses it.</summary>
public sealed class OverviewTests(RunningArchive archive)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Overview_shows_the_verdict_and_where_everything_stands()
    {
        using var browser = Browser.Start();
        browser.Open(archive.Page);

        await browser.WaitForTextAsync("#verdict-text", "recordings safe");
        await Eventually.HoldsAsync(
            async () =>
            {
                var verdict = (await archive.App.GetAsync("/api/status")).Body.GetProperty("verdict");
                return verdict.GetProperty("text").GetString() == browser.Text("#verdict-text");
            },
            "the page shows the verdict of the status");
        await browser.WaitForTextAsync("#health", "Everything works");
        await browser.WaitForTextAsync("#token", "Token ends in");
        await browser.WaitForTextAsync("#listings", "us-east");
        await browser.WaitForTextAsync("#queues", "To archive");
        await browser.WaitForTextAsync("#types", "Call recording");
        await browser.WaitForTextAsync("#restores", "From cold storage.mp3");
        await browser.WaitForTextAsync("#restores", "Asked for");
        await browser.WaitForTextAsync("#figures", "Being restored");
        await browser.WaitForTextAsync("#drill", "None yet.");
        await browser.WaitForTextAsync("#notifications", "Nothing was posted yet.");
        await browser.WaitForTextAsync("#zone", "America/New York, UTC-");
        Assert.Contains("Up to date at", browser.Text("#freshness"), StringComparison.Ordinal);
        Assert.Equal("Overview – 8x8 archive", browser.Title);
    }

    [Fact]
    public async Task Overview_shows_a_drill_that_failed_and_a_post_that_was_not_delivered()
    {
        using var browser = Browser.Start();
        browser.Prepare(
            """
            {
              const real = window.fetch;
              window.fetch = async (address, options) => {
                const answer = await real(address, options);
                return new URL(address).pathname !== "/api/status" ? answer : Response.json({
                  ...await answer.json(),
                  drill: {
                    at: new Date(Date.now() - 7_200_000).toISOString(), seed: 1, archived: 312, objects: 20, bytes: 26_400_000, failed: 1, unread: 2, isPassed: false,
                    problems: [{ region: "uk", id: "lost", blob: "uk/lost.mp3", problem: "Its archived bytes are missing." }],
                  },
                  notifications: { lastSent: null, lastError: "The webhook refuses the post (404).", lastErrorAt: new Date(Date.now() - 3_600_000).toISOString() },
                });
              };
            }
            """);
        browser.Open(archive.Page);

        await browser.WaitForTextAsync("#drill", "1 object failed");
        await browser.WaitForTextAsync("#drill", "20 objects of 312");
        await browser.WaitForTextAsync("#drill", "Not read: 2 objects. The log says why.");
        await browser.WaitForTextAsync("#drill", "uk/lost: Its archived bytes are missing.");
        await browser.WaitForTextAsync("#notifications", ": The webhook refuses the post (404).");
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task Overview_shows_what_is_at_risk_and_until_when()
    {
        await archive.AddRefusedAsync("old", "Old.mp3", hours: 25 * 24);
        using var browser = Browser.Start();
        browser.Open(archive.Page);

        await browser.WaitForTextAsync("#verdict h2", "Needs attention");
        await browser.WaitForTextAsync("#risks", "× Call recording");
        await browser.WaitForTextAsync("#risks", "in 4 days");
        await browser.WaitForTextAsync("#failures", "Old.mp3");
        await browser.WaitForTextAsync("#failures", "8x8 deletes it in 4 days");
        archive.Allow("old");
    }

    [Fact]
    public async Task Overview_does_not_say_that_nothing_is_at_risk_before_8x8_is_listed()
    {
        await using var app = await archive.StartAppAsync(archive.NewAccount(), ("ListingSchedule", "0 0 0 1 1 *"));
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(app));

        await browser.WaitForTextAsync("#verdict-text", "Nothing has been listed yet.");
        await browser.WaitForTextAsync("#risks", "Not known yet");
        Assert.Empty(browser.All("#risks .icon"));
        Assert.Equal("At risk\n–\nnot known yet", browser.Text("#figures li:last-child").ReplaceLineEndings("\n"));

        browser.Open(archive.Page);
        await browser.WaitForTextAsync("#verdict-text", "recordings safe");
        Assert.DoesNotContain("ot known yet", browser.Text("#risks") + browser.Text("#figures"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Overview_draws_what_was_archived_over_time_and_says_it_in_words()
    {
        using var browser = Browser.Start();
        browser.Open(archive.Page);

        await browser.WaitForAsync("#throughput canvas");
        await browser.WaitForAsync("#backlog canvas");
        await browser.ClickAsync("button[data-hours='1']");
        await browser.HoldsAsync(() => browser.All("button[data-hours='1']")[0].GetAttribute("aria-pressed") == "true", "one hour is chosen");
        await browser.ClickAsync("section[aria-labelledby='activity-title'] summary");
        await browser.WaitForTextAsync("#activity-table", "Archived per minute");
        Assert.NotEmpty(browser.All("#activity-table tbody tr"));
        Assert.Contains("Archived per minute", browser.Text("#throughput-caption"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Overview_redrives_a_failed_object_and_it_is_archived()
    {
        await archive.AddRefusedAsync("refused", "Refused.mp3");
        using var browser = Browser.Start();
        browser.Open(archive.Page);
        const string Button = "button[data-focus='redrive us-east refused']";

        await browser.WaitForAsync(Button);
        Assert.Contains("does not let this API key download the object", browser.Text("#failures"), StringComparison.Ordinal);
        await browser.ClickAsync(Button);
        await browser.ClickAsync("#confirm-no");
        await Task.Delay(TimeSpan.FromSeconds(1), Cancellation);
        Assert.DoesNotContain(browser.Requests, IsRedrive);

        archive.Allow("refused");
        await browser.ClickAsync(Button);
        await browser.WaitForTextAsync("#confirm-text", "Refused.mp3");
        await browser.ClickAsync("#confirm-yes");

        await browser.WaitForTextAsync("#redrive-result", "1 object is back in the queue.");
        await browser.HoldsAsync(() => browser.All(Button).Count == 0, "the object has left the failures");
        await archive.WaitForStateAsync("refused", "Archived");

        // The app reads one row for it, and not all of the region.
        Assert.Contains(
            browser.Requests.Where(IsRedrive),
            request => request.AbsolutePath == "/api/objects/us-east/refused/archive" && request.Query.StartsWith("?created=", StringComparison.Ordinal));
        Assert.DoesNotContain(browser.Requests, request => request.AbsolutePath == "/api/failures/redrive");

        static bool IsRedrive(Uri request) =>
            request.AbsolutePath is "/api/objects/us-east/refused/archive" or "/api/failures/redrive";
    }

    [Fact]
    public async Task Overview_leaves_alone_what_is_no_longer_failed()
    {
        await archive.AddRefusedAsync("allowed", "Allowed.mp3");
        using var browser = Browser.Start();
        browser.Open(archive.Page);
        const string Button = "button[data-focus='redrive us-east allowed']";
        await browser.WaitForAsync(Button);

        // The page does not look again meanwhile.
        browser.Run<object?>(
            "Object.defineProperty(document, 'hidden', { value: true, configurable: true }); document.dispatchEvent(new Event('visibilitychange'))");
        archive.Allow("allowed");
        await archive.App.PostAsync("/api/objects/us-east/allowed/archive", "{}");
        await archive.WaitForStateAsync("allowed", "Archived");
        await browser.ClickAsync(Button);
        await browser.ClickAsync("#confirm-yes");

        await browser.WaitForTextAsync("#redrive-result", "Nothing was put back: it is no longer failed.");
        Assert.DoesNotContain(browser.Requests, request => request.AbsolutePath.EndsWith("/archive", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Overview_shows_failures_and_restores_that_are_found_late()
    {
        await archive.AddRefusedAsync("late-1", "First of the late.mp3");
        await archive.AddRefusedAsync("late-2", "Second of the late.mp3");
        using var browser = Browser.Start();
        browser.Prepare(SearchAnswers.EmptyThenShort);
        browser.Open(archive.Page);

        await browser.WaitForTextAsync("#failures", "First of the late.mp3");
        Assert.Contains("Second of the late.mp3", browser.Text("#failures"), StringComparison.Ordinal);
        await browser.WaitForTextAsync("#restores", "From cold storage.mp3");
        archive.Allow("late-1");
        archive.Allow("late-2");
    }

    [Fact]
    public async Task Overview_says_that_something_has_failed_before_it_is_found()
    {
        await archive.AddRefusedAsync("hidden", "Hidden.mp3");
        using var browser = Browser.Start();
        browser.Prepare(SearchAnswers.EmptyUntilFound);
        browser.Open(archive.Page);

        await browser.WaitForTextAsync("#failures", "failed, 0 found so far. The search goes on.");
        await browser.WaitForTextAsync("#restores", "1 being restored, 0 found so far. The search goes on.");
        await browser.WaitForAsync("#redrive-all");
        Assert.DoesNotContain("Nothing has failed.", browser.Text("#failures"), StringComparison.Ordinal);

        // The status is not kept waiting.
        var before = browser.Requests.Count(request => request.AbsolutePath == "/api/status");
        await browser.HoldsAsync(() => browser.Requests.Count(request => request.AbsolutePath == "/api/status") > before, "the status is asked for again");

        browser.Run<object?>("window.isFound = true");
        await browser.WaitForTextAsync("#failures", "Hidden.mp3");
        Assert.DoesNotContain("The search goes on.", browser.Text("#failures"), StringComparison.Ordinal);
        archive.Allow("hidden");
    }

    [Fact]
    public async Task Overview_says_what_a_list_leaves_out()
    {
        using var browser = Browser.Start();
        browser.Prepare(SearchAnswers.FiveHundredFailures);
        browser.Open(archive.Page);

        await browser.WaitForTextAsync("#failures", "500 failed. These are the most urgent of the newest 200.");
        Assert.Contains("Show all 500", browser.Text("#failures"), StringComparison.Ordinal);
        Assert.Equal(20, browser.All("#failures li").Count);
        Assert.Contains("Failure 200.mp3", browser.All("#failures li")[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Overview_redrives_everything_that_failed()
    {
        await archive.AddRefusedAsync("all-1", "First of all.mp3");
        await archive.AddRefusedAsync("all-2", "Second of all.mp3");
        using var browser = Browser.Start();
        browser.Open(archive.Page);
        await browser.WaitForTextAsync("#failures", "Second of all.mp3");
        archive.Allow("all-1");
        archive.Allow("all-2");

        await browser.ClickAsync("#redrive-all");
        await browser.ClickAsync("#confirm-yes");

        await browser.WaitForTextAsync("#redrive-result", "back in the queue.");
        await archive.WaitForStateAsync("all-1", "Archived");
        await archive.WaitForStateAsync("all-2", "Archived");
    }

    [Theory]
    [InlineData("/api/me")]
    [InlineData("/dashboard/access.json")]
    public async Task Page_that_gets_no_answer_at_its_start_tries_again_by_itself(string path)
    {
        using var browser = Browser.Start();
        browser.LoseFirst(path);
        browser.Open(archive.Page);

        await browser.WaitForTextAsync("#trouble", "It is tried again by itself.");
        await browser.WaitForTextAsync("#verdict-text", "recordings safe");
        Assert.Empty(browser.Text("#trouble"));
    }

    [Fact]
    public async Task Overview_says_so_when_what_it_shows_is_old()
    {
        var app = await archive.StartAppAsync(archive.NewAccount(), ("ListingSchedule", "0 0 0 1 1 *"));
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(app));
        await browser.WaitForTextAsync("#verdict-text", "Nothing has been listed yet.");

        using (var process = Process.GetProcessById(app.ProcessId))
        {
            process.Kill();
        }

        await app.DisposeAsync();
        await browser.WaitForTextAsync("#trouble", "The archiver cannot be reached.");
        await browser.WaitForTextAsync("#freshness", "Not up to date since");
        await browser.WaitForTextAsync("#verdict h2", "Not known");
        Assert.Contains("it was: Nothing has been listed yet.", browser.Text("#verdict-text"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Overview_asks_for_no_status_while_the_page_is_hidden()
    {
        using var browser = Browser.Start();
        browser.Open(archive.Page);
        await browser.WaitForTextAsync("#verdict-text", "recordings safe");
        await browser.HoldsAsync(() => Count() >= 2, "the status is asked for again");

        browser.Run<object?>(
            "Object.defineProperty(document, 'hidden', { value: true, configurable: true }); document.dispatchEvent(new Event('visibilitychange'))");
        var before = Count();
        await Task.Delay(TimeSpan.FromSeconds(9), Cancellation);
        Assert.Equal(before, Count());

        browser.Run<object?>("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))");
        await browser.HoldsAsync(() => Count() > before, "the status is asked for at once");

        int Count() => browser.Requests.Count(request => request.AbsolutePath == "/api/status");
    }
}
