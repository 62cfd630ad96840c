using System.Text;
using Functions.Http;
using Microsoft.AspNetCore.Http;
using Operations.Cases;

namespace Functions.Tests;

public sealed class RequestBodyTests
{
    private const string NotAnObject = "The body must be a JSON object.";
    private const string Time = "Expected an ISO 8601 time from 1970 to 2199 such as 2026-10-01T00:00:00Z.";

    private const string Names =
        """Expected an array of 1 to 100 names of letters, digits, '.', '-' and '_', such as ["us-east"]; leave the field out for all.""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Request_body_is_read()
    {
        var request = await RequestBody.ReadAsync(
            Request("""{"from":"2026-01-01","to":"2026-01-02T03:00:00+02:00","regions":["uk","us-east"],"types":null}"""),
            RequestJson.Default.BackfillRequest,
            Cancellation);

        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), request.From);
        Assert.Equal(new DateTimeOffset(2026, 1, 2, 1, 0, 0, TimeSpan.Zero), request.To);
        Assert.Equal(["uk", "us-east"], request.Regions!);
        Assert.Null(request.Types);
    }

    [Fact]
    public async Task Request_without_a_body_is_read_as_an_object_without_fields()
    {
        Assert.Equal(new RedriveRequest(), await RequestBody.ReadAsync(Request(""), RequestJson.Default.RedriveRequest, Cancellation));
        Assert.Equal(new PurgeRequest(), await RequestBody.ReadAsync(Request("{}"), RequestJson.Default.PurgeRequest, Cancellation));
    }

    [Theory]
    [InlineData("null", null, NotAnObject)]
    [InlineData("[]", null, NotAnObject)]
    [InlineData("{", null, NotAnObject)]
    [InlineData("{}{}", null, NotAnObject)]
    [InlineData("""{"from":"\ud800","to":"2026-01-02"}""", "from", Time)]
    [InlineData("""{"\ud800":1}""", null, NotAnObject)]
    [InlineData("{}", "from", Time)]
    [InlineData("""{"from":"2026-01-01"}""", "to", Time)]
    [InlineData("""{"from":null,"to":"2026-01-02"}""", "from", Time)]
    [InlineData("""{"from":"2026-01-01","to":5}""", "to", Time)]
    [InlineData("""{"from":"2026-01-01","to":"2026-01-02","to":"2026-01-03"}""", "to", "Expected once.")]
    [InlineData("""{"from":"2026-01-01","to":"2026-01-02","From":1}""", "From", "There is no such field; expected from, to, regions, types.")]
    [InlineData("""{"from":"2026-01-01","to":"2026-01-02","a.b['c']":1}""", "a.b['c']", "There is no such field; expected from, to, regions, types.")]
    [InlineData("""{"from":"2026-01-01","to":"2026-01-02","regions":"uk"}""", "regions", Names)]
    [InlineData("""{"from":"2026-01-01","to":"2026-01-02","regions":[]}""", "regions", Names)]
    [InlineData("""{"from":"2026-01-01","to":"2026-01-02","regions":["uk",null]}""", "regions", Names)]
    [InlineData("""{"from":"2026-01-01","to":"2026-01-02","types":["a;b"]}""", "types", Names)]
    [InlineData("""{"from":"2026-01-01","to":"2026-01-02","types":[{"a":[1]}]}""", "types", Names)]
    public async Task Error_of_a_request_body_says_which_field_is_wrong_and_what_it_should_hold(string body, string? field, string message)
    {
        var wrong = await Assert.ThrowsAsync<BadRequestException>(
            () => RequestBody.ReadAsync(Request(body), RequestJson.Default.BackfillRequest, Cancellation));

        Assert.Equal((field, message), (wrong.Field, wrong.Message));
    }

    [Theory]
    [InlineData("""{"region":"  "}""", "region", "Expected text of 1 to 100 characters.")]
    [InlineData("""{"region":""}""", "region", "Expected text of 1 to 100 characters.")]
    [InlineData("""{"type":["a"]}""", "type", "Expected text of 1 to 100 characters.")]
    [InlineData("""{"ids":[]}""", "ids", "Expected an array with at least one text; leave the field out for all.")]
    [InlineData("""{"ids":["a",1]}""", "ids", "Expected an array with at least one text; leave the field out for all.")]
    public async Task Error_of_a_request_body_says_what_is_wrong_with_a_redrive(string body, string field, string message)
    {
        var wrong = await Assert.ThrowsAsync<BadRequestException>(() => RequestBody.ReadAsync(Request(body), RequestJson.Default.RedriveRequest, Cancellation));

        Assert.Equal((field, message), (wrong.Field, wrong.Message));
    }

    [Fact]
    public async Task Error_of_a_request_body_says_what_is_wrong_with_a_purge_and_with_what_wants_no_fields()
    {
        var purge = await Assert.ThrowsAsync<BadRequestException>(
            () => RequestBody.ReadAsync(Request("""{"dryRun":"yes"}"""), RequestJson.Default.PurgeRequest, Cancellation));
        var nothing = await Assert.ThrowsAsync<BadRequestException>(
            () => RequestBody.ReadAsync(Request("""{"force":true}"""), RequestJson.Default.EmptyRequest, Cancellation));

        Assert.Equal(("dryRun", "Expected true or false."), (purge.Field, purge.Message));
        Assert.Equal(("force", "There is no such field; none is expected."), (nothing.Field, nothing.Message));
    }

    [Fact]
    public async Task Search_of_a_case_takes_the_id_of_a_call_as_long_as_the_ledger_keeps_it()
    {
        var call = new string('c', 1024);

        var request = await ReadAsync(call);

        Assert.Equal(call, request.Search!.Call);
        Assert.Equal("search", (await Assert.ThrowsAsync<BadRequestException>(() => ReadAsync(call + "c"))).Field);

        static Task<CaseObjectsRequest> ReadAsync(string id) => RequestBody.ReadAsync(
            Request($$$"""{"search":{"call":"{{{id}}}"}}"""),
            RequestJson.Default.CaseObjectsRequest,
            Cancellation);
    }

    [Fact]
    public async Task Fields_of_a_case_that_are_null_are_as_if_they_were_left_out()
    {
        var search = await ReadAsync("""{"search":{"from":null,"to":null,"region":null,"type":"meeting","q":null,"call":null}}""");
        var objects = await ReadAsync("""{"objects":[{"region":"uk","id":"a","created":null}]}""");

        Assert.Equal(new CaseSearch(null, null, null, "meeting", null, null), search.Search);
        Assert.Equal(new CaseObject("uk", "a", null), Assert.Single(objects.Objects!));
        Assert.True((await ReadAsync("""{"search":{"q":"a","calls":true}}""")).Search!.Calls);
        Assert.Equal(new CaseSearch(Q: "a", Exhaustive: true), (await ReadAsync("""{"search":{"q":"a","exhaustive":true}}""")).Search);
        string[] wrong =
        [
            """{"search":{"type":null}}""", """{"objects":[{"region":null,"id":"a"}]}""", """{"search":{"calls":true}}""", """{"search":{"exhaustive":true}}""",
            """{"search":{"q":"a","calls":"yes"}}""", """{"search":{"type":"meeting","calls":true}}""",
        ];
        foreach (var nothing in wrong)
        {
            await Assert.ThrowsAsync<BadRequestException>(() => ReadAsync(nothing));
        }

        static Task<CaseObjectsRequest> ReadAsync(string body) =>
            RequestBody.ReadAsync(Request(body), RequestJson.Default.CaseObjectsRequest, Cancellation);
    }

    [Fact]
    public async Task Request_body_that_is_too_large_is_rejected() => await Assert.ThrowsAsync<ContentTooLargeException>(
        () => RequestBody.ReadAsync(Request(new string(' ', RequestBody.MaxBytes + 1)), RequestJson.Default.EmptyRequest, Cancellation));

    private static HttpRequest Request(string body)
    {
        var request = new DefaultHttpContext().Request;
        request.Body = new MemoryStream(Encoding.UTF8.GetBytes(body));
        return request;
    }
}
