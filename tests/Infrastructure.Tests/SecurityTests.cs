namespace Infrastructure.Tests;

/// <summary>What a security reviewer asks for, line by line: a setting that is loosened fails the test that bears its name.</summary>
public sealed class SecurityTests(TemplateFixture template)
{
    private const string Archive = "Storage/storageAccounts/starc*";
    private const string Runtime = "Storage/storageAccounts/strun*";
    private const string Vault = "KeyVault/vaults/kv-*";
    private const string App = "Web/sites/func-*";
    private const string Identity = "{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-*";

    /// <summary>Case, resource, property, value.</summary>
    public static TheoryData<string, string, string, string> Expectations()
    {
        var rows = new TheoryData<string, string, string, string>();
        foreach (var theCase in new[] { "default", "locked", "trial" })
        {
            var container = theCase == "locked" ? "archive" : "recordings";
            foreach (var account in new[] { Archive, Runtime })
            {
                rows.Add(theCase, account, "properties.allowBlobPublicAccess", "false");
                rows.Add(theCase, account, "properties.allowCrossTenantReplication", "false");
                rows.Add(theCase, account, "properties.allowSharedKeyAccess", "false");
                rows.Add(theCase, account, "properties.defaultToOAuthAuthentication", "true");
                rows.Add(theCase, account, "properties.isLocalUserEnabled", "false");
                rows.Add(theCase, account, "properties.minimumTlsVersion", "TLS1_2");

                // The lifecycle's rules, which the case has, do not reach a closed account otherwise.
                var isReachedByRules = theCase == "locked" && account == Archive;
                rows.Add(theCase, account, "properties.networkAcls.bypass", isReachedByRules ? "AzureServices" : "None");
                rows.Add(theCase, account, "properties.supportsHttpsTrafficOnly", "true");
                rows.Add(theCase, $"{account}/blobServices/default", "properties.containerDeleteRetentionPolicy.enabled", "true");
                rows.Add(theCase, $"{account}/blobServices/default", "properties.deleteRetentionPolicy.enabled", "true");
            }

            rows.Add(theCase, Archive, "properties.encryption.requireInfrastructureEncryption", "true");
            rows.Add(theCase, Archive, "properties.sasPolicy.sasExpirationPeriod", "00.01:00:00");
            rows.Add(theCase, $"{Archive}/blobServices/default", "properties.deleteRetentionPolicy.allowPermanentDelete", "false");
            rows.Add(theCase, $"{Archive}/blobServices/default", "properties.isVersioningEnabled", "true");
            rows.Add(theCase, $"{Archive}/blobServices/default/containers/{container}", "properties.publicAccess", "None");
            rows.Add(
                theCase,
                $"{Archive}/blobServices/default/providers/Microsoft.Insights/diagnosticSettings/audit",
                "properties.logs[0].category",
                "StorageRead");
            rows.Add(theCase, $"{Archive}/blobServices/default/providers/Microsoft.Insights/diagnosticSettings/audit", "properties.logs[0].enabled", "true");
            rows.Add(
                theCase,
                $"{Archive}/blobServices/default/providers/Microsoft.Insights/diagnosticSettings/audit",
                "properties.logs[1].category",
                "StorageWrite");
            rows.Add(theCase, $"{Archive}/blobServices/default/providers/Microsoft.Insights/diagnosticSettings/audit", "properties.logs[1].enabled", "true");
            rows.Add(
                theCase,
                $"{Archive}/blobServices/default/providers/Microsoft.Insights/diagnosticSettings/audit",
                "properties.logs[2].category",
                "StorageDelete");
            rows.Add(theCase, $"{Archive}/blobServices/default/providers/Microsoft.Insights/diagnosticSettings/audit", "properties.logs[2].enabled", "true");
            rows.Add(theCase, $"{Runtime}/blobServices/default/containers/app-package", "properties.publicAccess", "None");
            rows.Add(theCase, Vault, "properties.enablePurgeProtection", "true");
            rows.Add(theCase, Vault, "properties.enableRbacAuthorization", "true");
            rows.Add(theCase, Vault, "properties.enableSoftDelete", "true");
            rows.Add(theCase, Vault, "properties.enabledForDeployment", "false");
            rows.Add(theCase, Vault, "properties.enabledForDiskEncryption", "false");
            rows.Add(theCase, Vault, "properties.enabledForTemplateDeployment", "false");
            rows.Add(theCase, Vault, "properties.networkAcls.bypass", "None");
            rows.Add(theCase, Vault, "properties.softDeleteRetentionInDays", "90");
            rows.Add(theCase, $"{Vault}/providers/Microsoft.Insights/diagnosticSettings/audit", "properties.logs[0].categoryGroup", "allLogs");
            rows.Add(theCase, $"{Vault}/providers/Microsoft.Insights/diagnosticSettings/audit", "properties.logs[0].enabled", "true");
            rows.Add(theCase, App, "identity.type", "UserAssigned");
            rows.Add(theCase, App, "properties.functionAppConfig.deployment.storage.authentication.type", "UserAssignedIdentity");
            rows.Add(theCase, App, "properties.functionAppConfig.deployment.storage.authentication.userAssignedIdentityResourceId", Identity);
            rows.Add(theCase, App, "properties.httpsOnly", "true");
            rows.Add(theCase, App, "properties.siteConfig.minTlsVersion", "1.3");
            rows.Add(theCase, App, "properties.siteConfig.scmIpSecurityRestrictionsUseMain", "true");
            rows.Add(theCase, App, "properties.siteConfig.scmMinTlsVersion", "1.2");
            rows.Add(theCase, $"{App}/basicPublishingCredentialsPolicies/ftp", "properties.allow", "false");
            rows.Add(theCase, $"{App}/basicPublishingCredentialsPolicies/scm", "properties.allow", "false");
            rows.Add(
                theCase,
                $"{App}/config/appsettings",
                "properties.APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
                "[format('ClientId={0};Authorization=AAD', {id-*.clientId})]");
            rows.Add(theCase, $"{App}/config/appsettings", "properties.ArchiveStorage__credential", "managedidentity");
            rows.Add(theCase, $"{App}/config/appsettings", "properties.AzureWebJobsStorage__credential", "managedidentity");
            rows.Add(theCase, $"{App}/config/appsettings", "properties.KeyVault__credential", "managedidentity");
            rows.Add(theCase, "Insights/components/appi-*", "properties.DisableIpMasking", "false");
            rows.Add(theCase, "Insights/components/appi-*", "properties.DisableLocalAuth", "true");
            rows.Add(theCase, "OperationalInsights/workspaces/log-*", "properties.features.disableLocalAuth", "true");
            rows.Add(
                theCase,
                "OperationalInsights/workspaces/log-*/providers/Microsoft.Insights/diagnosticSettings/audit",
                "properties.logs[0].enabled",
                "true");
        }

        foreach (var theCase in new[] { "default", "locked" })
        {
            rows.Add(theCase, Archive, "properties.immutableStorageWithVersioning.enabled", "true");
            rows.Add(theCase, $"{Archive}/providers/Microsoft.Authorization/locks/archive", "properties.level", "CanNotDelete");
            rows.Add(theCase, $"{Vault}/providers/Microsoft.Authorization/locks/vault", "properties.level", "CanNotDelete");
        }

        foreach (var resource in new[] { Archive, Runtime, Vault })
        {
            rows.Add("locked", resource, "properties.publicNetworkAccess", "Disabled");
            rows.Add("locked", resource, "properties.networkAcls.defaultAction", "Deny");
        }

        rows.Add("default", $"{Archive}/blobServices/default", "properties.deleteRetentionPolicy.days", "30");
        rows.Add("default", $"{Archive}/blobServices/default", "properties.containerDeleteRetentionPolicy.days", "30");
        rows.Add("locked", Archive, "properties.immutableStorageWithVersioning.immutabilityPolicy.immutabilityPeriodSinceCreationInDays", "2555");
        rows.Add("locked", Archive, "properties.immutableStorageWithVersioning.immutabilityPolicy.state", "Locked");
        rows.Add("locked", Archive, "properties.immutableStorageWithVersioning.immutabilityPolicy.allowProtectedAppendWrites", "true");
        rows.Add("locked", App, "properties.publicNetworkAccess", "Disabled");
        rows.Add("locked", App, "properties.virtualNetworkSubnetId", "Network/virtualNetworks/vnet-*/subnets/app");
        rows.Add("locked", App, "properties.siteConfig.ipSecurityRestrictionsDefaultAction", "Deny");
        rows.Add("locked", App, "properties.siteConfig.ipSecurityRestrictions[0].ipAddress", "203.0.113.0/24");
        rows.Add(
            "locked",
            "Network/virtualNetworks/vnet-*",
            "properties.subnets[0].properties.networkSecurityGroup.id",
            "Network/networkSecurityGroups/nsg-app-*");
        rows.Add(
            "locked",
            "Network/virtualNetworks/vnet-*",
            "properties.subnets[1].properties.networkSecurityGroup.id",
            "Network/networkSecurityGroups/nsg-endpoints-*");
        rows.Add("locked", "Network/virtualNetworks/vnet-*", "properties.subnets[1].properties.privateEndpointNetworkPolicies", "Enabled");
        return rows;
    }

