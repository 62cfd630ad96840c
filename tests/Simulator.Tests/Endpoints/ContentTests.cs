using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Simulator.Faults;
using Simulator.Objects;

namespace Simulator.Tests;

public sealed class ContentTests : SimulatorTest
{
    [Theory]
    [InlineData("audio/mpeg", 0)]
    [InlineData("audio/mpeg", 100_000)]
    [InlineData("audio/wav", 1)]
    [InlineData("audio/wav", 100_000)]
    [InlineData("video/mp4", 1_000)]
    [InlineData("video/mp4", 70_001)]
    [InlineData("application/json", 1)]
    [InlineData("application/json", 2)]
    [InlineData("application/json", 30)]
    [InlineData("application/json", 5_000)]
    [InlineData("text/plain", 999)]
    [InlineData("application/octet-stream", 12_345)]
    public void Simulator_gives_the_same_bytes_from_every_offset(string mimeType, int length)
    {
        var content = new GeneratedContent(mimeType, 42, length);
        var whole = new byte[length];
        content.Fill(whole, 0);

        foreach (var offset in (int[])[0, 1, 7, 43, 417, 450, 4096, 65_537])
        {
            var part = new byte[Math.Clamp(length - offset, 0, 1000)];
            content.Fill(part, offset);
            Assert.Equal(whole.Skip(offset).Take(part.Length), part);
        }

        Assert.Equal(Convert.ToHexStringLower(MD5.HashData(whole)), content.ComputeChecksum());
        if (mimeType == "application/json")
        {
            JsonDocument.Parse(whole).Dispose();
        }
    }

    [Fact]
    public void Simulator_makes_a_wave_file_that_players_accept()
    {
        var bytes = new byte[16_044];
        new GeneratedContent("audio/wav", 7, bytes.Length).Fill(bytes, 0);

        Assert.Equal("RIFF"u8, bytes.AsSpan(0, 4));
        Assert.Equal("WAVEfmt "u8, bytes.AsSpan(8, 8));
        Assert.Equal(bytes.Length - 8, BitConverter.ToInt32(bytes, 4));
        Assert.Equal(bytes.Length - 44, BitConverter.ToInt32(bytes, 40));
    }

    [Fact]
    public void Simulator_makes_mp3_frames_one_after_another()
    {
        var bytes = new byte[4170];
        new GeneratedContent("audio/mpeg", 7, bytes.Length).Fill(bytes, 0);

        var syncs = Enumerable.Range(0, bytes.Length - 1).Where(index => bytes[index] == 0xFF && (bytes[index + 1] & 0xE0) == 0xE0);

        Assert.Equal(Enumerable.Range(0, 10).Select(frame => frame * 417), syncs);
    }

    [Theory]
    [InlineData(2_000)]
    [InlineData(300_000)]
    public void Simulator_makes_a_film_whose_boxes_fill_it(int length)
    {
        var bytes = new byte[length];
        new GeneratedContent("video/mp4", 7, bytes.Length).Fill(bytes, 0);

        var boxes = new List<string>();
        var position = 0;
        while (position < bytes.Length)
        {
            boxes.Add(System.Text.Encoding.ASCII.GetString(bytes, position + 4, 4));
            position += (int)System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(position));
        }

