using System.Globalization;
using System.Web;
using Testing;

namespace Dashboard.Tests;

/// <summary>The second screen: from a person, a number or a day to what was said.</summary>
public sealed class FindTests(RunningArchive archive)
{
    // As one reads them, whatever time the objects were made at.
    private static readonly Comparer<string> Comparer = Comparer<string>.Create((one, other) => Place(one).CompareTo(Place(other)));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("maria chen")]
    [InlineData("4085550142")]
    [InlineData("555-0142")]
    [InlineData("call-maria")]
    public async Task Search_page_finds_a_call_by_name_number_or_call_and_shows_it_as_one_row(string text)
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, "#/find"));

        (await browser.WaitForAsync("#find-q")).SendKeys(text);
        await browser.ClickAsync("#find-form button[type=submit]");

        await browser.HoldsAsync(() => browser.Url.Fragment.StartsWith("#/find?q=", StringComparison.Ordinal), "the address says what is looked for");
        await browser.WaitForTextAsync("#find-summary", "1 shown, newest first");
        var cells = browser.All("#results tbody td").Select(cell => cell.Text).ToList();
        Assert.Equal("Maria Chen", browser.Text("#results tbody a"));
        Assert.Equal(["Call recording", "Transcript", "Summary"], browser.All("#results tbody .contents li").Select(part => part.Text).Order(Comparer));
        Assert.Equal(["+1 (408) 555-0142", "Inbound", "0:20"], cells[..3]);
        Assert.Equal("Archived", cells[^1]);
    }

    [Fact]
    public async Task Search_page_shows_files_instead_of_calls_on_demand()
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, "#/find?q=maria"));
        await browser.WaitForTextAsync("#find-summary", "1 shown");
        Assert.False((await browser.WaitForAsync("#find-q")).GetDomAttribute("disabled") is not null || browser.All("#find-type")[0].Displayed);

        await browser.ClickAsync("button[data-show='files']");

        await browser.WaitForTextAsync("#find-summary", "3 shown");
        Assert.Equal(
            ["Maria Chen +1 (408) 555-0142.wav", "Maria Chen summary.json", "Maria Chen.json"],
            browser.All("#results tbody a").Select(link => link.Text).Order(StringComparer.Ordinal));
        Assert.Equal("true", browser.All("button[data-show='files']")[0].GetDomAttribute("aria-pressed"));
        Assert.True(browser.All("#find-type")[0].Displayed);
        await browser.ClickAsync("button[data-show='calls']");
        await browser.WaitForTextAsync("#find-summary", "1 shown");
    }

    [Fact]
    public async Task Search_page_keeps_a_row_for_an_object_without_a_call()
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, "#/find?q=cold%20storage"));

        await browser.WaitForTextAsync("#results tbody", "From cold storage.mp3");
        await browser.WaitForTextAsync("#results tbody", "Being restored");
        await browser.ClickAsync("#results tbody a");
        await browser.WaitForTextAsync("#object-title", "From cold storage.mp3");
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

    [Theory]
    [InlineData("", 20)]
    [InlineData("&show=files", 50)]
    public async Task Search_page_goes_through_pages(string view, int page)
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, $"#/find?q=filler{view}"));
        await browser.WaitForTextAsync("#find-summary", $"{page} shown, newest first; there are more");
        Assert.Equal(page, browser.All("#results tbody tr").Count);
        var first = browser.Text("#results tbody a");

        await browser.ClickAsync("#pager a[rel=next]");
        await browser.WaitForTextAsync("#find-summary", $"{Math.Min(page, RunningArchive.Others - page)} shown");
        Assert.NotEqual(first, browser.Text("#results tbody a"));
        Assert.Equal("results-title", browser.Focused.GetDomAttribute("id"));
        browser.Back();
        await browser.HoldsAsync(() => browser.Text("#results tbody a") == first, "the first page again");
    }

    [Fact]
    public async Task Call_page_plays_the_recording_from_the_line_that_is_selected()
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, "#/find?q=maria"));
        await browser.ClickAsync("#results tbody a");
        await browser.WaitForTextAsync("#call-title", "Maria Chen");
        await browser.WaitForTextAsync("#call .call-facts", "Inbound · +1 (408) 555-0142 · 0:20 · us-east");
        await browser.HoldsAsync(() => browser.All("#call .line").Count == 3, "the lines of the transcript");
        Assert.Equal("0:07\nCaller: My invoice is wrong.", browser.All("#call .line")[1].Text.ReplaceLineEndings("\n"));
        await browser.HoldsAsync(() => browser.Run<bool>("return document.querySelector('#call audio')?.duration === 20"), "the recording is ready");

        await browser.ClickAsync("#call .line:nth-child(2)");

        // In one look, because it goes on to the next line in seven seconds.
        await browser.HoldsAsync(
            () => browser.Run<bool>(
                "const audio = document.querySelector('#call audio'); "
                    + "return audio.currentTime > 7.6 && !audio.paused && document.querySelector('#call .line:nth-child(2)').ariaCurrent === 'true'"),
            "it plays from there");

        // By keyboard: one stop of the Tab key, then arrows.
        Assert.Equal(["-1", "0", "-1"], browser.All("#call .line").Select(line => line.GetDomAttribute("tabindex")));
        browser.Press(OpenQA.Selenium.Keys.ArrowDown, OpenQA.Selenium.Keys.Enter);
        await browser.HoldsAsync(() => browser.Run<bool>("return document.querySelector('#call audio').currentTime >= 15"), "it plays from the last line");

        // The summary is open, and beside the recording stands what was said.
        await browser.WaitForAsync("#call .rows .prose");
        Assert.True(browser.Run<bool>(
            "const [one, other] = [...document.querySelectorAll('.beside > .card')].map(part => part.getBoundingClientRect()); "
                + "return one.top === other.top && one.right < other.left"));

        // Nothing but the page, its API and the recording was asked for, and the key to the recording is not this page's address.
        var played = browser.Requests.Where(request => request.Port == archive.BlobPort).ToList();
        Assert.All(played, request => Assert.EndsWith(".wav", request.AbsolutePath, StringComparison.Ordinal));
        Assert.NotEmpty(played);
        Assert.All(browser.Requests.Where(IsOfTheNetwork).Except(played), request => Assert.Equal(archive.App.Url.Authority, request.Authority));
        Assert.Empty(browser.Complaints);
    }

    [Theory]
    [InlineData("""{"results":[{"startMs":1500,"text":"One"},{"startMs":250,"text":"Two"}]}""", "0.25 Two|1.5 One")]
    [InlineData("""[{"start":"00:01:02.5","transcript":"One"},{"start":"3s","transcript":"Two"}]""", "3 Two|62.5 One")]
    [InlineData("""[{"start":4000,"text":"One"},{"start":90000,"text":"Two","words":[{"start":1,"text":"Two"}]}]""", "4 One|90 Two")]
    [InlineData("""[{"time":"2026-11-01T10:00:05Z","text":"One"}]""", "5 One")]
    [InlineData("WEBVTT\n\n00:01.500 --> 00:03.000\n<v Ann>One\ntwo\n\n01:00:00.000 --> 01:00:01.000\nThree", "1.5 One two|3600 Three")]
    [InlineData("1\n00:00:02,250 --> 00:00:03,000\nOne\n", "2.25 One")]
    [InlineData("""{"transcript":"One two"}""", "")]
    [InlineData("""[{"start":1,"text":"One"},{"start":"later","text":"Two"}]""", "")]
    [InlineData("One two", "")]
    [InlineData("{", "")]
    public async Task Call_page_reads_lines_with_times_out_of_a_transcript(string written, string expected)
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, "#/find"));
        await browser.WaitForAsync("#find-q");
        browser.Run<object?>("window.written = arguments[0]", written);

        var lines = browser.RunAsync<string>(
            """
            const done = arguments[0];
            import("/api/dashboard/transcript.js").then(({ timedLines }) =>
              done((timedLines(window.written, "2026-11-01T10:00:00Z") ?? []).map(({ at, text }) => `${at} ${text}`).join("|")), (error) => done(String(error)));
            """);

        Assert.Equal(expected, lines);
    }

    [Fact]
    public async Task Call_page_marks_a_line_by_the_words_and_numbers_that_the_search_finds()
    {
        (string Q, string Line, bool IsMarked)[] expected =
        [
            ("strasse", "Die Straße ist lang.", true),
            ("Straße", "DIE STRASSE IST LANG.", true),
            ("lodz", "Nadany w Łódź.", true),
            ("Lo\u0301dz\u0301", "Łódź", true),
            ("thorshofn", "Þórshöfn", true),
            ("odegard", "Lena Ødegård", true),
            ("οδός", "ΟΔΟΣ ΟΔΌΣ", true),
            ("12345678", "My number is 12-345-678.", true),
            ("12-345-678", "My number is 12345678, thanks.", true),
            ("+1 (408) 555-0142", "Call 1 408 555 0142", true),
            ("oneill", "This is O’Neill.", true),
            ("345678", "My number is 12-345-678.", false),
            ("lodz", "Lodzki", false),
            ("the", "The end", false),
            ("", "Anything", false),
            ("87654321", "My account is 87654321. 24 hours later.", true),
            ("998877", "Order 998877 - 2 items", true),
        ];
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, "#/find"));
        await browser.WaitForAsync("#find-q");

        Assert.Equal(expected, expected.Select(line => line with { IsMarked = IsMarked(line.Q, line.Line) }));

        bool IsMarked(string q, string line)
        {
            browser.Run<object?>("[window.q, window.line] = arguments", q, line);
            return bool.Parse(browser.RunAsync<string>(
                """
                const done = arguments[0];
                import("/api/dashboard/transcript.js").then(({ finder }) => done(String(finder(window.q)(window.line))), (error) => done(String(error)));
                """)!);
        }
    }

    [Fact]
    public async Task Search_page_shows_where_something_was_said_and_the_call_page_marks_it()
    {
        await archive.App.FireAsync("IndexObjects");
        using var browser = Browser.Start();
        await Eventually.HoldsAsync(
            async () => (await archive.App.GetAsync("/api/calls?q=zeppelin")).Body.GetProperty("items").GetArrayLength() == 1,
            "the transcript is indexed");
        browser.Open(RunningArchive.PageOf(archive.App, "#/find?q=zeppelin"));
        await browser.WaitForTextAsync("#results .place", "“A zeppelin will bring the refund.”");

        await browser.ClickAsync("#results tbody a");

        await browser.WaitForTextAsync("#call mark", "A zeppelin will bring the refund.");
        Assert.Single(browser.All("#call mark"));
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task Object_page_shows_one_file_and_leads_to_its_call()
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, "#/object/us-east/maria-transcript"));
        await browser.WaitForTextAsync("#object-title", "Maria Chen.json");
        await browser.WaitForTextAsync("#object .text", "How can I help you?");
        Assert.Contains("The MD5 is the one that 8x8 names", browser.Text("#object"), StringComparison.Ordinal);

        await browser.ClickAsync("#object .whole-call");

        await browser.WaitForTextAsync("#call-title", "Maria Chen");
        await browser.WaitForAsync("#call audio");
        Assert.Empty(browser.Complaints);
    }

    [Theory]
    [InlineData("1970-01-01T00:00:00+00:00")]
    [InlineData("2199-12-31T23:59:59.999Z")]
    [InlineData("not a time")]
    public async Task Call_page_asks_for_no_time_that_the_api_does_not_accept(string at)
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, $"#/call/us-east/no-such-call?at={Uri.EscapeDataString(at)}"));

        await browser.WaitForTextAsync("#call", "No object of this call is known.");
        Assert.Equal("Not found", browser.Text("#call-title"));
    }

    [Theory]
    [InlineData("lena ødega\u030Ard")]
    [InlineData("orders")]
    [InlineData("external")]
    public async Task Search_page_finds_by_agent_queue_and_speaker(string text)
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, $"#/find?q={Uri.EscapeDataString(text)}"));

        await browser.WaitForTextAsync("#results", "Lena Ødegård");
    }

    [Fact]
    public async Task Call_page_shows_what_each_side_of_a_call_said_side_by_side_when_it_has_no_times()
    {
        using var browser = Browser.Start(new System.Drawing.Size(1600, 900));
        browser.Open(RunningArchive.PageOf(archive.App, "#/call/us-east/call-lena"));
        await browser.HoldsAsync(() => browser.All("#call .speakers .prose").Count >= 2, "both transcripts");

        Assert.Equal(["Transcript: the user", "Transcript: the other party"], browser.All("#call .speakers h3").Select(title => title.Text));
        Assert.True(browser.Run<bool>(
            "const [one, other] = [...document.querySelectorAll('.speakers > section')].map(part => part.getBoundingClientRect()); "
                + "return one.top === other.top && one.right < other.left"));
        Assert.Equal("Lena Ødegård", browser.Text("#call-title"));

        browser.Open(RunningArchive.PageOf(archive.App, "#/object/us-east/lena-call"));
        await browser.WaitForTextAsync("#object .facts", "Lena Ødegård");
        Assert.Contains("Orders", browser.Text("#object .facts"), StringComparison.Ordinal);
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task Search_page_goes_on_until_it_has_found_what_comes_late()
    {
        using var browser = Browser.Start();
        browser.Prepare(SearchAnswers.EmptyThenShort);
        browser.Open(RunningArchive.PageOf(archive.App, "#/find?q=maria%20chen&show=files"));

        await browser.WaitForTextAsync("#find-summary", "3 shown, newest first");
        Assert.Equal(3, browser.All("#results tbody tr").Count);
    }

    [Fact]
    public async Task Search_page_says_how_far_it_has_come_and_what_the_index_lacks_and_can_be_stopped()
    {
        using var browser = Browser.Start();
        browser.Prepare(SearchAnswers.EmptyUntilFound);
        browser.Open(RunningArchive.PageOf(archive.App, "#/find?q=maria%20chen"));
        await browser.WaitForTextAsync("#find-summary", "Searching … searched to Jan 2, 2026, 0 calls so far");
        await browser.WaitForTextAsync("#find-index", "The index is not complete: it lacks a part of 7 days");

        await browser.ClickAsync("#find-stop");
        await browser.WaitForTextAsync("#find-summary", "Stopped: searched to Jan 2, 2026, 0 calls so far");
        await browser.WaitForTextAsync("#results", "Nothing found so far.");
        Assert.False(browser.All("#find-stop")[0].Displayed);

        browser.Run<object?>("window.isFound = true");
        await browser.ClickAsync("#pager a[rel=next]");
        await browser.WaitForTextAsync("#results", "Maria Chen");
    }

    [Fact]
    public async Task Search_page_says_what_the_index_finds_and_compares_every_object_on_demand()
    {
        await archive.App.FireAsync("IndexObjects");
        using var browser = Browser.Start();
        await Eventually.HoldsAsync(
            async () => !(await archive.App.GetAsync("/api/calls?q=maria%20chen")).Body.TryGetProperty("exhaustive", out _),
            "the index leads to the call");
        browser.Open(RunningArchive.PageOf(archive.App, "#/find?q=maria%20chen"));
        await browser.WaitForTextAsync("#results .note", "The index finds words by how they begin");

        await browser.ClickAsync("#results .note a");

        await browser.WaitForTextAsync("#results .note", "Every object is compared with the text");
        await browser.WaitForTextAsync("#find-summary", "1 shown");
        Assert.EndsWith("exhaustive=true", browser.Url.Fragment, StringComparison.Ordinal);
        Assert.Contains("exhaustive=true", browser.Requests.Last(request => request.AbsolutePath == "/api/calls").Query, StringComparison.Ordinal);

        await browser.ClickAsync("[data-show='files']");
        await browser.HoldsAsync(() => browser.Requests.Any(request => request.AbsolutePath == "/api/objects"), "files are asked for");
        Assert.Contains("exhaustive=true", browser.Requests.Last(request => request.AbsolutePath == "/api/objects").Query, StringComparison.Ordinal);

        browser.Open(RunningArchive.PageOf(archive.App, "#/find?q=aria%20chen"));
        await browser.WaitForTextAsync("#results .note", "Every object is compared with the text");
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task Search_page_shows_what_it_has_found_while_it_goes_on_and_keeps_it_when_that_fails()
    {
        using var browser = Browser.Start();
        browser.Prepare(SearchAnswers.OneThenAnError);
        browser.Open(RunningArchive.PageOf(archive.App, "#/find?q=filler"));
        await browser.WaitForTextAsync("#find-summary", ", 1 call so far");
        Assert.Single(browser.All("#results tbody tr"));
        var row = browser.All("#results tbody a")[0];

        browser.Run<object?>("window.isGone = true");
        await browser.WaitForTextAsync("#find-summary", "Table storage does not work");
        Assert.Contains("1 call so far", browser.Text("#find-summary"), StringComparison.Ordinal);
        Assert.StartsWith("Filler", row.Text, StringComparison.Ordinal);

        await browser.ClickAsync("#pager a[rel=next]");
        await browser.WaitForTextAsync("#find-summary", "20 shown, newest first");
    }

    [Fact]
    public async Task Call_page_shows_objects_that_are_found_late()
    {
        using var browser = Browser.Start();
        browser.Prepare(SearchAnswers.EmptyThenShort);
        browser.Open(RunningArchive.PageOf(archive.App, "#/call/us-east/call-maria"));

        await browser.WaitForTextAsync("#call-title", "Maria Chen");
        await browser.HoldsAsync(() => browser.All("#call .line").Count == 3, "the lines of the transcript");
        Assert.DoesNotContain("Looking for more", browser.Text("#call"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_page_searches_around_the_time_of_the_call_only()
    {
        using var browser = Browser.Start();
        var made = (await archive.App.GetAsync("/api/objects/us-east/maria-call")).Body.GetProperty("createdTime").GetDateTimeOffset();
        var at = Uri.EscapeDataString(made.ToString("O", CultureInfo.InvariantCulture));
        browser.Open(RunningArchive.PageOf(archive.App, $"#/call/us-east/call-maria?at={at}"));
        await browser.WaitForAsync("#call audio");

        var search = browser.Requests.Single(request => request.AbsolutePath == "/api/calls");
        Assert.InRange(made - Time("from"), TimeSpan.FromDays(6.99), TimeSpan.FromDays(7.01));
        Assert.InRange(Time("to") - made, TimeSpan.FromDays(6.99), TimeSpan.FromDays(7.01));

        browser.Open(RunningArchive.PageOf(archive.App, "#/call/us-east/unknown"));
        await browser.WaitForTextAsync("#call-title", "Not found");

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

    [Fact]
    public async Task Page_shows_no_marks_that_turn_a_name_around_and_finds_what_has_them()
    {
        const string Name = "Invoice fdp.exe";
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, "#/find?type=voicecommentrecording"));
        await browser.WaitForTextAsync("#results a", Name);
        await browser.ClickAsync("#results tbody a");
        await browser.WaitForTextAsync("#object-title", Name);
        await browser.WaitForTextAsync("#object .facts", "invoice-fdp.exe");
        Assert.Equal($"{Name} – 8x8 archive", browser.Title);
        AssertNoMarks();

        await browser.ClickAsync("#object .whole-call");
        await browser.WaitForTextAsync("#call-title", Name);
        await browser.WaitForAsync("#call audio");
        Assert.Equal($"{Name} – 8x8 archive", browser.Title);
        AssertNoMarks();
        Assert.Empty(browser.Complaints);

        void AssertNoMarks() => Assert.False(browser.Run<bool>(
            """
            const read = [document.title, document.body.textContent, ...[...document.querySelectorAll("[aria-label]")].map((one) => one.ariaLabel)];
            return /[\u200E\u200F\u202A-\u202E\u2066-\u2069]/.test(read.join());
            """));
    }

    [Theory]
    [InlineData("from=2026-11-20&to=2026-11-19", "Choose a To after From.")]
    [InlineData("to=2026-02-30", "To is not a day: “2026-02-30”.")]
    public async Task Search_page_says_in_plain_words_what_is_wrong_with_days(string days, string expected)
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, "#/find"));
        await browser.WaitForAsync("#results tbody");

        browser.Open(RunningArchive.PageOf(archive.App, $"#/find?{days}"));

        await browser.WaitForTextAsync("#find-summary", expected);
        Assert.Empty(browser.Text("#results"));
    }

    [Fact]
    public async Task Search_page_takes_no_more_text_than_the_api()
    {
        using var browser = Browser.Start();
        browser.Open(RunningArchive.PageOf(archive.App, "#/find"));

        (await browser.WaitForAsync("#find-q")).SendKeys(new string('x', 201));
        await browser.ClickAsync("#find-form button[type=submit]");

        await browser.WaitForTextAsync("#results", "Nothing matches");
    }

    private static int Place(string part) => Array.IndexOf(["Call recording", "Transcript", "Summary"], part);

    // The browser's own pages and what a page makes itself are no requests.
    private static bool IsOfTheNetwork(Uri address) => address.Scheme is "http" or "https";
}
