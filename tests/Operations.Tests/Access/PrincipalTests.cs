using System.Text;
using System.Text.Json;
using Archiving.Model;
using Archiving.Settings;
using Microsoft.Extensions.Configuration;
using Operations.Access;

namespace Operations.Tests;

/// <summary>The caller by the header of App Service authentication, and what the caller may do and see.</summary>
public sealed class PrincipalTests
{
    private const string ObjectId = "http://schemas.microsoft.com/identity/claims/objectidentifier";
    private const string Sales = "11111111-2222-3333-4444-555555555555";
    private const string Uk = "66666666-7777-8888-9999-000000000000";
    private const string Scopes =
        $$"""[{"group":"{{Sales}}","any":[{"queueName":"Sales"},{"userId":"u-1"}]},{"group":"{{Uk}}","any":[{"region":"uk","type":"voicemail"}]}]""";

    [Fact]
    public void Principal_of_the_documented_form_is_read()
    {
        var header = Encode("""
            {"auth_typ":"aad","name_typ":"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
             "role_typ":"http://schemas.microsoft.com/ws/2008/06/identity/claims/role","claims":[
             {"typ":"aud","val":"a"},{"typ":"http://schemas.microsoft.com/identity/claims/objectidentifier","val":"o-1"},
             {"typ":"preferred_username","val":"jane@contoso.com"},{"typ":"name","val":"Jané Doe"},
             {"typ":"roles","val":"Viewer"},{"typ":"roles","val":"Operator"},
             {"typ":"groups","val":"g-1"},{"typ":"groups","val":"g-2"}]}
            """);

        Assert.True(ClientPrincipal.TryRead(header, out var principal, out _));
        Assert.Equal(("o-1", "jane@contoso.com"), (principal.ObjectId, principal.Name));
        Assert.Equal(["Viewer", "Operator"], principal.Roles);
        Assert.Equal(["g-1", "g-2"], principal.Groups);
        Assert.False(principal.HasTooManyGroups);
    }

    [Theory]
    [InlineData("roles", null)]
    [InlineData("http://schemas.microsoft.com/ws/2008/06/identity/claims/role", null)]
    [InlineData("my-role", "my-role")]
    public void Role_is_read_under_each_name_that_App_Service_gives_it(string type, string? roleType)
    {
        Assert.True(ClientPrincipal.TryRead(Header("aad", roleType, (ObjectId, "o"), (type, "Viewer")), out var principal, out _));

        Assert.Equal(["Viewer"], principal.Roles);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("{}")]
    [InlineData("{\"auth_typ\":\"aad\"}")]
    [InlineData("{\"auth_typ\":\"aad\",\"claims\":null}")]
    [InlineData("{\"auth_typ\":\"aad\",\"claims\":{}}")]
    [InlineData("{\"auth_typ\":\"aad\",\"claims\":[null]}")]
    [InlineData("{\"auth_typ\":\"aad\",\"claims\":[[]]}")]
    [InlineData("{\"auth_typ\":\"aad\",\"claims\":[{\"typ\":\"oid\",\"val\":5}]}")]
    [InlineData("{\"auth_typ\":\"aad\",\"claims\":[{\"typ\":\"oid\",\"val\":\"\"}]}")]
    [InlineData("{\"auth_typ\":\"aad\",\"claims\":[{\"typ\":\"oid\",\"val\":\"a\"},{\"typ\":\"oid\",\"val\":\"b\"}]}")]
    [InlineData("{\"auth_typ\":\"aad\",\"claims\":[{\"typ\":\"oid\",\"val\":\"a\"},{\"val\":\"b\"}]}")]
    [InlineData("""{"auth_typ":"aad","claims":[{"typ":"oid","val":"a"},{"typ":"roles","val":"Viewer"},{"typ":"roles","val":"Viewer"}]}""")]
    [InlineData("{\"auth_typ\":\"google\",\"claims\":[{\"typ\":\"oid\",\"val\":\"a\"}]}")]
    [InlineData("{\"auth_typ\":\"aad\",\"auth_typ\":\"aad\",\"claims\":[{\"typ\":\"oid\",\"val\":\"a\"}]}")]
    [InlineData("{\"auth_typ\":\"aad\",\"claims\":[{\"typ\":\"oid\",\"val\":\"a\"}]}x")]
    public void Principal_of_any_other_form_is_refused(string json)
    {
        Assert.False(ClientPrincipal.TryRead(Encode(json), out _, out var problem));
        Assert.NotEmpty(problem);
    }

    [Theory]
    [InlineData("%")]
    [InlineData("e30")]
    [InlineData("e30= ")]
    [InlineData(" e30=")]
    [InlineData("e30=\t")]
    [InlineData("e3\n0=")]
    public void Principal_that_is_no_Base64_is_refused(string header) => Assert.False(ClientPrincipal.TryRead(header, out _, out _));

    [Fact]
    public void Principal_with_200_groups_is_read_and_a_longer_header_than_any_is_refused()
    {
        (string, string)[] groups = [.. Enumerable.Range(0, 200).Select(_ => ("groups", Guid.NewGuid().ToString()))];

        Assert.True(ClientPrincipal.TryRead(Header("aad", null, [(ObjectId, "o"), .. groups]), out var principal, out _));
        Assert.Equal(200, principal.Groups.Count);
        Assert.False(ClientPrincipal.TryRead(Header("aad", null, [(ObjectId, "o"), ("x", new string('a', 70_000))]), out _, out _));
    }

