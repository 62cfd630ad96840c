using System.Text.Json;

namespace Infrastructure.Tests;

/// <summary>A company with rules of its own: an owner makes a little, a pipeline the rest, and what exists is taken.</summary>
public sealed class LandingZoneTests(TemplateFixture template)
{
    // What bootstrap.bicep makes, or a landing zone has.
    private static readonly string[] Existing =
    [
        "Microsoft.Authorization/roleDefinitions", "Microsoft.Insights/actionGroups", "Microsoft.ManagedIdentity/userAssignedIdentities",
        "Microsoft.Network/networkSecurityGroups", "Microsoft.Network/privateDnsZones", "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        "Microsoft.Network/virtualNetworks", "Microsoft.OperationalInsights/workspaces", "Microsoft.Resources/resourceGroups",
    ];

    [Fact]
    public async Task Bootstrap_creates_the_resource_group_the_identity_and_its_roles_and_nothing_else()
    {
        var types = (await template.PredictedAsync("bootstrap")).Resources.Select(resource => resource.Type).Distinct(StringComparer.Ordinal);

        Assert.Equal(
            [
                "Microsoft.Authorization/roleAssignments", "Microsoft.Authorization/roleDefinitions", "Microsoft.ManagedIdentity/userAssignedIdentities",
                "Microsoft.Resources/resourceGroups",
            ],
            types.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_pipeline_may_assign_the_roles_of_the_template_and_no_other()
    {
        var bootstrap = await template.PredictedAsync("bootstrap");
        var assign = bootstrap.Find("role Role Based Access Control Administrator on {group}").Properties;
        var assigned = new HashSet<string>(StringComparer.Ordinal);
        foreach (var theCase in new[] { "default", "locked", "zones" })
        {
            assigned.UnionWith((await template.PredictedAsync(theCase)).Assignments.Select(assignment => assignment.Role));
        }

        Assert.Equal(
            ["Contributor", "Locks Contributor", "Role Based Access Control Administrator"],
            bootstrap.Assignments.Select(assignment => assignment.Role).Order(StringComparer.Ordinal));
        Assert.Equal("2.0", assign["properties.conditionVersion"]);
        var lists = assign["properties.condition"].Split('{').Where(part => part.Contains('-', StringComparison.Ordinal)).Select(part => part.Split('}')[0])
            .ToList();
        Assert.Equal(2, lists.Count);
        Assert.All(lists, list => Assert.Equal(
            assigned.Order(StringComparer.Ordinal),
            list.Split(", ").Select(bootstrap.RoleName).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public async Task A_pipeline_deploys_what_an_owner_does_but_for_what_the_owner_made_before()
    {
        string[] made = ["Microsoft.Authorization/roleDefinitions", "Microsoft.ManagedIdentity/userAssignedIdentities", "Microsoft.Resources/resourceGroups"];
        var byOwner = (await template.PredictedAsync("default")).Resources;
        var byPipeline = (await template.PredictedAsync("pipeline")).Resources;

        // The compiler does not know the names of the roles that the owner made.
        Assert.Equal(
            Names(byOwner.Where(resource => !made.Contains(resource.Type))),
            Names(byPipeline));

        static IEnumerable<string> Names(IEnumerable<Resource> resources) => resources
            .Select(resource => resource.Type == "Microsoft.Authorization/roleAssignments" ? resource.Type : resource.Name)
            .Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_created_that_a_landing_zone_has()
    {
        // The address of a webhook is secret, so the compiler does not know whether there is one to make an action group for.
        var created = (await template.PredictedAsync("existing")).Resources
            .Where(resource => Existing.Contains(resource.Type)
                && resource.Properties.GetValueOrDefault("condition") != "[or(false(), not(empty(parameters('alertWebhook'))))]");

        Assert.Empty(created.Select(resource => resource.Name));
    }

    [Fact]
    public async Task What_exists_is_used()
    {
        var snapshot = await template.PredictedAsync("existing");

        Assert.EndsWith("/subnets/archive-app", snapshot.Find("Web/sites/func-*").Properties["properties.virtualNetworkSubnetId"], StringComparison.Ordinal);
        var workspace = snapshot.Find("Insights/components/appi-*").Properties["properties.WorkspaceResourceId"];
        Assert.EndsWith("/Microsoft.OperationalInsights/workspaces/central", workspace, StringComparison.Ordinal);
        Assert.All(
            snapshot.Resources.Where(resource => resource.Type == "Microsoft.Network/privateEndpoints"),
            endpoint => Assert.EndsWith("/subnets/endpoints", endpoint.Properties["properties.subnet.id"], StringComparison.Ordinal));
        Assert.Equal(
            ["app-sites", "archive-blob", "runtime-blob", "runtime-queue", "runtime-table"],
            snapshot.Resources.Where(resource => resource.Type == "Microsoft.Network/privateEndpoints/privateDnsZoneGroups")
                .Select(zone => zone.Name["Network/privateEndpoints/pep-".Length..].Split("-*")[0])
                .Order(StringComparer.Ordinal));
        Assert.All(
            snapshot.Resources.Where(resource => resource.Type == "Microsoft.Insights/scheduledQueryRules"),
            alert => Assert.Contains("/actionGroups/on-call'", alert.Properties["properties.actions.actionGroups"], StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("locked")]
    [InlineData("existing")]
    public async Task The_app_itself_can_be_reached_through_a_private_endpoint_alone(string theCase)
    {
        var snapshot = await template.PredictedAsync(theCase);

        Assert.Equal("Disabled", snapshot.Find("Web/sites/func-*").Properties["properties.publicNetworkAccess"]);
        Assert.Equal(
            "[sites]",
            snapshot.Find("Network/privateEndpoints/pep-app-sites-*").Properties["properties.privateLinkServiceConnections[0].properties.groupIds"]);
    }

    [Theory]
    [InlineData("half", "param privateNetwork = true\nparam appSubnetId = '/subscriptions/a/b'", "appSubnetId and endpointSubnetId belong together")]
    [InlineData(
        "underscore",
        "param privateNetwork = true\nparam endpointSubnetId = '/subscriptions/a/b'\nparam appSubnetId = '/subscriptions/a_b/snet_app'",
        "no subnet with an underscore in its name, such as snet_app.")]
    [InlineData("public", "param privateApp = true", "privateApp, appSubnetId and endpointSubnetId need privateNetwork.")]
    public async Task Parameters_of_a_network_that_do_not_fit_are_refused(string name, string parameters, string error)
    {
        var refused = await Assert.ThrowsAsync<TemplateException>(() => template.PredictAsync(name, parameters, TestContext.Current.CancellationToken));

        Assert.Contains(error, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Both_ways_of_deploying_take_the_same_parameters()
    {
        // Those that belong to the one way alone.
        string[] ofMain = ["resourceGroupName", "legalHolds"];
        string[] ofResources = ["identityId", "archiveWriterRoleId", "tokenKeeperRoleId", "holdKeeperRoleId"];
        var main = await ParametersAsync("main");
        var resources = await ParametersAsync("resources");

        Assert.Equal(main.Keys.Except(ofMain, StringComparer.Ordinal), resources.Keys.Except(ofResources, StringComparer.Ordinal));
        Assert.All(main.Where(parameter => !ofMain.Contains(parameter.Key)), parameter => Assert.Equal(parameter.Value, resources[parameter.Key]));
    }

    private async Task<Dictionary<string, string>> ParametersAsync(string name)
    {
        using var compiled = JsonDocument.Parse((await template.BuildAsync(name)).Output);
        return compiled.RootElement.GetProperty("parameters").EnumerateObject().ToDictionary(
            parameter => parameter.Name,
            // azd asks for the region by a mark of its own.
            parameter => string.Join(' ', parameter.Value.EnumerateObject().Select(property => property.Name == "metadata"
                ? property.Value.GetProperty("description").GetString()
                : property.ToString())),
            StringComparer.Ordinal);
    }
}
