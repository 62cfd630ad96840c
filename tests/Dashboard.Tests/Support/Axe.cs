using System.Drawing;
using System.Text.Json;

namespace Dashboard.Tests;

/// <summary>The rules of WCAG, by axe-core.</summary>
internal static class Axe
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Checks the page as it is, on a desktop and on a phone, in both colour schemes.</summary>
    public static async Task AssertNoViolationsAsync(Browser browser)
    {
        var axe = await File.ReadAllTextAsync(Path.Combine(await FilesTests.InstallAsync("axe-core"), "axe.min.js"), Cancellation);
        browser.Run<object?>(axe);
        foreach (var (width, isDark) in new[] { (1280, false), (1280, true), (390, false), (390, true) })
        {
            browser.Look(new Size(width, 900), isPhone: width < 640, isDark);
            await browser.HoldsAsync(() => browser.Run<long>("return innerWidth") == width, "the new size");
            var result = browser.RunAsync<string>(
                """
                const done = arguments[0];
                axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }).then(
                  ({ violations, passes }) => done(JSON.stringify({
                    passes: passes.length,
                    violations: violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html).join(" | ")}`),
                  })),
                  (error) => done(JSON.stringify({ passes: 0, violations: [String(error)] })));
                """);
            using var json = JsonDocument.Parse(result);
            Assert.Empty(json.RootElement.GetProperty("violations").EnumerateArray().Select(violation => violation.GetString()));
            Assert.True(json.RootElement.GetProperty("passes").GetInt32() > 10, result);
        }

        browser.Look(new Size(1280, 900));
    }
}
