using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace DevStack;

/// <summary>What the verifier found.</summary>
internal sealed record Verdict(int Objects, long Bytes, IReadOnlyList<string> Missing, IReadOnlyList<string> Wrong)
{
    public bool IsGood => Missing.Count == 0 && Wrong.Count == 0;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Objects} objects, {Progress.Megabytes(Bytes)}, {(Wrong.Count == 0 ? "all verified" : $"{Wrong.Count} wrong")}, {Missing.Count} missing");
}

/// <summary>
/// Compares the archive with 8x8, byte by byte, sharing no code with the archiver: reads every receipt, every blob and,
/// from 8x8 again, every object.
/// </summary>
internal sealed class ArchiveVerifier(HttpClient client, Uri simulator, string storageConnectionString)
{
    private const string ReceiptSuffix = ".meta.json";
    private const int Concurrency = 4;

    public async Task<Verdict> VerifyAsync(CancellationToken cancellationToken)
    {
        var container = new BlobContainerClient(storageConnectionString, "recordings");
        var source = await ReadSourceAsync(cancellationToken);
        var token = await RequestTokenAsync(cancellationToken);
        var names = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix: null, cancellationToken))
        {
            names.Add(blob.Name);
        }

        var wrong = new List<string>();
        var archived = new HashSet<(string, string)>();
        var accounted = new HashSet<string>(StringComparer.Ordinal);
        var bytes = 0L;
        await Parallel.ForEachAsync(
            names.Where(name => name.EndsWith(ReceiptSuffix, StringComparison.Ordinal)),
            new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = cancellationToken },
            async (name, stop) =>
            {
                var receipt = (await container.GetBlobClient(name).DownloadContentAsync(stop)).Value.Content.ToObjectFromJson<JsonElement>();
                var region = receipt.GetProperty("region").GetString()!;
                var id = receipt.GetProperty("id").GetString()!;
                var content = receipt.GetProperty("content");
                var problem = await CompareAsync(container, token, region, id, name, content, stop);
                lock (accounted)
                {
                    accounted.Add(name);
                    accounted.Add(content.GetProperty("blob").GetString()!);
                    if (!archived.Add((region, id)))
                    {
                        problem ??= "archived twice";
                    }

                    if (problem is not null)
                    {
                        wrong.Add($"{region}/{id}: {problem}");
                    }

                    bytes += content.GetProperty("bytes").GetInt64();
                }
            });
        wrong.AddRange(names.Where(name => !accounted.Contains(name) && !name.StartsWith('_')).Select(name => $"{name}: belongs to no receipt"));
        return new Verdict(archived.Count, bytes, [.. source.Where(key => !archived.Contains(key)).Select(key => $"{key.Region}/{key.Id}")], wrong);
    }

    private async Task<string?> CompareAsync(
        BlobContainerClient container,
        string token,
        string region,
        string id,
        string receiptName,
        JsonElement content,
        CancellationToken cancellationToken)
    {
        var name = content.GetProperty("blob").GetString()!;
        if (receiptName != name + ReceiptSuffix)
        {
            return $"its receipt speaks of {name}";
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(simulator, $"/storage/{region}/v3/objects/{Uri.EscapeDataString(id)}/content"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            return string.Create(CultureInfo.InvariantCulture, $"8x8 answers {(int)response.StatusCode}");
        }

        await using var original = await response.Content.ReadAsStreamAsync(cancellationToken);
        await using var copy = await container.GetBlobClient(name).OpenReadAsync(new BlobOpenReadOptions(allowModifications: false), cancellationToken);
        var wanted = Convert.ToHexStringLower(await SHA256.HashDataAsync(original, cancellationToken));
        var found = Convert.ToHexStringLower(await SHA256.HashDataAsync(copy, cancellationToken));
        return wanted != found ? "the bytes differ"
            : content.GetProperty("sha256").GetString() != found ? "the receipt names another SHA-256"
            : content.GetProperty("bytes").GetInt64() != copy.Length ? "the receipt names another size"
            : null;
    }

    private async Task<HashSet<(string Region, string Id)>> ReadSourceAsync(CancellationToken cancellationToken)
    {
        var objects = await client.GetFromJsonAsync<JsonElement>(new Uri(simulator, "/__admin/objects"), cancellationToken);
        return [.. objects.EnumerateArray().Select(item => (item.GetProperty("region").GetString()!, item.GetProperty("id").GetString()!))];
    }

    private async Task<string> RequestTokenAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(simulator, "/oauth/v2/token"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("demo-key:demo-secret")));
        request.Content = new FormUrlEncodedContent([KeyValuePair.Create("grant_type", "client_credentials")]);
        using var response = await client.SendAsync(request, cancellationToken);
        response.EnsureSuccessStatusCode();
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
        return json.RootElement.GetProperty("access_token").GetString()!;
    }
}
