using System.Drawing;
using System.Text.Json;
using OpenQA.Selenium;
using OpenQA.Selenium.Chrome;
using OpenQA.Selenium.Interactions;
using Testing;

namespace Dashboard.Tests;

/// <summary>A headless browser, and what a person does with it.</summary>
internal sealed class Browser : IDisposable
{
    private const string Remedy =
        "These tests drive a headless Chromium. Install it and its driver: `apt-get install chromium chromium-driver` (Debian), or Chrome and "
        + "ChromeDriver of the same version from https://googlechromelabs.github.io/chrome-for-testing/. They are looked for on the PATH; "
        + "CHROME_BIN (a file) and CHROMEWEBDRIVER (a folder) name others.";

    private static readonly string[] Arguments =
    [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--mute-audio", "--hide-scrollbars", "--lang=en-US",
    ];

    private readonly ChromeDriver _driver;
    private readonly List<string> _console = [];
    private readonly List<Uri> _requests = [];

    private Browser(ChromeDriver driver)
    {
        _driver = driver;
    }

    /// <summary>The page's address.</summary>
    public Uri Url => new(_driver.Url);

    public string Title => _driver.Title;

    /// <summary>What was written to the console: errors of scripts, and what the content security policy refused.</summary>
    public IReadOnlyList<string> Console
    {
        get
        {
            _console.AddRange(_driver.Manage().Logs.GetLog(LogType.Browser).Select(entry => $"{entry.Level}: {entry.Message}"));
            return _console;
        }
    }

    /// <summary>The same without what the network answered: that there is no report yet is a 404, and a problem a 503.</summary>
    public IEnumerable<string> Complaints => Console.Where(line => !line.Contains("the server responded with a status of", StringComparison.Ordinal));

    /// <summary>Everything that was asked for over the network.</summary>
    public IReadOnlyList<Uri> Requests
    {
        get
        {
            foreach (var entry in _driver.Manage().Logs.GetLog("performance"))
            {
                using var json = JsonDocument.Parse(entry.Message);
                var message = json.RootElement.GetProperty("message");
                if (message.GetProperty("method").GetString() == "Network.requestWillBeSent")
                {
                    _requests.Add(new Uri(message.GetProperty("params").GetProperty("request").GetProperty("url").GetString()!));
                }
            }

            return _requests;
        }
    }

    /// <summary>The element that has the focus.</summary>
    public IWebElement Focused => _driver.SwitchTo().ActiveElement();

    /// <summary>Starts one.</summary>
    /// <param name="size">Size of the page, in CSS pixels.</param>
    /// <param name="isPhone">Whether it behaves as one on a phone does.</param>
    /// <param name="isDark">Whether the person prefers dark colours.</param>
    /// <exception cref="InvalidOperationException">It is not installed.</exception>
    public static Browser Start(Size? size = null, bool isPhone = false, bool isDark = false)
    {
        var (chrome, driver) = Find();
        var options = new ChromeOptions { BinaryLocation = chrome, UnhandledPromptBehavior = UnhandledPromptBehavior.Ignore };
        options.AddArguments(Arguments);
        options.SetLoggingPreference(LogType.Browser, LogLevel.All);
        options.SetLoggingPreference("performance", LogLevel.All);
        var service = ChromeDriverService.CreateDefaultService(Path.GetDirectoryName(driver), Path.GetFileName(driver));
        service.SuppressInitialDiagnosticInformation = true;
        var browser = new Browser(new ChromeDriver(service, options, TimeSpan.FromMinutes(2)));
        browser.Command("Emulation.setTimezoneOverride", ("timezoneId", "America/New_York"));
        browser.Look(size ?? new Size(1280, 900), isPhone, isDark);
        return browser;
    }

    /// <summary>Becomes a browser of another size, or of a person with another taste.</summary>
    public void Look(Size size, bool isPhone = false, bool isDark = false, int scale = 1)
    {
        Command("Emulation.setDeviceMetricsOverride", ("width", size.Width), ("height", size.Height), ("deviceScaleFactor", scale), ("mobile", isPhone));
        Command("Emulation.setEmulatedMedia", ("features", new[]
        {
            new Dictionary<string, object>(StringComparer.Ordinal) { ["name"] = "prefers-color-scheme", ["value"] = isDark ? "dark" : "light" },
            new Dictionary<string, object>(StringComparer.Ordinal) { ["name"] = "prefers-reduced-motion", ["value"] = "reduce" },
        }));
    }

    /// <summary>Lets files be saved to a folder.</summary>
    public void SaveTo(string folder) => Command("Browser.setDownloadBehavior", ("behavior", "allow"), ("downloadPath", folder));

    /// <summary>Lets the first request of each page for such a path get no answer, as while the app starts.</summary>
    public void LoseFirst(string path) => Command(
        "Page.addScriptToEvaluateOnNewDocument",
        ("source", $$"""
            {
              const send = window.fetch;
              let isLost = false;
              window.fetch = (address, options) => {
                if (isLost || !String(address).endsWith("{{path}}")) {
                  return send(address, options);
                }

                isLost = true;
                return Promise.reject(new TypeError("lost"));
              };
            }
            """));

    /// <summary>Sends a header with every request from now on, as what stands before the app does.</summary>
    public void SetHeader(string name, string value) =>
        Command("Network.setExtraHTTPHeaders", ("headers", new Dictionary<string, object>(StringComparer.Ordinal) { [name] = value }));

    /// <summary>Runs a script at the beginning of each page that is opened from now on, before the page's own.</summary>
    public void Prepare(string script) => Command("Page.addScriptToEvaluateOnNewDocument", ("source", script));

