using Testing;

namespace Dashboard.Tests;

/// <summary>The page for people who sign in: who they are, and what their roles let them see.</summary>
public sealed class SignInTests(RunningArchive archive)
{
    [Fact]
    public async Task Page_offers_to_sign_in_and_then_what_the_role_allows()
    {
        await using var app = await archive.StartAppAsync(
            archive.NewAccount(),
            ("Access__Mode", "EntraId"),
            ("Access__Scopes", $$"""[{"group":"{{Principals.Group}}","any":[{"queueName":"Orders"}]}]"""));
        await Eventually.HoldsAsync(
            async () => (await Principals.SendAsync(app, Principals.Of("Investigator"), HttpMethod.Get, "/api/objects/us-east/lena-call"))
                .TryGetProperty("state", out var state) && state.GetString() == "Archived",
            "the call is archived");
        using var browser = Browser.Start();

        browser.Open(RunningArchive.PageOf(app));
        await browser.WaitForTextAsync("#view-sign-in", "Sign in with Microsoft");
        Assert.Equal(
            "/.auth/login/aad?post_login_redirect_uri=%2Fapi%2Fdashboard",
            (await browser.WaitForAsync("#sign-in-link")).GetDomAttribute("href"));
        Assert.Empty(browser.All("#view-key:not([hidden])"));
        await Axe.AssertNoViolationsAsync(browser);

        browser.SetHeader(Principals.Header, Principals.Of("Guest"));
        browser.Reload();
        await browser.WaitForTextAsync("#sign-in-error", "you have no role in this app");
        await Axe.AssertNoViolationsAsync(browser);

        browser.SetHeader(Principals.Header, Principals.Of("Viewer"));
        browser.Reload();
        await browser.WaitForTextAsync("#results", "Lena Ødegård");
        await browser.WaitForTextAsync("#who", "jane@contoso.com (Viewer)");
        Assert.DoesNotContain("Maria", browser.Text("#results"), StringComparison.Ordinal);
        Assert.Empty(browser.All("#nav-overview:not([hidden])"));
        Assert.Empty(browser.All("#nav-audit:not([hidden])"));
        Assert.Empty(browser.All("#nav-cases:not([hidden])"));

        // Neither the screens of cases and audit log, nor a control that adds to a case.
        foreach (var hash in (string[])["#/cases", "#/case/20261128-120000-abcdef", "#/audit"])
        {
            browser.Open(RunningArchive.PageOf(app, hash));
            browser.Reload();
            await browser.WaitForTextAsync("#results", "Lena");
            Assert.Empty(browser.All("#view-cases:not([hidden]), #view-case:not([hidden]), #view-audit:not([hidden])"));
        }

        browser.Open(RunningArchive.PageOf(app, "#/find?q=lena"));
        await browser.WaitForTextAsync("#results", "Lena");
        Assert.Empty(browser.All(".add-to-case"));
        browser.Open(RunningArchive.PageOf(app, "#/object/us-east/lena-call"));
        await browser.WaitForAsync("#object audio");
        Assert.Empty(browser.All(".add-to-case"));

        browser.SetHeader(Principals.Header, Principals.Of("Operator"));
        browser.Open(RunningArchive.PageOf(app, "#/object/us-east/lena-call"));
        browser.Reload();
        await browser.WaitForTextAsync("#object", "Your role does not open content.");
        Assert.DoesNotContain("Lena", browser.Text("main"), StringComparison.Ordinal);

        browser.SetHeader(Principals.Header, Principals.Of("Investigator"));
        browser.Open(RunningArchive.PageOf(app, "#/audit"));
        browser.Reload();
        await browser.WaitForTextAsync("#audit-lines", "jane@contoso.com");

        // The line of a request is in the answers to later ones.
        browser.Reload();
        await browser.WaitForTextAsync("#audit-lines", "GetAudit");
        browser.Open(RunningArchive.PageOf(app, "#/object/us-east/lena-call"));
        await browser.WaitForAsync("#object .add-to-case");
        browser.Open(RunningArchive.PageOf(app, "#/cases"));
        await browser.WaitForAsync("#case-form");
        Assert.Empty(browser.Complaints);
    }
}
