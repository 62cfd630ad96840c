using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Simulator.Faults;
using Simulator.Objects;

namespace Simulator.Tests;

/// <summary>Answers in JSON that are not what they should be.</summary>
public sealed class AnswerTests : SimulatorTest
{
    private const string Search = "/storage/us-east/v3/objects?limit=100";

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    [InlineData("utf-32")]
    public async Task Simulator_puts_a_byte_order_mark_before_every_answer(string charset)
    {
        var item = Add();
        Server.Faults.Set(new FaultRule { Kind = FaultKind.ByteOrderMark, Charset = charset });

        foreach (var path in (string[])[Search, $"/storage/us-east/v3/objects/{item.Id}", "/storage/us-east/v3/regions"])
        {
            using var response = await Client.GetAsync(Relative(path), Cancellation);
            var bytes = await response.Content.ReadAsByteArrayAsync(Cancellation);
            var encoding = Encoding.GetEncoding(charset);

            Assert.Equal(charset, response.Content.Headers.ContentType!.CharSet);
            Assert.Equal(encoding.GetPreamble(), bytes[..encoding.GetPreamble().Length]);
            JsonDocument.Parse(encoding.GetString(bytes.AsSpan(encoding.GetPreamble().Length))).Dispose();
        }
    }

    [Fact]
    public async Task Simulator_puts_commas_after_the_last_of_everything()
    {
        Server.Objects.Add(new ObjectSpecification { ObjectName = "}\"]", Tags = [KeyValuePair.Create("k", "v")] });
        Server.Faults.Set(new FaultRule { Kind = FaultKind.TrailingCommas });

        var text = await Client.GetStringAsync(Relative(Search), Cancellation);

        Assert.ThrowsAny<JsonException>(() => JsonDocument.Parse(text));
        using var page = JsonDocument.Parse(text, new JsonDocumentOptions { AllowTrailingCommas = true });
        Assert.Equal("}\"]", page.RootElement.GetProperty("content")[0].GetProperty("objectName").GetString());
    }

    [Fact]
    public async Task Simulator_cuts_answers_half_way()
    {
        Add();
        var whole = await Client.GetStringAsync(Relative(Search), Cancellation);
        Server.Faults.Set(new FaultRule { Kind = FaultKind.Truncated, First = 1 });

        Assert.Equal(whole[..(whole.Length / 2)], await Client.GetStringAsync(Relative(Search), Cancellation));
        Assert.Equal(whole, await Client.GetStringAsync(Relative(Search), Cancellation));
    }

    [Theory]
    [InlineData(FaultKind.NullContent, JsonValueKind.Null)]
    [InlineData(FaultKind.MissingContent, JsonValueKind.Undefined)]
    public async Task Simulator_gives_pages_without_content(FaultKind kind, JsonValueKind expected)
    {
        Server.Faults.Set(new FaultRule { Kind = kind, Call = "search" });

        var page = await Client.GetFromJsonAsync<JsonElement>(Relative(Search), Cancellation);

        Assert.Equal(expected, page.TryGetProperty("content", out var content) ? content.ValueKind : JsonValueKind.Undefined);
        Assert.True(page.GetProperty("lastPage").GetBoolean());
    }

    [Theory]
    [InlineData(200)]
    [InlineData(204)]
    [InlineData(500)]
    public async Task Simulator_answers_with_nothing(int status)
    {
        var item = Add();
        Server.Faults.Set(new FaultRule { Kind = FaultKind.Blank, Status = status });

        foreach (var path in (string[])[Search, $"/storage/us-east/v3/objects/{item.Id}", $"/storage/us-east/v3/objects/{item.Id}/content"])
        {
            using var response = await Client.GetAsync(Relative(path), Cancellation);

            Assert.Equal(status == 204 ? HttpStatusCode.NoContent : HttpStatusCode.OK, response.StatusCode);
            Assert.Empty(await response.Content.ReadAsByteArrayAsync(Cancellation));
        }
    }

