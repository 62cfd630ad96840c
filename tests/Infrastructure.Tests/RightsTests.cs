namespace Infrastructure.Tests;

/// <summary>The app's identity has every right that the code needs, and none besides.</summary>
public sealed class RightsTests(TemplateFixture template)
{
    private const string App = "{id-*.principalId}";

    // What the ready-made roles hold: Microsoft Learn, "Azure built-in roles".
    private static readonly Dictionary<string, string[]> ReadyMade = new(StringComparer.Ordinal)
    {
        ["Storage Blob Delegator"] = [AzureCalls.SignLinks],
        ["Storage Queue Data Contributor"] =
        [
            "Microsoft.Storage/storageAccounts/queueServices/queues/delete",
            AzureCalls.ReadQueue,
            AzureCalls.WriteQueue,
            "Microsoft.Storage/storageAccounts/queueServices/queues/messages/delete",
            "Microsoft.Storage/storageAccounts/queueServices/queues/messages/read",
            "Microsoft.Storage/storageAccounts/queueServices/queues/messages/write",
            "Microsoft.Storage/storageAccounts/queueServices/queues/messages/process/action",
            AzureCalls.AddMessage,
        ],
        ["Storage Table Data Contributor"] =
        [
            "Microsoft.Storage/storageAccounts/tableServices/tables/read",
            AzureCalls.WriteTable,
            "Microsoft.Storage/storageAccounts/tableServices/tables/delete",
            AzureCalls.ReadEntities,
            AzureCalls.WriteEntities,
            AzureCalls.DeleteEntities,
            AzureCalls.AddEntities,
            AzureCalls.UpdateEntities,
        ],
    };