    public void Open(Uri url) => _driver.Navigate().GoToUrl(url);

    public void Back() => _driver.Navigate().Back();

    public void Reload() => _driver.Navigate().Refresh();

    /// <summary>The text that a person sees in the first element that matches; empty when there is none.</summary>
    public string Text(string css)
    {
        try
        {
            return _driver.FindElements(By.CssSelector(css)) is [var first, ..] ? first.Text : "";
        }
        catch (StaleElementReferenceException)
        {
            return "";
        }
    }

    public IReadOnlyList<IWebElement> All(string css) => _driver.FindElements(By.CssSelector(css));

    /// <summary>Waits for an element that a person sees.</summary>
    public async Task<IWebElement> WaitForAsync(string css)
    {
        IWebElement? found = null;
        await HoldsAsync(() => (found = All(css).FirstOrDefault(element => element.Displayed)) is not null, $"\"{css}\" on the page");
        return found!;
    }

    /// <summary>Waits until a person sees a text.</summary>
    public Task WaitForTextAsync(string css, string text) =>
        HoldsAsync(() => Text(css).Contains(text, StringComparison.Ordinal), $"\"{text}\" in \"{css}\"");

    /// <summary>Waits until something holds. Elements may vanish meanwhile.</summary>
    public async Task HoldsAsync(Func<bool> condition, string what)
    {
        try
        {
            await Eventually.HoldsAsync(
                () =>
                {
                    try
                    {
                        return condition();
                    }
                    catch (StaleElementReferenceException)
                    {
                        return false;
                    }
                },
                what);
        }
        catch (TimeoutException exception)
        {
            throw new TimeoutException(
                $"{exception.Message} The page at {Url}:{Environment.NewLine}{Text("body")}{Environment.NewLine}{string.Join(Environment.NewLine, Console)}",
                exception);
        }
    }

    /// <summary>Clicks what is found by then.</summary>
    public async Task ClickAsync(string css)
    {
        while (true)
        {
            var element = await WaitForAsync(css);
            try
            {
                Run<object>("arguments[0].scrollIntoView({ block: 'center' })", element);
                element.Click();
                return;
            }
            catch (StaleElementReferenceException)
            {
                // The page was drawn again in between: the new element is clicked.
            }
        }
    }

    /// <summary>Clicks twice, as people do who are used to it from elsewhere.</summary>
    public async Task DoubleClickAsync(string css) => new Actions(_driver).DoubleClick(await WaitForAsync(css)).Perform();

    /// <summary>Runs a script and gives what it returns.</summary>
    public T Run<T>(string script, params object[] arguments) => (T)_driver.ExecuteScript(script, arguments)!;

    /// <summary>Runs a script that calls back with its result.</summary>
    public T RunAsync<T>(string script)
    {
        _driver.Manage().Timeouts().AsynchronousJavaScript = TimeSpan.FromMinutes(1);
        return (T)_driver.ExecuteAsyncScript(script)!;
    }

    /// <summary>Presses keys, wherever the focus is.</summary>
    public void Press(params string[] keys)
    {
        foreach (var key in keys)
        {
            new Actions(_driver).SendKeys(key).Perform();
        }
    }

    /// <summary>Presses Tab until the focus is on what is wanted.</summary>
    public IWebElement TabTo(Func<IWebElement, bool> isWanted, string what)
    {
        const int MaxTabs = 80;
        var passed = new List<string>();
        for (var count = 0; count < MaxTabs; count++)
        {
            Press(Keys.Tab);
            var focused = Focused;
            if (isWanted(focused))
            {
                return focused;
            }

            passed.Add($"{focused.TagName} \"{focused.Text}\"");
        }

        throw new InvalidOperationException($"The focus does not come to {what}. It was on: {string.Join("; ", passed)}");
    }

    /// <summary>Whether an alert is open.</summary>
    public bool HasAlert
    {
        get
        {
            try
            {
                _driver.SwitchTo().Alert();
                return true;
            }
            catch (NoAlertPresentException)
            {
                return false;
            }
        }
    }

    /// <summary>A picture of what is in view.</summary>
    public byte[] Picture() => _driver.GetScreenshot().AsByteArray;

    /// <inheritdoc/>
    public void Dispose() => _driver.Dispose();

    private static (string Chrome, string Driver) Find()
    {
        var chrome = Environment.GetEnvironmentVariable("CHROME_BIN")
            ?? OnPath("google-chrome", "google-chrome-stable", "chromium", "chromium-browser", "chrome.exe");
        var driver = Environment.GetEnvironmentVariable("CHROMEWEBDRIVER") is { } folder
            ? OnPath([folder], ["chromedriver", "chromedriver.exe"])
            : OnPath("chromedriver", "chromedriver.exe");
        return chrome is not null && driver is not null
            ? (chrome, driver)
            : throw new InvalidOperationException($"{(chrome is null ? "There is no Chromium." : "There is no ChromeDriver.")} {Remedy}");
    }

    private static string? OnPath(params string[] names) =>
        OnPath((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries), names);

    private static string? OnPath(IReadOnlyList<string> folders, IReadOnlyList<string> names) =>
        names.SelectMany(name => folders.Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists);

    private void Command(string name, params IEnumerable<(string Name, object Value)> parameters) =>
        _driver.ExecuteCdpCommand(name, parameters.ToDictionary(parameter => parameter.Name, parameter => (object?)parameter.Value, StringComparer.Ordinal));
}
