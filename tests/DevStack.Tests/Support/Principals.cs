using System.Text;
using System.Text.Json;

namespace DevStack.Tests;

/// <summary>Headers as App Service authentication sets them, and as it never would.</summary>
internal static class Principals
{
    public const string Header = "X-MS-CLIENT-PRINCIPAL";
    private const string ObjectId = "http://schemas.microsoft.com/identity/claims/objectidentifier";
    private const string Roles = "roles";

    /// <summary>The header of a person.</summary>
    /// <param name="id">Object id.</param>
    /// <param name="roles">App roles.</param>
    /// <param name="groups">Object ids of groups.</param>
    public static string Of(string id, IEnumerable<string> roles, params IEnumerable<string> groups) => Encode(
        [(ObjectId, id), ("preferred_username", $"{id}@contoso.com"), .. roles.Select(role => (Roles, role)), .. groups.Select(group => ("groups", group))]);

    /// <summary>
    /// Headers without end, the same for the same seed, each with what would be an administrator's if it were not wrong in
    /// one way or another.
    /// </summary>
#pragma warning disable CA5394 // It is to be the same each time.
    public static IEnumerable<string> Hostile(int seed)
    {
        var random = new Random(seed);
        var good = Of("o-admin", ["Administrator"]);
        while (true)
        {
            yield return random.Next(16) switch
            {
                0 => good[..^random.Next(1, 4)] + new string('!', random.Next(1, 4)),
                1 => Insert(good, random, " \t,;%\u00A0"),
                2 => Convert.ToBase64String(RandomBytes(random, 300)),
                3 => Encoded(RandomCharacters(random)),
                4 => Encoded(Pick(random, "null", "[]", "1", "true", "\"Administrator\"", "{}", "{\"claims\":[]}", "[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]")),
                5 => Encode([(ObjectId, "o-admin"), (Roles, "Administrator"), (Roles, "Administrator")]),
                6 => Encode([(ObjectId, "o-admin"), (ObjectId, $"o-{random.Next()}"), (Roles, "Administrator")]),
                7 => Encode([(Roles, "Administrator"), (Pick(random, "sub", "oid2", "OID", "nameidentifier"), "o-admin")]),
                8 => Encode([(ObjectId, "o-admin"), (Roles, "Administrator")], Pick(random, "google", "facebook", "aad2", "", "AAD ", "github", "\0aad")),
                9 => Encode([(ObjectId, Pick(random, "", new string('a', 300), "a\nb", "\0")), (Roles, "Administrator")]),
                10 => Encoded(Typed(random, Pick(random, "5", "null", "[]", "{}", "true", "1e999", "[\"Administrator\"]"))),
                11 => Encoded(Decoded(good)[..random.Next(1, 100)]),
                12 => Encode([(ObjectId, "o-admin"), (Roles, "Administrator"), ("junk", new string('x', random.Next(70_000, 90_000)))]),
                13 => Encode([(ObjectId, "o-admin"), (Roles, "Administrator"), .. Enumerable.Repeat(("groups", "more than a token holds"), 3000)]),
                14 => Encoded(Decoded(good).Replace("claims\":", Pick(random, "Claims\":", "claims\":[],\"claims\":", "claim\":"), StringComparison.Ordinal)),
                _ => Encoded(Decoded(good) + Pick(random, "x", "{}", ",", "\0")),
            };
        }
    }

    private static string Pick(Random random, params string[] items) => items[random.Next(items.Length)];

    private static byte[] RandomBytes(Random random, int max)
    {
        var bytes = new byte[random.Next(1, max)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static string RandomCharacters(Random random) => string.Concat(Enumerable.Range(0, random.Next(1, 200)).Select(_ => (char)random.Next(32, 0xD7FF)));

    private static string Insert(string text, Random random, string characters) =>
        text.Insert(random.Next(1, text.Length - 1), characters[random.Next(characters.Length)].ToString());

    private static string Typed(Random random, string value) => random.Next(4) switch
    {
        0 => $$"""{"auth_typ":"aad","claims":[{"typ":"{{ObjectId}}","val":{{value}}},{"typ":"roles","val":"Administrator"}]}""",
        1 => $$"""{"auth_typ":"aad","claims":[{"typ":"{{ObjectId}}","val":"o-admin"},{"typ":{{value}},"val":"Administrator"}]}""",
        2 => $$"""{"auth_typ":"aad","claims":[{"typ":"{{ObjectId}}","val":"o-admin"},{"typ":"roles","val":{{value}}}]}""",
        _ => $$"""{"auth_typ":{{value}},"claims":[{"typ":"{{ObjectId}}","val":"o-admin"},{"typ":"roles","val":"Administrator"}]}""",
    };
#pragma warning restore CA5394

    private static string Encode(IEnumerable<(string Type, string Value)> claims, string provider = "aad") => Encoded(JsonSerializer.Serialize(new
    {
        auth_typ = provider,
        name_typ = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
        role_typ = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
        claims = claims.Select(claim => new { typ = claim.Type, val = claim.Value }),
    }));

    private static string Encoded(string json) => Convert.ToBase64String(Encoding.UTF8.GetBytes(json));

    private static string Decoded(string header) => Encoding.UTF8.GetString(Convert.FromBase64String(header));
}