    [Fact]
    public void Every_call_to_Azure_is_on_the_list_of_calls_and_rights()
    {
        var folder = Path.GetDirectoryName(Repository.Functions)!;
        string[] assemblies = [.. Directory.GetFiles(folder, "Archiving*.dll"), .. Directory.GetFiles(folder, "Operations*.dll"), Repository.Functions];
        var calls = assemblies.SelectMany(AzureCalls.In).Distinct(StringComparer.Ordinal).ToList();

        Assert.Empty(calls.Except(AzureCalls.Rights.Keys, StringComparer.Ordinal));
        Assert.Empty(AzureCalls.Rights.Keys.Except(calls, StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("default")]
    [InlineData("trial")]
    public async Task The_app_has_these_roles_and_no_other(string theCase)
    {
        var snapshot = await template.PredictedAsync(theCase);

        Assert.Equal(
            [
                "Monitoring Metrics Publisher on Insights/components/appi-*",
                "Storage Blob Delegator on Storage/storageAccounts/starc*",
                "Archive Writer * on Storage/storageAccounts/starc*/blobServices/default/containers/recordings",
                "Token Keeper * on KeyVault/vaults/kv-*",
                "Storage Blob Data Owner on Storage/storageAccounts/strun*",
                "Storage Queue Data Contributor on Storage/storageAccounts/strun*",
                "Storage Table Data Contributor on Storage/storageAccounts/strun*",
            ],
            snapshot.Assignments.Select(assignment => $"{assignment.Role} on {assignment.Scope}"),
            EqualityComparer<IEnumerable<string>>.Create((one, other) => one!.ToHashSet(StringComparer.Ordinal).SetEquals(other!)));
        Assert.All(snapshot.Assignments, assignment => Assert.Equal($"[{App}]", assignment.Principal));
    }

    [Fact]
    public async Task A_person_gets_a_role_on_the_vault_only_when_named()
    {
        var assignments = (await template.PredictedAsync("locked")).Assignments;

        var others = assignments.Where(assignment => assignment.Principal != $"[{App}]");
        Assert.Equal([new Assignment("Key Vault Secrets Officer", "KeyVault/vaults/kv-*", "00000000-0000-0000-0000-000000000003")], others);
        Assert.Equal(8, assignments.Count);
    }

    [Fact]
    public async Task On_the_archive_the_app_has_exactly_the_rights_that_its_calls_need()
    {
        var snapshot = await template.PredictedAsync("default");
        var granted = Rights(snapshot, "Archive Writer *").Concat(ReadyMade["Storage Blob Delegator"]);

        Assert.Equal(AzureCalls.Needed("Microsoft.Storage/storageAccounts/blobServices"), granted.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task On_the_vault_the_app_has_exactly_the_rights_that_its_calls_need()
    {
        var granted = Rights(await template.PredictedAsync("default"), "Token Keeper *");

        Assert.Equal(AzureCalls.Needed("Microsoft.KeyVault"), granted.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Microsoft.Storage/storageAccounts/queueServices", "Storage Queue Data Contributor")]
    [InlineData("Microsoft.Storage/storageAccounts/tableServices", "Storage Table Data Contributor")]
    public void On_queues_and_tables_the_role_covers_every_call(string service, string role)
    {
        var needed = AzureCalls.Needed(service).ToList();

        Assert.NotEmpty(needed);
        Assert.Empty(needed.Except(ReadyMade[role], StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Archive Writer *")]
    [InlineData("Token Keeper *")]
    public async Task A_role_of_ours_deletes_nothing_and_has_no_wildcard(string role)
    {
        var rights = Rights(await template.PredictedAsync("default"), role);

        Assert.NotEmpty(rights);
        Assert.All(rights, right => Assert.DoesNotMatch(@"(?i)delete|purge|\*|manageOwnership|runAsSuperUser|modifyPermissions|immutab", right));
    }

    [Fact]
    public async Task Every_role_is_assigned_on_something_that_is_there_by_then()
    {
        // A role on a secret that is not set yet may be refused: so none is assigned on what the deployment does not create first.
        foreach (var theCase in new[] { "default", "locked", "trial", "zones", "existing" })
        {
            var snapshot = await template.PredictedAsync(theCase);
            var created = snapshot.Resources.Select(resource => resource.Name).ToHashSet(StringComparer.Ordinal);

            Assert.NotEmpty(snapshot.Assignments);
            Assert.All(snapshot.Assignments, assignment => Assert.Contains(assignment.Scope, created));
        }
    }

    [Fact]
    public async Task Every_role_of_an_identity_is_assigned_without_looking_the_identity_up()
    {
        // What was created a moment ago is not found everywhere yet: Azure then takes the type at its word.
        var assignments = (await template.PredictedAsync("zones")).Resources.Where(resource => resource.Type == "Microsoft.Authorization/roleAssignments");

        Assert.All(assignments, assignment => Assert.Equal("ServicePrincipal", assignment.Properties["properties.principalType"]));
    }

    [Fact]
    public async Task Holds_and_another_container_for_the_audit_log_take_one_role_more_each()
    {
        var assignments = (await template.PredictedAsync("zones")).Assignments.Select(assignment => $"{assignment.Role} on {assignment.Scope}");

        Assert.Equal(
            [
                "Archive Writer * on Storage/storageAccounts/starc*/blobServices/default/containers/audit",
                "Hold Keeper * on Storage/storageAccounts/starc*/blobServices/default/containers/recordings",
                "Storage Blob Data Contributor on Storage/storageAccounts/strun*/blobServices/default/containers/undelivered-events",
            ],
            assignments.Except((await template.PredictedAsync("default")).Assignments.Select(assignment => $"{assignment.Role} on {assignment.Scope}"),
                StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }

    internal static IReadOnlyList<string> Rights(Snapshot snapshot, string role)
    {
        var permissions = snapshot.Find($"role definition {role}").Json.GetProperty("properties").GetProperty("permissions").EnumerateArray();
        return
        [
            .. permissions.SelectMany(permission => new[] { "actions", "dataActions" }
                .Where(kind => permission.TryGetProperty(kind, out _))
                .SelectMany(kind => permission.GetProperty(kind).EnumerateArray().Select(right => right.GetString()!))),
        ];
    }
}