        Assert.Equal(bytes.Length, position);
        Assert.Equal("free", boxes[^1]);
        Assert.Contains("moov", boxes);
        Assert.Contains("mdat", boxes);
    }

    [Fact]
    public void Simulator_gives_checksums_of_parts()
    {
        var content = new GeneratedContent("application/octet-stream", 1, 25);
        var whole = new byte[25];
        content.Fill(whole, 0);
        var digests = whole.Chunk(10).SelectMany(MD5.HashData).ToArray();

        Assert.Equal($"{Convert.ToHexStringLower(MD5.HashData(digests))}-3", content.ComputeChecksum(10));
    }

    [Fact]
    public async Task Simulator_serves_a_region_as_a_folder_of_files()
    {
        var item = Add(bytes: 20_000);
        var strange = Server.Objects.Add(new ObjectSpecification { Region = item.Region, Id = "a&b c" });
        Server.Objects.Add(new ObjectSpecification { Region = "uk", Id = "elsewhere" });

        var folder = await Client.GetStringAsync(new Uri($"/__files/{item.Region}/", UriKind.Relative), Cancellation);
        Assert.Contains($"<a href=\"{item.Id}\">", folder, StringComparison.Ordinal);
        Assert.Contains("<a href=\"a%26b%20c\">a&amp;b c</a>", folder, StringComparison.Ordinal);
        Assert.DoesNotContain("elsewhere", folder, StringComparison.Ordinal);

        var file = new Uri($"/__files/{item.Region}/{item.Id}", UriKind.Relative);
        using var head = await Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, file), Cancellation);
        Assert.Equal(20_000L, head.Content.Headers.ContentLength);
        Assert.Equal(item.UpdatedTime.ToUnixTimeSeconds(), head.Content.Headers.LastModified!.Value.ToUnixTimeSeconds());
        Assert.Equal(item.Checksum, Convert.ToHexStringLower(MD5.HashData(await Client.GetByteArrayAsync(file, Cancellation))));
        var strangeFile = new Uri($"/__files/{item.Region}/a%26b%20c", UriKind.Relative);
        Assert.Equal(strange.Content.Length, (await Client.GetByteArrayAsync(strangeFile, Cancellation)).Length);
        Assert.Equal(HttpStatusCode.NotFound, (await Client.GetAsync(new Uri($"/__files/{item.Region}/none", UriKind.Relative), Cancellation)).StatusCode);
    }

    [Fact]
    public async Task Simulator_serves_content_and_counts_it()
    {
        var item = Add(bytes: 200_000);

        var bytes = await Client.GetByteArrayAsync(Content(item), Cancellation);

        Assert.Equal(item.Checksum, Convert.ToHexStringLower(MD5.HashData(bytes)));
        Assert.Equal(1, Server.Counters["content"]);
        Assert.Equal(200_000, Server.Counters["contentBytes"]);
    }

    [Fact]
    public async Task Simulator_serves_a_presigned_address_with_ranges_for_half_an_hour_and_without_token()
    {
        var item = Add(bytes: 1000);
        var address = new Uri(await Client.GetStringAsync(new Uri($"{Content(item)}?presignUrl=true", UriKind.Relative), Cancellation));
        using var anonymous = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Range = new(10, 19);

        using var part = await anonymous.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal(10, (await part.Content.ReadAsByteArrayAsync(Cancellation)).Length);

        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Get, address.AbsoluteUri));
        Time.Advance(TimeSpan.FromMinutes(31));
        using var late = await anonymous.GetAsync(address, Cancellation);
        Assert.Equal(HttpStatusCode.Forbidden, late.StatusCode);
    }

    [Fact]
    public async Task Simulator_restores_an_archived_object_for_some_days()
    {
        var item = Add(state: "ARCHIVED");
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Get, Content(item).ToString()));

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(HttpMethod.Post, $"/storage/us-east/v3/objects/{item.Id}/restore", """{"expirationDays":2}"""));
        Assert.Equal("ARCHIVED", Server.Objects.Find("us-east", item.Id)!.State);
        Time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(HttpMethod.Get, Content(item).ToString()));
        Time.Advance(TimeSpan.FromDays(2));

        Assert.Equal("ARCHIVED", Server.Objects.Find("us-east", item.Id)!.State);
    }

    [Theory]
    [InlineData("""{"expirationDays":0}""")]
    [InlineData("""{"expirationDays":11}""")]
    [InlineData("""{"expirationDays":"2"}""")]
    [InlineData("2")]
    [InlineData("{")]
    public async Task Simulator_restores_for_one_to_ten_days(string body)
    {
        var item = Add(state: "ARCHIVED");

        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(HttpMethod.Post, $"/storage/us-east/v3/objects/{item.Id}/restore", body));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    public async Task Simulator_restores_for_seven_days_whatever_the_query_says(string? body)
    {
        var item = Add(state: "ARCHIVED");

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(HttpMethod.Post, $"/storage/us-east/v3/objects/{item.Id}/restore?expirationDays=1", body));
        Assert.Equal(7, Server.Counters["restoreDays"]);
    }

    [Fact]
    public async Task Simulator_deletes_in_bulk()
    {
        var item = Add();
        var other = Add();

        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(HttpMethod.Delete, "/storage/us-east/v3/bulk", $"[\"{item.Id}\"]"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(HttpMethod.Get, $"/storage/us-east/v3/objects/{item.Id}"));
        Assert.Equal([other.Id], (await SearchAsync()).Ids);
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(HttpMethod.Delete, "/storage/us-east/v3/bulk", "{}"));
    }

    [Theory]
    [InlineData("a/b c%2F?#")]
    [InlineData("50%41")]
    public async Task Simulator_knows_ids_of_every_kind(string id)
    {
        Server.Objects.Add(new ObjectSpecification { Id = id });

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(HttpMethod.Get, $"/storage/us-east/v3/objects/{Uri.EscapeDataString(id)}/content"));
    }

    [Theory]
    [InlineData(FaultKind.Early)]
    [InlineData(FaultKind.Extra)]
    [InlineData(FaultKind.Flip)]
    [InlineData(FaultKind.ErrorJson)]
    [InlineData(FaultKind.ErrorHtml)]
    public async Task Simulator_serves_wrong_bytes_with_the_headers_of_right_ones(FaultKind kind)
    {
        var item = Add(bytes: 100_000);
        Server.Faults.Set(new FaultRule { Kind = kind, Call = "content" });

        var bytes = await Client.GetByteArrayAsync(Content(item), Cancellation);

        Assert.NotEqual(item.Checksum, Convert.ToHexStringLower(MD5.HashData(bytes)));
    }

    [Theory]
    [InlineData("gzip", false)]
    [InlineData("gzip", true)]
    [InlineData("deflate", true)]
    [InlineData("br", false)]
    [InlineData("gzip, br", true)]
    [InlineData("identity", false)]
    public async Task Simulator_codes_content_and_claims_either_its_bytes_or_those_of_the_text(string encoding, bool claimsCodedBytes)
    {
        var specification = new ObjectSpecification { Type = "transcription", Bytes = 20_000, ContentEncoding = encoding, ClaimsCodedBytes = claimsCodedBytes };
        var item = Server.Objects.Add(specification);
        var plain = new byte[item.Content.Length];
        item.Content.Fill(plain, 0);

        using var response = await Client.GetAsync(Content(item), Cancellation);
        var sent = await response.Content.ReadAsByteArrayAsync(Cancellation);

        Assert.Equal(encoding, string.Join(", ", response.Content.Headers.ContentEncoding));
        Assert.Equal(encoding == "identity", plain.AsSpan().SequenceEqual(sent));
        Assert.Equal((claimsCodedBytes ? sent : plain).Length, item.StoredBytes);
        Assert.Equal(Convert.ToHexStringLower(MD5.HashData(claimsCodedBytes ? sent : plain)), item.Checksum);
    }

    [Fact]
    public async Task Simulator_codes_the_content_of_one_object_for_a_rule()
    {
        var item = Add(bytes: 10_000, type: "transcription");
        Server.Faults.Set(new FaultRule { Kind = FaultKind.Encode, Call = "content", Id = item.Id, First = 1 });

        using var coded = await Client.GetAsync(Content(item), Cancellation);
        Assert.Equal(["gzip"], coded.Content.Headers.ContentEncoding);
        await using var text = new GZipStream(await coded.Content.ReadAsStreamAsync(Cancellation), CompressionMode.Decompress);
        Assert.Equal(item.Checksum, Convert.ToHexStringLower(await MD5.HashDataAsync(text, Cancellation)));
        using var plain = await Client.GetAsync(Content(item), Cancellation);
        Assert.Empty(plain.Content.Headers.ContentEncoding);
    }

    [Theory]
    [InlineData(FaultKind.Cut)]
    [InlineData(FaultKind.Reset)]
    public async Task Simulator_breaks_connections(FaultKind kind)
    {
        var item = Add(bytes: 100_000);
        Server.Faults.Set(new FaultRule { Kind = kind, Call = "content" });

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => Client.GetByteArrayAsync(Content(item), Cancellation));
    }

    [Fact]
    public async Task Simulator_misbehaves_on_the_first_read_only_for_each_object()
    {
        var items = new[] { Add(), Add() };
        Server.Faults.Set(new FaultRule { Kind = FaultKind.Status, Call = "content", Status = 429, RetryAfter = "3", First = 1, PerObject = true });

        foreach (var item in items)
        {
            using var refused = await Client.GetAsync(Content(item), Cancellation);
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(3), refused.Headers.RetryAfter!.Delta);
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(HttpMethod.Get, Content(item).ToString()));
        }
    }

    [Fact]
    public void Simulator_makes_the_same_demo_each_time()
    {
        DemoObjects.AddTo(Server.Objects, Now);
        var all = Server.Objects.GetAll();

        Assert.Equal(DemoObjects.Count, all.Count);
        Assert.Equal(DemoObjects.TotalBytes, all.Sum(item => item.Content.Length));
        Assert.Equal(2, all.Select(item => item.Region).Distinct().Count());
        Assert.Contains(all, item => item.Content.Length == 0);
        Assert.Contains(all, item => item.Content.Length == 80 * 1024 * 1024);
        Assert.Contains(all, item => item.ObjectName.Length == 1004);
        Assert.All(all, item => Assert.True(item.Content.Length >= 0 && item.UpdatedTime <= Now));
        Assert.Equal(13, all.Select(item => item.Type).Distinct().Count());
    }

    private static Uri Content(SimulatedObject item) => new($"/storage/{item.Region}/v3/objects/{item.Id}/content", UriKind.Relative);
}
