namespace Infrastructure.Tests;

/// <summary>Zones and keys of the customer's own.</summary>
public sealed class ZoneTests(TemplateFixture template)
{
    [Fact]
    public async Task One_parameter_spreads_plan_runtime_storage_and_archive_over_zones()
    {
        var snapshot = await template.PredictedAsync("zones");

        Assert.Equal("true", snapshot.Find("Web/serverfarms/plan-*").Properties["properties.zoneRedundant"]);
        Assert.Equal("Standard_ZRS", snapshot.Find("Storage/storageAccounts/strun*").Properties["sku.name"]);
        Assert.Equal("Standard_ZRS", snapshot.Find("Storage/storageAccounts/starc*").Properties["sku.name"]);
        Assert.Equal("false", (await template.PredictedAsync("default")).Find("Web/serverfarms/plan-*").Properties["properties.zoneRedundant"]);
    }

    [Fact]
    public async Task Zones_with_an_archive_in_one_data_center_are_refused()
    {
        var refused = await Assert.ThrowsAsync<TemplateException>(() => template.PredictAsync(
            "zones",
            "param zoneRedundant = true\nparam archiveRedundancy = 'Standard_GRS'",
            TestContext.Current.CancellationToken));

        Assert.Contains("zoneRedundant needs an archiveRedundancy that spans zones", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Storage/storageAccounts/starc*", "blob")]
    [InlineData("Storage/storageAccounts/strun*", "blob queue table")]
    public async Task A_key_of_the_customer_encrypts_both_accounts_with_all_that_they_hold(string account, string services)
    {
        var properties = (await template.PredictedAsync("zones")).Find(account).Properties;

        Assert.Equal("Microsoft.Keyvault", properties["properties.encryption.keySource"]);
        Assert.Equal("https://keys.vault.azure.net", properties["properties.encryption.keyvaultproperties.keyvaulturi"]);
        Assert.Equal("archive", properties["properties.encryption.keyvaultproperties.keyname"]);
        Assert.Equal("", properties["properties.encryption.keyvaultproperties.keyversion"]);
        Assert.EndsWith("/id-keys", properties["properties.encryption.identity.userAssignedIdentity"], StringComparison.Ordinal);
        Assert.Equal("UserAssigned", properties["identity.type"]);
        Assert.All(services.Split(' '), service => Assert.Equal("Account", properties[$"properties.encryption.services.{service}.keyType"]));
    }
}
