using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text.Json;
using Functions;
using Microsoft.Azure.Functions.Worker;

namespace DevStack.Tests;

/// <summary>Who may do what, with sign-in and with a key, through the real worker.</summary>
public sealed class AccessTests(AccessFixture signIn, ApiFixture key) : IClassFixture<AccessFixture>, IClassFixture<ApiFixture>
{
    private const string CaseObjects = """{"objects":[{"region":"uk","id":"inside"}]}""";
    private const string Backfill = """{"from":"2026-01-01","to":"2026-01-02"}""";

    private static readonly string[] Callers =
        ["anonymous", "no role", "viewer of the team", "viewer of no team", "operator", "investigator", "administrator"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>
    /// Every route, and what each of <see cref="Callers"/> gets, in their order. Objects are one that is in the scope of the
    /// team ("inside", "mine") and one that is not ("outside").
    /// </summary>
    public static TheoryData<string, string, string?, string> Matrix => new()
    {
        { "GET", "/api/health", null, "200 200 200 200 200 200 200" },
        { "GET", "/api/dashboard", null, "200 200 200 200 200 200 200" },
        { "GET", "/api/dashboard/{asset}=style.css", null, "200 200 200 200 200 200 200" },
        { "GET", "/api/openapi.json", null, "401 403 200 200 200 200 200" },
        { "GET", "/api/me", null, "401 403 200 200 200 200 200" },
        { "GET", "/api/status", null, "401 403 403 403 200 403 200" },
        { "GET", "/api/history", null, "401 403 403 403 200 403 200" },
        { "GET", "/api/plan", null, "401 403 403 403 200 403 200" },
        { "GET", "/api/objects", null, "401 403 200 200 200 200 200" },
        { "GET", "/api/objects?q=jane", null, "401 403 200 200 403 200 200" },
        { "GET", "/api/calls", null, "401 403 200 200 200 200 200" },
        { "GET", "/api/calls?q=jane", null, "401 403 200 200 403 200 200" },
        { "GET", "/api/objects/{region}/{id}=uk/inside", null, "401 403 200 404 200 200 200" },
        { "GET", "/api/objects/{region}/{id}=uk/mine", null, "401 403 200 404 200 200 200" },
        { "GET", "/api/objects/{region}/{id}=uk/outside", null, "401 403 404 404 200 200 200" },
        { "GET", "/api/objects/{region}/{id}=uk/unknown", null, "401 403 404 404 404 404 404" },
        { "GET", "/api/objects/{region}/{id}/content=uk/inside", null, "401 403 302 404 403 302 302" },
        { "GET", "/api/objects/{region}/{id}/content=uk/outside", null, "401 403 404 404 403 302 302" },
        { "GET", "/api/objects/{region}/{id}/content=uk/unknown", null, "401 403 404 404 403 404 404" },
        { "GET", "/api/objects/{region}/{id}/text=uk/inside", null, "401 403 200 404 403 200 200" },
        { "GET", "/api/objects/{region}/{id}/text=uk/outside", null, "401 403 404 404 403 200 200" },
        { "POST", "/api/objects/{region}/{id}/archive=uk/inside", "", "401 403 403 403 202 403 202" },
        { "POST", "/api/objects/{region}/{id}/archive=uk/outside", "", "401 403 403 403 202 403 202" },
        { "POST", "/api/backfill", Backfill, "401 403 403 403 202 403 202" },
        { "POST", "/api/reconcile", "", "401 403 403 403 202 403 202" },
        { "GET", "/api/reconcile/latest", null, "401 403 403 403 404 403 404" },
        { "GET", "/api/runs/{runId}=unknown", null, "401 403 403 403 404 403 404" },
        { "POST", "/api/failures/redrive", """{"ids":["unknown"]}""", "401 403 403 403 202 403 202" },
        { "POST", "/api/ledger/rebuild", "", "401 403 403 403 403 403 202" },
        { "POST", "/api/index/rebuild", "", "401 403 403 403 403 403 202" },
        { "POST", "/api/purge", "", "401 403 403 403 403 403 200" },
        { "GET", "/api/audit", null, "401 403 403 403 403 200 200" },
        { "POST", "/api/cases", """{"name":"Matter","reason":"A test"}""", "401 403 403 403 403 201 201" },
        { "GET", "/api/cases", null, "401 403 403 403 403 200 200" },
        { "GET", "/api/cases/{caseId}=unknown", null, "401 403 403 403 403 404 404" },
        { "POST", "/api/cases/{caseId}/objects=unknown", CaseObjects, "401 403 403 403 403 404 404" },
        { "DELETE", "/api/cases/{caseId}/objects=unknown", CaseObjects, "401 403 403 403 403 404 404" },
        { "POST", "/api/cases/{caseId}/hold=unknown", "", "401 403 403 403 403 404 404" },
        { "POST", "/api/cases/{caseId}/release=unknown", "", "401 403 403 403 403 404 404" },
        { "POST", "/api/cases/{caseId}/close=unknown", "", "401 403 403 403 403 404 404" },
        { "POST", "/api/cases/{caseId}/export=unknown", "", "401 403 403 403 403 404 404" },
        { "GET", "/api/cases/{caseId}/exports/{exportId}=unknown/unknown", null, "401 403 403 403 403 404 404" },
    };

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task Route_answers_each_caller_as_its_roles_say(string method, string route, string? body, string expected)
    {
        var path = Fill(route);
        var answers = new List<string>();
        foreach (var caller in Callers)
        {
            using var answer = await signIn.SendAsync(caller, new HttpMethod(method), path, body);
            answers.Add(((int)answer.StatusCode).ToString(CultureInfo.InvariantCulture));
            await AssertProblemAsync(answer, path);
        }

        // Of the report it depends on the other routes whether there is one yet.
        Assert.Equal(expected, string.Join(' ', path == "/api/reconcile/latest" ? answers.Select(answer => answer == "200" ? "404" : answer) : answers));
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task Route_asks_for_the_key_alone_when_there_is_no_sign_in(string method, string route, string? body, string expected)
    {
        var path = Fill(route).Replace("uk/inside", "uk/transcript", StringComparison.Ordinal).Replace("uk/mine", "uk/transcript", StringComparison.Ordinal)
            .Replace("uk/outside", "uk/transcript", StringComparison.Ordinal);
        var statuses = expected.Split(' ');
        foreach (var caller in Callers)
        {
            foreach (var hasKey in (bool[])[true, false])
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), path);
                if (AccessFixture.Principal(caller) is { } principal)
                {
                    request.Headers.TryAddWithoutValidation(Principals.Header, principal);
                }

                if (hasKey)
                {
                    request.Headers.Add("x-functions-key", ApiFixture.Key);
                }

                if (body is not null)
                {
                    request.Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
                }

                using var answer = await key.App.SendAsync(request);

                // Who has the key is an administrator, and the header is nothing.
                var wanted = hasKey ? statuses[^1] : statuses[0];
                var got = ((int)answer.StatusCode).ToString(CultureInfo.InvariantCulture);
                Assert.Equal(wanted, path == "/api/reconcile/latest" && got == "200" ? "404" : got);
            }
        }
    }

    [Fact]
    public void Matrix_holds_every_route()
    {
        var functions = typeof(HealthFunctions).Assembly.GetTypes().SelectMany(type => type.GetMethods()).SelectMany(method => method.GetParameters())
            .Select(parameter => parameter.GetCustomAttribute<HttpTriggerAttribute>()).OfType<HttpTriggerAttribute>()
            .Select(trigger => $"{trigger.Methods![0].ToUpperInvariant()} /api/{trigger.Route}");
        var rows = Matrix.Select(row => $"{row.Data.Item1} {row.Data.Item2.Split('=', '?')[0]}");

        Assert.Equal(functions.Order(StringComparer.Ordinal), rows.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Host_is_told_to_ask_for_no_key()
    {
        // Every request of these tests goes without the key that this host asks for.
        Assert.Equal(ApiFixture.Key, signIn.Settings["LocalHost__FunctionKey"]);
        Assert.Contains(signIn.App.Lines, line => line.Contains("GetStatus: [GET]", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Problem_without_a_role_names_the_roles_that_would_do()
    {
        using var answer = await signIn.SendAsync("viewer of the team", HttpMethod.Get, "/api/status");
        var problem = JsonElement.Parse(await answer.Content.ReadAsStringAsync(Cancellation));

        Assert.Equal("This needs one of the roles Operator, Administrator.", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Scoped_viewer_finds_exactly_the_objects_of_the_team_and_an_operator_no_names()
    {
        Assert.Equal(["inside", "mine"], await FindAsync("viewer of the team", "/api/objects"));
        Assert.Equal(["inside"], await FindAsync("viewer of the team", "/api/objects?limit=1"));
        Assert.Equal(["inside", "mine"], await FindAsync("viewer of the team", "/api/objects?q=jane"));
        Assert.Empty(await FindAsync("viewer of the team", "/api/objects?q=outside"));
        Assert.Empty(await FindAsync("viewer of the team", "/api/objects?call=call-outside"));
        Assert.Empty(await FindAsync("viewer of no team", "/api/objects"));
        var calls = await signIn.GetAsync("viewer of the team", "/api/calls");
        Assert.Equal(["call-inside", "call-mine"], calls.GetProperty("items").EnumerateArray().Select(call => call.GetProperty("callId").GetString()!));
        Assert.Equal(["inside", "mine", "outside", "far"], await FindAsync("investigator", "/api/objects"));
        Assert.Equal(["inside", "mine", "outside", "far"], await FindAsync("operator", "/api/objects"));

        using var answer = await signIn.SendAsync("operator", HttpMethod.Get, "/api/objects");
        var body = await answer.Content.ReadAsStringAsync(Cancellation);
        Assert.DoesNotContain("Jane", body, StringComparison.Ordinal);
        Assert.DoesNotContain("Smith", body, StringComparison.Ordinal);
        Assert.Equal("***", (await signIn.GetAsync("operator", "/api/objects/uk/inside")).GetProperty("objectName").GetString());
        Assert.Equal("Jane Inside.txt", (await signIn.GetAsync("viewer of the team", "/api/objects/uk/inside")).GetProperty("objectName").GetString());
    }

    [Fact]
    public async Task Object_outside_the_scope_is_answered_like_an_unknown_one()
    {
        foreach (var path in (string[])["", "/content", "/text", "?created=2026-11-20", "/content?download=true"])
        {
            var bodies = new List<string>();
            foreach (var id in (string[])["outside", "unknown"])
            {
                var parts = path.Split('?', 2);
                var address = $"/api/objects/uk/{id}{parts[0]}{(parts.Length > 1 ? $"?{parts[1]}" : "")}";
                using var answer = await signIn.SendAsync("viewer of the team", HttpMethod.Get, address);
                bodies.Add($"{answer} {await answer.Content.ReadAsStringAsync(Cancellation)}"
                    .Replace(answer.Headers.Date?.ToString("R", CultureInfo.InvariantCulture) ?? "-", "", StringComparison.Ordinal));
            }

            Assert.Equal(bodies[1], bodies[0]);
        }
    }

    [Fact]
    public async Task Hostile_principal_gets_401_and_nothing_else()
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable("FUZZ_SEED") ?? "1", CultureInfo.InvariantCulture);
        string[] paths = ["/api/objects", "/api/objects/uk/inside/text", "/api/objects/uk/inside/content", "/api/status", "/api/audit", "/api/me"];
        var before = (await signIn.ReadAuditAsync()).Count;
        var options = new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Cancellation };
        await Parallel.ForEachAsync(Principals.Hostile(seed).Take(1000).Index(), options, async (item, _) =>
        {
            var (index, principal) = item;
            using var answer = await signIn.SendAsync([principal], HttpMethod.Get, paths[index % paths.Length]);
            var body = await answer.Content.ReadAsStringAsync(Cancellation);
            var what = $"FUZZ_SEED={seed}, principal {index}: {(int)answer.StatusCode} {body} to {principal[..Math.Min(principal.Length, 500)]}";

            // What is no header at all, the web server refuses itself.
            Assert.True(answer.StatusCode is HttpStatusCode.Unauthorized || (answer.StatusCode == HttpStatusCode.BadRequest && body.Length == 0), what);
            Assert.Null(answer.Headers.Location);
            foreach (var secret in (string[])["Jane", "Sales", "uk/", "o-admin", "   at ", "Exception"])
            {
                Assert.False(body.Contains(secret, StringComparison.OrdinalIgnoreCase), what);
            }
        });

        var admin = AccessFixture.Principal("administrator")!;
        foreach (var several in (string[][])[[admin, admin], ["", admin], [admin, Principals.Of("o-none", [])], [""], [$"{admin},{admin}"]])
        {
            using var answer = await signIn.SendAsync(several, HttpMethod.Get, "/api/status");
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }

        // Callers who are not known are not audited: others could fill the log of a public address.
        Assert.Equal(before, (await signIn.ReadAuditAsync()).Count);
    }

    [Fact]
    public async Task Every_access_has_its_line_before_it_is_given()
    {
        var id = $"audited-{Guid.NewGuid():N}";
        foreach (var (caller, method, path, body) in ((string, string, string, string?)[])[
            ("viewer of the team", "GET", $"/api/objects?q={id}", null),
            ("viewer of the team", "GET", $"/api/objects/uk/inside/text?created={TimeProvider.System.GetUtcNow():yyyy-MM-dd}", null),
            ("viewer of the team", "GET", $"/api/objects/uk/{id}", null),
            ("operator", "GET", $"/api/objects/uk/{id}/content", null),
            ("operator", "POST", "/api/failures/redrive", $$"""{"ids":["{{id}}"]}"""),
            ("operator", "POST", "/api/failures/redrive", $$"""{"ids":["{{id}}"],"nosuch":1}"""),
            ("investigator", "GET", $"/api/cases/20261129-000000-abcdef/exports/{id}?exportId=another", null)])
        {
            using var answer = await signIn.SendAsync(caller, new HttpMethod(method), path, body);
        }

        var lines = (await signIn.ReadAuditAsync()).Select(line => line.ToString()).Where(line => line.Contains(id, StringComparison.Ordinal)).ToList();

        Assert.Collection(
            lines,
            line => AssertLine(line, "\"id\":\"o-viewer\",\"name\":\"o-viewer@contoso.com\"", "\"FindObjects\"", "\"outcome\":\"Given\""),
            line => AssertLine(line, "\"o-viewer\"", "\"GetObject\"", $"\"region\":\"uk\",\"id\":\"{id}\"", "\"outcome\":\"NotFound\""),
            line => AssertLine(line, "\"o-operator\"", "\"GetObjectContent\"", "\"outcome\":\"Denied\""),
            line => AssertLine(line, "\"o-operator\"", "\"RedriveFailures\"", "\"ids\":", "\"outcome\":\"Requested\""),
            line => AssertLine(line, "\"RedriveFailures\"", "\"outcome\":\"Done\""),
            line => AssertLine(line, "\"RedriveFailures\"", "\"outcome\":\"Requested\""),
            line => AssertLine(line, "\"RedriveFailures\"", "\"outcome\":\"Refused\""),
            line => AssertLine(line, "\"GetExport\"", $"\"exportId\":\"{id}\"", "\"sent.exportId\":\"another\"", "\"outcome\":\"NotFound\""));

        var page = await FindLinesAsync($"object={id}&limit=1");
        Assert.Equal("GetObjectContent", page.GetProperty("items")[0].GetProperty("action").GetString());
        var next = await FindLinesAsync($"object=uk/{id}&cursor={page.GetProperty("cursor").GetString()}");
        Assert.Equal("GetObject", next.GetProperty("items")[0].GetProperty("action").GetString());
        var mine = await FindLinesAsync("actor=O-INVESTIGATOR@contoso.com&limit=1");
        Assert.Equal("GetAudit", mine.GetProperty("items")[0].GetProperty("action").GetString());
        using var forged = await signIn.SendAsync("investigator", HttpMethod.Get, "/api/audit?cursor=nonsense");
        Assert.Equal(HttpStatusCode.BadRequest, forged.StatusCode);

        // A page that takes too long ends before it has a line, and says where to go on.
        async Task<JsonElement> FindLinesAsync(string query)
        {
            var found = await signIn.GetAsync("investigator", $"/api/audit?{query}");
            while (found.GetProperty("items").GetArrayLength() == 0 && found.TryGetProperty("cursor", out var cursor))
            {
                var rest = string.Join('&', query.Split('&').Where(part => !part.StartsWith("cursor=", StringComparison.Ordinal)));
                found = await signIn.GetAsync("investigator", $"/api/audit?{rest}&cursor={cursor.GetString()}");
            }

            return found;
        }
    }

    [Fact]
    public async Task Answers_with_data_are_not_stored_by_browsers_and_proxies()
    {
        string[] paths = ["/api/objects", "/api/objects/uk/inside", "/api/objects/uk/inside/text", "/api/me", "/api/objects/uk/unknown", "/api/health"];
        foreach (var path in paths)
        {
            using var answer = await signIn.SendAsync("investigator", HttpMethod.Get, path);

            Assert.True(answer.Headers.CacheControl?.NoStore, path);
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        }
    }

    private static void AssertLine(string line, params string[] expected) =>
        Assert.All(expected, text => Assert.Contains(text, line, StringComparison.Ordinal));

    private static async Task AssertProblemAsync(HttpResponseMessage answer, string path)
    {
        if ((int)answer.StatusCode is 401 or 403)
        {
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
            var problem = JsonElement.Parse(await answer.Content.ReadAsStringAsync(Cancellation));
            Assert.True(problem.GetProperty("status").GetInt32() == (int)answer.StatusCode, path);
        }
    }

    /// <summary>Fills the parts of a route, left to right, with what follows the equals sign.</summary>
    private static string Fill(string route)
    {
        if (route.Contains('?', StringComparison.Ordinal) || route.Split('=') is not [var path, var values])
        {
            return route;
        }

        foreach (var value in values.Split('/'))
        {
            var start = path.IndexOf('{', StringComparison.Ordinal);
            path = path[..start] + value + path[(path.IndexOf('}', StringComparison.Ordinal) + 1)..];
        }

        return path;
    }

    private async Task<List<string>> FindAsync(string caller, string path)
    {
        var answer = await signIn.GetAsync(caller, path);
        return [.. answer.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()!)];
    }
}
