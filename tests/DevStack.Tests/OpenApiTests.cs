using System.Net;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Functions;
using Microsoft.Azure.Functions.Worker;
using NJsonSchema;

namespace DevStack.Tests;

/// <summary>The OpenAPI document says what is true.</summary>
public sealed partial class OpenApiTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OpenApi_document_is_valid()
    {
        using var answer = await api.SendAsync(HttpMethod.Get, "/api/openapi.json");

        Assert.Equal("application/json; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        var read = Microsoft.OpenApi.OpenApiDocument.Parse(await answer.Content.ReadAsStringAsync(Cancellation), "json");
        Assert.Empty(read.Diagnostic!.Errors.Concat(read.Diagnostic.Warnings).Select(problem => problem.ToString()));
        Assert.Equal(Microsoft.OpenApi.OpenApiSpecVersion.OpenApi3_1, read.Diagnostic.SpecificationVersion);
    }

    [Fact]
    public async Task OpenApi_document_holds_every_function_with_its_method_route_and_key_and_nothing_else()
    {
        var document = await ReadAsync();
        var written = document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(operation =>
        {
            var isOpen = operation.Value!["security"]?.AsArray().Count == 0;
            return $"{operation.Value["operationId"]}: {operation.Key} {path.Key}{(isOpen ? " without a key" : "")}";
        }));

        var functions = typeof(HealthFunctions).Assembly.GetTypes().SelectMany(type => type.GetMethods()).Select(Describe).OfType<string>();

        Assert.Equal(functions.Order(StringComparer.Ordinal), written.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task OpenApi_document_names_each_parameter_of_a_route()
    {
        foreach (var (path, operations) in (await ReadAsync())["paths"]!.AsObject())
        {
            foreach (var (_, operation) in operations!.AsObject())
            {
                var named = operation!["parameters"]?.AsArray().Where(parameter => parameter!["in"]!.ToString() == "path")
                    .Select(parameter => parameter!["name"]!.ToString()) ?? [];
                Assert.Equal(RouteParameter().Matches(path).Select(match => match.Groups["name"].Value), named);
            }
        }
    }

    [Fact]
    public async Task OpenApi_document_has_refusals_of_each_operation_that_needs_a_role_or_reads_a_body()
    {
        foreach (var (path, operations) in (await ReadAsync())["paths"]!.AsObject())
        {
            foreach (var (method, operation) in operations!.AsObject())
            {
                var isOpen = operation!["security"]?.AsArray().Count == 0;
                string[] expected = [.. isOpen ? [] : (string[])["401", "403"], .. method is "get" || isOpen ? [] : (string[])["413"]];

                var missing = expected.Except(operation["responses"]!.AsObject().Select(answer => answer.Key), StringComparer.Ordinal);
                Assert.Equal("", string.Join(", ", missing.Select(status => $"{method} {path} {status}")));
            }
        }
    }

    [Fact]
    public async Task OpenApi_document_names_each_parameter_of_a_query()
    {
        var checkedOnes = 0;
        foreach (var (path, operations) in (await ReadAsync())["paths"]!.AsObject().Where(path => path.Value!["get"] is not null))
        {
            using var answer = await api.SendAsync(HttpMethod.Get, $"{RouteParameter().Replace(path, "x")}?nosuch=1");
            var body = await answer.Content.ReadAsStringAsync(Cancellation);
            if (answer.StatusCode == HttpStatusCode.BadRequest)
            {
                var named = operations!["get"]!["parameters"]!.AsArray().Where(parameter => parameter!["in"]!.ToString() == "query")
                    .Select(parameter => parameter!["name"]!.ToString());
                var expected = JsonDocument.Parse(body).RootElement.GetProperty("detail").GetString()!;
                Assert.Equal($"nosuch: There is no such parameter; expected {string.Join(", ", named)}.", expected);
                checkedOnes++;
            }
        }

        Assert.True(checkedOnes >= 4);
    }

    public static TheoryData<string, string, string?, int> Calls => new()
    {
        { "GET", "/api/health", null, 200 },
        { "GET", "/api/status", null, 200 },
        { "GET", "/api/history", null, 200 },
        { "GET", "/api/history?hours=x", null, 400 },
        { "GET", "/api/history?hours=1&hours=2", null, 400 },
        { "GET", "/api/history?days=1", null, 400 },
        { "GET", "/api/objects", null, 200 },
        { "GET", "/api/objects?limit=1", null, 200 },
        { "GET", "/api/objects?limit=x", null, 400 },
        { "GET", "/api/calls", null, 200 },
        { "GET", "/api/calls?limit=1&q=jane", null, 200 },
        { "GET", "/api/calls?cursor=x", null, 400 },
        { "GET", "/api/objects/uk/recording", null, 200 },
        { "GET", "/api/objects/uk/broken", null, 200 },
        { "GET", "/api/objects/uk/unknown", null, 404 },
        { "GET", "/api/objects/uk/recording/content", null, 302 },
        { "GET", "/api/objects/uk/recording/content?created=x", null, 400 },
        { "GET", "/api/objects/uk/broken/content", null, 409 },
        { "GET", "/api/objects/uk/transcript/text", null, 200 },
        { "GET", "/api/objects/uk/recording/text", null, 409 },
        { "POST", "/api/objects/us-east/empty/archive", "", 202 },
        { "POST", "/api/objects/us-east/empty/archive", "[]", 400 },
        { "GET", "/api/cases", null, 200 },
        { "POST", "/api/cases", """{"name":"a"}""", 400 },
        { "POST", "/api/cases", """{"name":"a","reason":" "}""", 400 },
        { "GET", "/api/cases/unknown", null, 404 },
        { "GET", "/api/cases/20260101-000000-aaaaaa", null, 404 },
        { "POST", "/api/cases/20260101-000000-aaaaaa/objects", """{"objects":[{"region":"uk","id":"recording"}]}""", 404 },
        { "DELETE", "/api/cases/unknown/objects", "{}", 404 },
        { "POST", "/api/cases/unknown/hold", "", 404 },
        { "POST", "/api/cases/unknown/release", "", 404 },
        { "POST", "/api/cases/unknown/close", "", 404 },
        { "POST", "/api/cases/unknown/export", "", 404 },
        { "GET", "/api/cases/unknown/exports/unknown", null, 404 },
        { "GET", "/api/plan", null, 200 },
        { "GET", "/api/plan?from=2026-01-01&regions=uk&types=callrecording&maxPages=2&probeRights=true", null, 200 },
        { "GET", "/api/plan?regions=nowhere", null, 200 },
        { "GET", "/api/plan?maxPages=x", null, 400 },
        { "POST", "/api/backfill", """{"from":"2026-01-01","to":"2026-01-02"}""", 202 },
        { "POST", "/api/backfill", "{}", 400 },
        { "POST", "/api/ledger/rebuild", "", 202 },
        { "POST", "/api/ledger/rebuild", """{"from":"2026-01-01"}""", 400 },
        { "POST", "/api/index/rebuild", "", 202 },
        { "POST", "/api/index/rebuild", """{"days":1}""", 400 },
        { "POST", "/api/reconcile", """{"from":"2026-01-01"}""", 400 },
        { "GET", "/api/runs/unknown", null, 404 },
        { "POST", "/api/failures/redrive", """{"ids":["unknown"]}""", 202 },
        { "POST", "/api/failures/redrive", """{"ids":[]}""", 400 },
        { "POST", "/api/purge", "", 200 },
        { "POST", "/api/purge", """{"dryRun":false}""", 409 },
        { "POST", "/api/purge", """{"dryRun":true,"dryRun":false}""", 400 },
        { "GET", "/api/openapi.json", null, 200 },
        { "GET", "/api/dashboard", null, 200 },
        { "GET", "/api/dashboard/style.css", null, 200 },
        { "GET", "/api/dashboard/nothing", null, 404 },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task OpenApi_document_describes_what_is_answered(string method, string path, string? body, int status)
    {
        using var answer = await api.SendAsync(new HttpMethod(method), path, body);
        Assert.Equal(status, (int)answer.StatusCode);
        await AssertDescribedAsync(method, path, answer);
    }

    [Fact]
    public async Task OpenApi_document_describes_links_runs_reports_and_refusals()
    {
        using var link = await api.SendAsync(HttpMethod.Get, "/api/objects/uk/recording/content", body: null, ("Accept", "application/json"));
        Assert.Equal(HttpStatusCode.OK, link.StatusCode);
        await AssertDescribedAsync("GET", "/api/objects/uk/recording/content", link);

        using var started = await api.SendAsync(HttpMethod.Post, "/api/reconcile", "");
        await AssertDescribedAsync("POST", "/api/reconcile", started);
        var runId = JsonDocument.Parse(await started.Content.ReadAsStringAsync(Cancellation)).RootElement.GetProperty("runId").GetString();
        await Testing.Eventually.HoldsAsync(
            async () => (await api.GetAsync($"/api/runs/{runId}")).GetProperty("state").GetString() == "Done",
            "the run is done");
        foreach (var path in (string[])[$"/api/runs/{runId}", "/api/reconcile/latest"])
        {
            using var answer = await api.SendAsync(HttpMethod.Get, path);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            await AssertDescribedAsync("GET", path, answer);
        }

        using var large = await api.SendAsync(HttpMethod.Post, "/api/backfill", new string(' ', 70_000));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        await AssertDescribedAsync("POST", "/api/backfill", large);
    }

    [Fact]
    public async Task OpenApi_document_describes_a_case_from_its_beginning_to_its_end()
    {
        var created = await SendCaseAsync("POST", "/api/cases", 201, """{"name":"Doe against Smith","reason":"A letter of 3 May"}""");
        var caseId = created.GetProperty("caseId").GetString();
        var path = $"/api/cases/{caseId}";
        await SendCaseAsync("POST", $"{path}/export", 409, "");
        foreach (var body in (string[])[
            "{}", """{"objects":[]}""", """{"objects":[{"region":"uk"}]}""", """{"objects":[{"region":"uk","id":"unknown"}]}""",
            """{"objects":[{"region":"uk","id":"a","more":1}]}""", """{"search":{}}""", """{"search":{"state":"Failed"}}""",
            """{"search":{"from":"2026-01-02","to":"2026-01-01"}}""", """{"search":{"q":"\ud800"}}""", """{"search":{"q":" \u200b"}}""",
            """{"search":[]}"""])
        {
            await SendCaseAsync("POST", $"{path}/objects", 400, body);
        }

        await SendCaseAsync(
            "POST",
            $"{path}/objects",
            202,
            """{"objects":[{"region":"uk","id":"recording"},{"region":"uk","id":"broken"}],"search":{"region":"us-east"}}""");
        await WaitAsync(path, "changing", "False");
        Assert.Equal(5, (await SendCaseAsync("GET", path, 200)).GetProperty("objects").GetInt32());
        await SendCaseAsync("POST", $"{path}/hold", 202, "");
        await WaitAsync(path, "hold", "Incomplete");
        await SendCaseAsync("DELETE", $"{path}/objects", 409, """{"search":{"region":"us-east"}}""");
        await SendCaseAsync("POST", $"{path}/close", 409, "");
        await SendCaseAsync("POST", $"{path}/release", 202, "");
        var failed = (await SendCaseAsync("POST", $"{path}/export", 202, "")).GetProperty("exportId").GetString();
        await WaitAsync($"{path}/exports/{failed}", "state", "Failed");
        var export = await SendCaseAsync("GET", $"{path}/exports/{failed}", 200);
        Assert.Equal("broken", Assert.Single(export.GetProperty("problems").EnumerateArray()).GetProperty("id").GetString());
    }

    [Fact]
    public async Task OpenApi_document_describes_an_export()
    {
        var caseId = (await SendCaseAsync("POST", "/api/cases", 201, """{"name":"Export","reason":"A letter"}""")).GetProperty("caseId").GetString();
        var path = $"/api/cases/{caseId}";
        await SendCaseAsync("POST", $"{path}/objects", 202, """{"search":{"call":"call-1"}}""");
        await WaitAsync(path, "changing", "False");
        await SendCaseAsync("DELETE", $"{path}/objects", 202, """{"objects":[{"region":"uk","id":"transcript"}]}""");

        var exportId = (await SendCaseAsync("POST", $"{path}/export", 202, "")).GetProperty("exportId").GetString();

        await WaitAsync($"{path}/exports/{exportId}", "state", "Done");
        var export = await SendCaseAsync("GET", $"{path}/exports/{exportId}", 200);
        Assert.Equal(1, export.GetProperty("objects").GetInt32());
        using var client = new HttpClient();
        foreach (var url in (string[])["manifestCsvUrl", "manifestJsonUrl", "checksumsUrl"])
        {
            Assert.NotEmpty(await client.GetByteArrayAsync(export.GetProperty(url).GetString(), Cancellation));
        }

        var part = Assert.Single(export.GetProperty("parts").EnumerateArray());
        var bytes = await client.GetByteArrayAsync(part.GetProperty("url").GetString(), Cancellation);
        Assert.Equal(part.GetProperty("sha256").GetString(), Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes)));
        await SendCaseAsync("POST", $"{path}/close", 202, "");
        await SendCaseAsync("POST", $"{path}/objects", 409, """{"search":{"region":"uk"}}""");
        Assert.Equal("Closed", (await SendCaseAsync("GET", path, 200)).GetProperty("state").GetString());
    }

    [Fact]
    public async Task OpenApi_document_notices_an_answer_that_is_not_described()
    {
        var document = await ReadAsync();

        Assert.NotEmpty(
            await ValidateAsync(document, document["components"]!["schemas"]!["Link"]!, """{"url":"https://a","expiresOn":"2026-11-24T00:00:00Z","more":1}"""));
        Assert.NotEmpty(await ValidateAsync(document, document["components"]!["schemas"]!["Objects"]!, """{"items":[{"region":"uk"}]}"""));
    }

    private async Task<JsonElement> SendCaseAsync(string method, string path, int status, string? body = null)
    {
        using var answer = await api.SendAsync(new HttpMethod(method), path, body);
        var text = await answer.Content.ReadAsStringAsync(Cancellation);
        Assert.True((int)answer.StatusCode == status, $"{method} {path} {body}: {(int)answer.StatusCode} {text}");
        await AssertDescribedAsync(method, path, answer);
        return JsonDocument.Parse(text).RootElement;
    }

    private Task WaitAsync(string path, string field, string value) => Testing.Eventually.HoldsAsync(
        async () => (await api.GetAsync(path)).GetProperty(field).ToString() == value,
        $"{field} is {value}");

    /// <summary>Asserts that a status, its headers and its body are as the document says.</summary>
    private async Task AssertDescribedAsync(string method, string path, HttpResponseMessage answer)
    {
        var document = await ReadAsync();
        var template = document["paths"]!.AsObject().Select(item => item.Key).Single(key => IsOf(key, path.Split('?')[0]));
        var described = document["paths"]![template]![method.ToLowerInvariant()]!["responses"]![((int)answer.StatusCode).ToString()];
        Assert.True(described is not null, $"{method} {template} does not describe {(int)answer.StatusCode}");
        if (described["$ref"] is { } reference)
        {
            described = document["components"]!["responses"]![reference.ToString().Split('/')[^1]]!;
        }

        foreach (var (name, header) in described["headers"]?.AsObject() ?? [])
        {
            Assert.True(answer.Headers.TryGetValues(name, out var values), name);
            Assert.Empty(await ValidateAsync(document, header!["schema"]!, JsonSerializer.Serialize(values.Single())));
        }

        var body = await answer.Content.ReadAsStringAsync(Cancellation);
        if (described["content"]?.AsObject() is not { } content)
        {
            Assert.Empty(body);
            return;
        }

        var type = answer.Content.Headers.ContentType!.MediaType!;
        Assert.True(content.ContainsKey(type), $"{method} {template} {(int)answer.StatusCode} does not describe {type}");
        var problems = await ValidateAsync(
            document,
            content[type]!["schema"]!,
            type.EndsWith("json", StringComparison.Ordinal) ? body : JsonSerializer.Serialize(body));
        Assert.True(problems.Count == 0, $"{method} {path}: {string.Join(", ", problems)} in {body}");
    }

    private static async Task<ICollection<NJsonSchema.Validation.ValidationError>> ValidateAsync(JsonNode document, JsonNode schema, string json)
    {
        // The validator follows references within a schema to its definitions only, and not always from the top.
        var whole = (schema["$ref"] is { } reference ? document["components"]!["schemas"]![reference.ToString().Split('/')[^1]]! : schema).DeepClone()
            .AsObject();
        whole["definitions"] = document["components"]!["schemas"]!.DeepClone();
        return (await JsonSchema.FromJsonAsync(whole.ToJsonString().Replace("#/components/schemas/", "#/definitions/", StringComparison.Ordinal), Cancellation))
            .Validate(json);
    }

    private async Task<JsonNode> ReadAsync()
    {
        using var answer = await api.SendAsync(HttpMethod.Get, "/api/openapi.json");
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancellation))!;
    }

    private static string? Describe(MethodInfo method)
    {
        var trigger = method.GetParameters().Select(parameter => parameter.GetCustomAttribute<HttpTriggerAttribute>())
            .FirstOrDefault(attribute => attribute is not null);
        return trigger is null
            ? null
            : $"{method.GetCustomAttribute<FunctionAttribute>()!.Name}: {string.Join(',', trigger.Methods!)} /api/{trigger.Route}"
                + $"{(trigger.AuthLevel == AuthorizationLevel.Anonymous ? " without a key" : "")}";
    }

    private static bool IsOf(string template, string path) =>
        template == path || Regex.IsMatch(path, $"^{RouteParameter().Replace(template, "[^/]+")}$", RegexOptions.None, TimeSpan.FromSeconds(1));

    [GeneratedRegex(@"\{(?<name>\w+)\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RouteParameter();
}
