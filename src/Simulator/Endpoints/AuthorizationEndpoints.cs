using System.Globalization;
using System.Text;
using Simulator.Faults;

namespace Simulator.Endpoints;

/// <summary><c>POST /oauth/v2/token</c>: every number a string, <c>expires_in</c> twice, as in 8x8's own example.</summary>
internal static class AuthorizationEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, Account account, FaultInjector faults, TimeProvider timeProvider)
    {
        routes.MapPost("/oauth/v2/token", async context =>
        {
            var (answered, fault) = await faults.ApplyAsync(context, "token", region: null, id: null);
            if (answered)
            {
                return;
            }

            if (!context.Request.HasFormContentType || (await context.Request.ReadFormAsync())["grant_type"] != "client_credentials")
            {
                await AnswerAsync(context, 400, """{"ErrorCode":"invalid_request","Error":"grant_type"}""");
                return;
            }

            var expected = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{account.Key}:{account.Secret}"));
            if (context.Request.Headers.Authorization != expected)
            {
                await AnswerAsync(context, 401, """{"ErrorCode":"invalid_client","Error":"Client credentials are invalid"}""");
                return;
            }

            var seconds = account.ExpiresIn ?? string.Create(CultureInfo.InvariantCulture, $"\"{(long)account.TokenLifetime.TotalSeconds}\"");
            var products = string.Join(", ", account.Products);
            var productsJson = string.Join(",", account.Products.Select(product => $"\"{product}\""));
            var now = timeProvider.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
            var json = $$"""
                {"refresh_token_expires_in":"0","expires_in":{{seconds}},"api_product_list":"[{{products}}]","api_product_list_json":[{{productsJson}}],
                "organization_name":"simulator","token_type":"BearerToken","issued_at":"{{now}}","client_id":"{{account.Key}}",
                "access_token":"{{account.IssueToken()}}","scope":"","expires_in":{{seconds}},"refresh_count":"0","status":"approved"}
                """;
            await JsonAnswer.WriteAsync(context, fault, Encoding.UTF8.GetBytes(json));
        });
    }

    private static Task AnswerAsync(HttpContext context, int status, string json)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json);
    }
}
