using System.Text;
using System.Text.Json;
using Testing;

namespace Dashboard.Tests;

/// <summary>The page for people who sign in: who they are, and what their roles let them see.</summary>
public sealed class SignInTests(RunningArchive archive)
{
    private const string Group = "11111111-2222-3333-4444-555555555555";

    [Fact]
    public async Task Page_offers_to_sign_in_and_then_what_the_role_allows()
    {
        await using var app = await archive.StartAppAsync(
            archive.NewAccount(),
            ("Access__Mode", "EntraId"),
            ("Access__Scopes", $$"""[{"group":"{{Group}}","any":[{"queueName":"Orders"}]}]"""));
        await Eventually.HoldsAsync(
            async () =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, "/api/objects/us-east/lena-call");
                request.Headers.Add("X-MS-CLIENT-PRINCIPAL", Principal("Investigator"));
                using var answer = await app.SendAsync(request);
                return answer.IsSuccessStatusCode && (await answer.Content.ReadAsStringAsync()).Contains("Archived", StringComparison.Ordinal);
            },
            "the call is archived",
            TimeSpan.FromMinutes(2));
        using var browser = Browser.Start();

        browser.Open(RunningArchive.PageOf(app));
        await browser.WaitForTextAsync("#view-sign-in", "Sign in with Microsoft");
        Assert.Equal(
            "/.auth/login/aad?post_login_redirect_uri=%2Fapi%2Fdashboard",
            (await browser.WaitForAsync("#sign-in-link")).GetDomAttribute("href"));
        Assert.Empty(browser.All("#view-key:not([hidden])"));

        browser.SetHeader("X-MS-CLIENT-PRINCIPAL", Principal("Guest"));
        browser.Reload();
        await browser.WaitForTextAsync("#sign-in-error", "you have no role in this app");

        browser.SetHeader("X-MS-CLIENT-PRINCIPAL", Principal("Viewer"));
        browser.Reload();
        await browser.WaitForTextAsync("#results", "Lena Ødegård");
        await browser.WaitForTextAsync("#who", "jane@contoso.com (Viewer)");
        Assert.DoesNotContain("Maria", browser.Text("#results"), StringComparison.Ordinal);
        Assert.Empty(browser.All("#nav-overview:not([hidden])"));
        Assert.Empty(browser.All("#nav-audit:not([hidden])"));

        browser.SetHeader("X-MS-CLIENT-PRINCIPAL", Principal("Operator"));
        browser.Open(RunningArchive.PageOf(app, "#/object/us-east/lena-call"));
        browser.Reload();
        await browser.WaitForTextAsync("#object", "Your role does not open content.");
        Assert.DoesNotContain("Lena", browser.Text("main"), StringComparison.Ordinal);

        browser.SetHeader("X-MS-CLIENT-PRINCIPAL", Principal("Investigator"));
        browser.Open(RunningArchive.PageOf(app, "#/audit"));
        browser.Reload();
        await browser.WaitForTextAsync("#audit-lines", "jane@contoso.com");
        await browser.WaitForTextAsync("#audit-lines", "GetAudit");
        Assert.Empty(browser.Complaints);
    }

    private static string Principal(string role) => Convert.ToBase64String(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new
    {
        auth_typ = "aad",
        name_typ = "name",
        role_typ = "roles",
        claims = new[]
        {
            new { typ = "oid", val = $"o-{role}" },
            new { typ = "preferred_username", val = "jane@contoso.com" },
            new { typ = "roles", val = role },
            new { typ = "groups", val = Group },
        },
    })));
}