    [Theory]
    [MemberData(nameof(Expectations))]
    public async Task Resource_is_as_restricted_as_it_should_be(string theCase, string resource, string property, string expected)
    {
        var properties = (await template.PredictedAsync(theCase)).Find(resource).Properties;

        Assert.True(properties.TryGetValue(property, out var actual), $"{resource} has no {property}.");
        Assert.Equal(expected, actual.Replace("{group}/providers/Microsoft.Network", "Network", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_private_service_has_an_endpoint()
    {
        var endpoints = (await template.PredictedAsync("locked")).Resources.Where(resource => resource.Type == "Microsoft.Network/privateEndpoints");

        Assert.Equal(
            [
                "KeyVault/vaults/kv-* vault",
                "Storage/storageAccounts/starc* blob",
                "Storage/storageAccounts/strun* blob",
                "Storage/storageAccounts/strun* queue",
                "Storage/storageAccounts/strun* table",
                "Web/sites/func-* sites",
            ],
            endpoints
                .Select(endpoint => endpoint.Json.GetProperty("properties").GetProperty("privateLinkServiceConnections")[0].GetProperty("properties"))
                .Select(link => $"{link.GetProperty("privateLinkServiceId").GetString()!.Split("Microsoft.")[^1][..^13]}* "
                    + $"{link.GetProperty("groupIds")[0].GetString()}")
                .Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("default")]
    [InlineData("locked")]
    public async Task No_rule_of_the_lifecycle_deletes_or_moves_anything_where_it_cannot_be_read_at_once(string theCase)
    {
        var actions = (await template.PredictedAsync(theCase)).Resources
            .Where(resource => resource.Type == "Microsoft.Storage/storageAccounts/managementPolicies")
            .SelectMany(resource => resource.Properties.Keys)
            .Where(property => property.Contains(".actions.", StringComparison.Ordinal))
            .ToList();

        Assert.Equal(theCase == "locked" ? 2 : 1, actions.Count);
        Assert.All(actions, action => Assert.Matches(@"\.baseBlob\.tierToCo(ol|ld)\.", action));
    }

    [Theory]
    [InlineData("default")]
    [InlineData("trial")]
    [InlineData("existing")]
    public async Task Rules_of_an_earlier_deployment_are_replaced_when_there_are_none(string theCase)
    {
        var snapshot = await template.PredictedAsync(theCase);
        var policy = snapshot.Find($"{Archive}/managementPolicies/default").Properties;

        Assert.Equal("false", Assert.Single(policy, property => property.Key.EndsWith(".enabled", StringComparison.Ordinal)).Value);
        Assert.DoesNotContain(policy.Keys, property => property.Contains(".delete.", StringComparison.Ordinal));
        Assert.Equal("None", snapshot.Find(Archive).Properties["properties.networkAcls.bypass"]);
    }

    [Fact]
    public async Task A_policy_is_unlocked_until_it_is_said_otherwise_and_absent_by_default()
    {
        var properties = (await template.PredictedAsync("default")).Find(Archive).Properties;

        Assert.DoesNotContain(properties.Keys, property => property.Contains("immutabilityPolicy", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("param immutableStorage = false\nparam immutabilityDays = 30", "immutabilityDays needs immutableStorage.")]
    [InlineData(
        "param immutabilityDays = 30\nparam archiveRetentionDays = { 'uk/voicemail': 30 }",
        "archiveRetentionDays has 30 for uk/voicemail: it must be more than immutabilityDays, 30")]
    [InlineData("param archiveRetentionDays = { voicemail: 30 }", "archiveRetentionDays has \"voicemail\": write {region}/{type}")]
    public async Task A_policy_that_could_not_hold_is_refused(string parameters, string error)
    {
        var refused = await Assert.ThrowsAsync<TemplateException>(
            () => template.PredictAsync($"policy{(uint)parameters.GetHashCode(StringComparison.Ordinal)}", parameters, TestContext.Current.CancellationToken));

        Assert.Contains(error, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_retained_for_a_time_is_deleted_after_it_and_so_are_its_versions()
    {
        var policy = (await template.PredictedAsync("zones")).Find($"{Archive}/managementPolicies/default").Properties;

        Assert.Equal("true", policy["properties.policy.rules[0].enabled"]);
        Assert.Equal(
            [
                "[recordings/us-east/voicemail/] 366 366",
                "[recordings/uk/callrecording/] 2555 2555",
            ],
            Enumerable.Range(0, 2).Select(index => $"properties.policy.rules[{index}].definition").Select(rule => $"{policy[$"{rule}.filters.prefixMatch"]} "
                + $"{policy[$"{rule}.actions.baseBlob.delete.daysAfterCreationGreaterThan"]} "
                + $"{policy[$"{rule}.actions.version.delete.daysAfterCreationGreaterThan"]}")
                .OrderDescending(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_trial_can_be_thrown_away()
    {
        var snapshot = await template.PredictedAsync("trial");

        Assert.DoesNotContain(snapshot.Resources, resource => resource.Type == "Microsoft.Authorization/locks");
        Assert.DoesNotContain(snapshot.Find(Archive).Properties.Keys, property => property.Contains("immutable", StringComparison.Ordinal));
    }
}