    [Theory]
    [InlineData("Viewer", Sales, "uk voicemail Sales u-2", true, true)]
    [InlineData("Viewer", Sales, "uk voicemail sales u-2", false, false)]
    [InlineData("Viewer", Sales, "ca meeting - u-1", true, true)]
    [InlineData("Viewer", Uk, "uk voicemail Sales u-1", true, true)]
    [InlineData("Viewer", Uk, "uk meeting Sales u-1", false, false)]
    [InlineData("Viewer", "00000000-0000-0000-0000-000000000000", "uk voicemail Sales u-1", false, false)]
    [InlineData("Viewer,Operator", Uk, "ca meeting - -", true, false)]
    [InlineData("Operator", Sales, "uk voicemail Sales u-1", true, false)]
    [InlineData("Investigator", Uk, "ca meeting - -", true, true)]
    [InlineData("Administrator", "", "ca meeting - -", true, true)]
    [InlineData("", Sales, "uk voicemail Sales u-1", false, false)]
    [InlineData("viewer", Sales, "uk voicemail Sales u-1", false, false)]
    [InlineData("1", Sales, "uk voicemail Sales u-1", false, false)]
    public void Caller_knows_of_objects_and_sees_names_by_role_and_group(string roles, string group, string row, bool knows, bool seesNames)
    {
        var parts = row.Split(' ').Select(part => part == "-" ? null : part).ToList();
        var entry = new Archiving.Ledger.LedgerEntry { Region = parts[0]!, Type = parts[1]!, QueueName = parts[2], UserId = parts[3] };

        var caller = new CallerReader(Read(("Access:Mode", "EntraId"), ("Access:Scopes", Scopes)))
            .Read(new ClientPrincipal("o", null, roles.Split(','), [group.ToUpperInvariant()]));

        Assert.Equal((knows, seesNames), (caller.Scope.Includes(entry), caller.SeesNames(entry)));
    }

    [Fact]
    public void Viewer_sees_everything_without_scopes()
    {
        var caller = new CallerReader(Read(("Access:Mode", "EntraId"))).Read(new ClientPrincipal("o", null, ["Viewer"], []));

        Assert.True(caller.Scope.IsEverything && caller.ContentScope.IsEverything);
    }

    [Theory]
    [InlineData("Access:Mode", "Basic", "FunctionKey, EntraId")]
    [InlineData("Access:Scopes", "sales", "not valid JSON")]
    [InlineData("Access:Scopes", "{}", "a JSON list of scopes")]
    [InlineData("Access:Scopes", "[]", "a JSON list of scopes")]
    [InlineData("Access:Scopes", """[{"group":"sales","any":[{"region":"uk"}]}]""", "scope 1")]
    [InlineData("Access:Scopes", $$"""[{"group":"{{Sales}}","any":[]}]""", "scope 1")]
    [InlineData("Access:Scopes", $$"""[{"group":"{{Sales}}","any":[{}]}]""", "scope 1")]
    [InlineData("Access:Scopes", $$"""[{"group":"{{Sales}}","any":[{"region":"uk"}],"all":[]}]""", "scope 1")]
    [InlineData("Access:Scopes", $$"""[{"group":"{{Sales}}","any":[{"region":"uk"}]},{"group":"{{Uk}}","any":[{"team":"a"}]}]""", "\"team\"")]
    [InlineData("Access:Scopes", $$"""[{"group":"{{Sales}}","any":[{"region":""}]}]""", "\"region\"")]
    [InlineData("Access:Scopes", $$"""[{"group":"{{Sales}}","any":[{"region":["uk"]}]}]""", "\"region\"")]
    [InlineData("Access:Scopes", $$"""[{"group":"{{Sales}}","any":[{"1":"uk"}]}]""", "\"1\"")]
    [InlineData("Access:Scopes", $$"""[{"group":"{{Sales}}","any":[{"region,type":"uk"}]}]""", "\"region,type\"")]
    [InlineData("Audit:Container", "Audit", "Audit__Container")]
    [InlineData("WEBSITE_AUTH_ENABLED", "False", "App Service authentication")]
    public void Access_setting_that_cannot_be_used_is_named(string name, string value, string expected)
    {
        var mode = name == "Access:Mode" ? value : "EntraId";

        var exception = Assert.Throws<SettingsException>(() => Read(("Access:Mode", mode), (name == "Access:Mode" ? "x" : name, value)));

        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Scopes_in_the_mode_that_has_none_are_refused() =>
        Assert.Contains("Access__Scopes", Assert.Throws<SettingsException>(() => Read(("Access:Scopes", Scopes))).Message, StringComparison.Ordinal);

    private static AccessOptions Read(params (string Name, string Value)[] settings)
    {
        var all = settings.ToDictionary(setting => setting.Name, setting => (string?)setting.Value, StringComparer.Ordinal);
        var reader = new SettingsReader(new ConfigurationBuilder().AddInMemoryCollection(all).Build());
        var options = AccessOptions.Read(reader);
        reader.ThrowIfAnyProblem();
        return options;
    }

    private static string Header(string provider, string? roleType, params (string Type, string Value)[] claims) => Encode(JsonSerializer.Serialize(new
    {
        auth_typ = provider,
        name_typ = "name",
        role_typ = roleType,
        claims = claims.Select(claim => new { typ = claim.Type, val = claim.Value }),
    }));

    private static string Encode(string json) => Convert.ToBase64String(Encoding.UTF8.GetBytes(json));
}