    [Fact]
    public async Task Simulator_lists_records_as_they_are_given()
    {
        const string Raw = "{\"id\":\"raw\",\"objectName\":\"line\nfeed\"}";
        byte[] bytes = [(byte)'{', 0xFF, (byte)'}'];
        using var added = await Client.PostAsJsonAsync(
            "/__admin/objects",
            new { objects = new object[] { new { id = "raw", rawRecord = Raw }, new { id = "bytes", rawRecordBytes = bytes }, new { id = "good" } } },
            Cancellation);

        var page = await Client.GetByteArrayAsync(Relative(Search), Cancellation);

        Assert.True(page.AsSpan().IndexOf(Encoding.UTF8.GetBytes(Raw)) > 0);
        Assert.True(page.AsSpan().IndexOf(bytes) > 0);
        Assert.Equal(Raw, await Client.GetStringAsync(Relative("/storage/us-east/v3/objects/raw"), Cancellation));
        Assert.True(page.AsSpan().IndexOf("\"id\":\"good\""u8) > 0);
    }

    [Fact]
    public async Task Simulator_leaves_fields_out_of_a_record_and_gives_others()
    {
        Server.Objects.Add(new ObjectSpecification
        {
            Id = "a",
            OmittedFields = ["updatedTime", "storedBytes", "checksum", "checksumType"],
            Fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal)
            {
                ["objectName"] = JsonElement.Parse("7"),
                ["objectState"] = JsonElement.Parse("\"ARCHIVED\""),
            },
        });

        var record = await Client.GetFromJsonAsync<JsonElement>(Relative("/storage/us-east/v3/objects/a"), Cancellation);

        Assert.DoesNotContain(record.EnumerateObject(), member => member.Name is "updatedTime" or "storedBytes" or "checksum" or "checksumType");
        Assert.Equal(7, record.GetProperty("objectName").GetInt32());
        Assert.Equal("ARCHIVED", Assert.Single(record.EnumerateObject(), member => member.NameEquals("objectState")).Value.GetString());
    }

    [Theory]
    [InlineData("hex", "^[0-9a-f]{32}$")]
    [InlineData("upper", "^[0-9A-F]{32}$")]
    [InlineData("base64", "^.{22}==$")]
    [InlineData("quoted", "^\"[0-9a-f]{32}\"$")]
    [InlineData("weak", "^W/\"[0-9a-f]{32}\"$")]
    [InlineData("prefixed", "^md5:[0-9a-f]{32}$")]
    public async Task Simulator_writes_checksums_in_every_style(string style, string pattern)
    {
        Server.Objects.Add(new ObjectSpecification { Id = "a", ChecksumStyle = style });

        var record = await Client.GetFromJsonAsync<JsonElement>(Relative("/storage/us-east/v3/objects/a"), Cancellation);

        Assert.Matches(pattern, record.GetProperty("checksum").GetString());
    }

    [Theory]
    [InlineData("numbers", JsonValueKind.Number)]
    [InlineData("strings", JsonValueKind.String)]
    [InlineData("null", JsonValueKind.Null)]
    [InlineData("missing", JsonValueKind.Undefined)]
    public async Task Simulator_counts_in_every_form(string counts, JsonValueKind expected)
    {
        Server.Objects.Search = new SearchBehaviour { Counts = counts };

        var page = await Client.GetFromJsonAsync<JsonElement>(Relative(Search), Cancellation);

        foreach (var name in (string[])["pageSize", "numberOfElements", "total", "totalElements"])
        {
            Assert.Equal(expected, page.TryGetProperty(name, out var count) ? count.ValueKind : JsonValueKind.Undefined);
        }
    }

    [Theory]
    [InlineData(FaultKind.ErrorHtml, null, "text/html")]
    [InlineData(FaultKind.ErrorHtml, "<form>Sign in</form>", "text/html")]
    [InlineData(FaultKind.ErrorJson, """{"error":"x"}""", "application/json")]
    [InlineData(FaultKind.ErrorJson, "plain words", "text/plain")]
    public async Task Simulator_answers_200_with_an_error_of_any_look(FaultKind kind, string? body, string contentType)
    {
        var item = Add();
        Server.Faults.Set(new FaultRule { Kind = kind, Body = body, ContentType = contentType });

        foreach (var path in (string[])[Search, $"/storage/us-east/v3/objects/{item.Id}/content"])
        {
            using var response = await Client.GetAsync(Relative(path), Cancellation);

            Assert.Equal((HttpStatusCode.OK, contentType), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
            var text = await response.Content.ReadAsStringAsync(Cancellation);
            Assert.True(body is null ? text.Length > 0 : text == body);
        }
    }

    private static Uri Relative(string path) => new(path, UriKind.Relative);
}
