using System.Collections;
using System.Text;
using System.Text.Json;

namespace DevStack.Tests;

/// <summary>A request.</summary>
/// <param name="Method">Its method.</param>
/// <param name="Path">Its path and query, as they go over the wire.</param>
/// <param name="Body">Its body.</param>
internal sealed record HostileRequest(string Method, string Path, byte[]? Body);

/// <summary>Requests without end to given routes, the same for the same seed. Those that would begin something are wrong in some way or other.</summary>
internal sealed class HostileRequests(int seed, IReadOnlyList<(string Method, string Route, bool IsOpen)> routes) : IEnumerable<HostileRequest>
{
    private static readonly string[] Texts =
    [
        "..", "../../etc/passwd", "%2e%2e%2f", "%252e%252e%252f", "%c0%ae%c0%ae", "%00", "%0d%0aX-Injected:%20yes", "%ff%fe", "%ED%A0%80",
        "%E2%80%AE", "%F0%9F%98%80", "%", "%2", "%zz", "+", "%20",
        "'", "%27%20or%20%271%27%20eq%20%271", "%22", "<script>alert(1)</script>", "%3Cscript%3E", "{0}", "$filter=true", ";drop", "a|b",
        "uk|20261101", "~complete", "null", "undefined", "true", "NaN", "-1", "0",
        "99999999999999999999", "1e400", "0x10", "2026-11-24", "2026-02-30", "9999-12-31T23:59:59.9999999Z", "0001-01-01", "2026-11-24T25:00:00Z",
        "2026-11-24T00:00:00%2B99:99", "%D9%A2%D9%A0", "uk", "recording", "broken",
        new string('a', 513), string.Concat(Enumerable.Repeat("%25", 200)),
        string.Concat(Enumerable.Repeat("%F0%9F%98%80", 300)), new string('/', 50), new string('.', 50), new string('9', 400),
    ];

    private static readonly string[] Parameters =
    [
        "from", "to", "region", "type", "state", "q", "call", "cursor", "limit", "created", "hours", "regions", "types", "maxPages", "probeRights",
        "code", "$filter", "__proto__", "", "%00", "a%5Bb%5D",
    ];

    private static readonly string[] Fields =
        ["from", "to", "regions", "types", "region", "type", "ids", "dryRun", "", "__proto__", "FROM", "\\u0066rom", "\\ud800"];

    private static readonly string[] Values =
    [
        "null", "true", "1", "-1e999", "\"\"", "\"\\ud800\"", "\"\\u0000\"", "[]", "{}", "[null]", "[\"a\",1]", "[\"..\"]", "[\"\\udc00\"]",
        "\"2026-01-01\"", "\"2199-12-31\"", "\"9999-12-31\"", "\"yesterday\"", "\"x' or 'x' eq 'x\"",
    ];

    private static readonly string[] Bodies =
        ["[", "{", "[]", "1", "\"a\"", "{\"a\":}", "\uFEFF{}x", "{\"from\":\"2026-01-01\"", "<xml/>", "\0", "{}{}", "{\"a\":1}//"];

    public IEnumerator<HostileRequest> GetEnumerator()
    {
#pragma warning disable CA5394 // It is to be the same each time.
        var random = new Random(seed);
#pragma warning restore CA5394
        while (true)
        {
            var (method, route, _) = Pick(random, routes);
            var query = string.Join('&', Repeat(random, 3, () => $"{Pick(random, Parameters)}={Text(random)}"));
            var path = string.Join('/', route.Split('/').Select(part => part.StartsWith('{') ? Text(random) : part));
            var takesBody = method == "POST" && route is not ("/api/reconcile" or "/api/ledger/rebuild" or "/api/index/rebuild");
            if (method == "GET" || takesBody)
            {
                yield return new HostileRequest(method, query.Length > 0 ? $"{path}?{query}" : path, takesBody ? Body(random, route) : null);
            }
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

#pragma warning disable CA5394
    private static T Pick<T>(Random random, IReadOnlyList<T> items) => items[random.Next(items.Count)];

    private static List<string> Repeat(Random random, int max, Func<string> make) => [.. Enumerable.Range(0, random.Next(max + 1)).Select(_ => make())];

    private static string Text(Random random) => random.Next(10) switch
    {
        < 6 => Pick(random, Texts),
        < 9 => Uri.EscapeDataString(Characters(random)),
        _ => string.Concat(Enumerable.Range(0, random.Next(1, 30)).Select(_ => $"%{random.Next(256):X2}")),
    };

    private static string Characters(Random random) => string.Concat(Enumerable.Range(0, random.Next(40))
        .Select(_ => new Rune(random.Next(4) == 0 ? random.Next(0xE000, 0x10FFFF) : random.Next(0x250)).ToString()));

    private static byte[] Body(Random random, string route)
    {
        // What is wrong in any case comes last, so that everything before it is looked at; the last of two fields counts.
        var wrong = (random.Next(3) == 0 ? "" : route) switch
        {
            "/api/backfill" => "\"to\":5",
            "/api/failures/redrive" => "\"ids\":[]",
            "/api/purge" => "\"dryRun\":\"yes\"",
            _ => "\"never\":1",
        };
        switch (random.Next(10))
        {
            case 0:
                var octets = new byte[random.Next(1, 200)];
                random.NextBytes(octets);
                return octets;
            case 1:
                return Encoding.UTF8.GetBytes(Pick(random, Bodies));
            case 2:
                return Encoding.UTF8.GetBytes($"{{\"never\":\"{new string('a', random.Next(60_000, 90_000))}\"}}");
            case 3:
                return [.. "{\"from\":\""u8, 0xC3, 0x28, .. "\","u8, .. Encoding.UTF8.GetBytes(wrong), (byte)'}'];
            default:
                var fields = Repeat(random, 5, () => $"\"{Pick(random, Fields)}\":{Value(random)},");
                return Encoding.UTF8.GetBytes($"{{{string.Concat(fields)}{wrong}}}");
        }
    }

    private static string Value(Random random)
    {
        var depth = random.Next(1, 200);
        return random.Next(6) switch
        {
            0 => JsonSerializer.Serialize(Characters(random)),
            1 => new string('[', depth) + new string(']', depth),
            2 => string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth),
            _ => Pick(random, Values),
        };
    }
#pragma warning restore CA5394
}
