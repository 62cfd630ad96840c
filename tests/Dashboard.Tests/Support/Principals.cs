using System.Text;
using System.Text.Json;
using Testing;

namespace Dashboard.Tests;

/// <summary>Who is signed in, as App Service authentication tells the app.</summary>
internal static class Principals
{
    /// <summary>The group whose viewers see objects of the queue Orders.</summary>
    public const string Group = "11111111-2222-3333-4444-555555555555";

    public const string Header = "X-MS-CLIENT-PRINCIPAL";

    /// <summary>The header of a person with a role.</summary>
    public static string Of(string role, string name = "jane@contoso.com") => Convert.ToBase64String(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new
    {
        auth_typ = "aad",
        name_typ = "name",
        role_typ = "roles",
        claims = new[]
        {
            new { typ = "oid", val = $"o-{role}" },
            new { typ = "preferred_username", val = name },
            new { typ = "roles", val = role },
            new { typ = "groups", val = Group },
        },
    })));

    /// <summary>Sends a request of a person, and gives the JSON that answers it.</summary>
    public static async Task<JsonElement> SendAsync(AppProcess app, string principal, HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Add(Header, principal);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await app.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return text.StartsWith('{') ? JsonElement.Parse(text) : default;
    }
}
