namespace Infrastructure.Tests;

/// <summary>What is known to work on Flex Consumption, and by what.</summary>
internal static class FlexConsumption
{
    // Microsoft's sample: Azure-Samples/azure-functions-flex-consumption-samples, IaC/bicep/main.bicep.
    private const string Sample = "azure-functions-flex-consumption-samples IaC/bicep/main.bicep";

    // Microsoft's module, by which that sample makes its site: Azure/bicep-registry-modules, avm/res/web/site/main.bicep.
    private const string Module = "bicep-registry-modules avm/res/web/site/main.bicep";

    // Terraform's provider: internal/services/appservice/function_app_flex_consumption_resource.go, Create.
    private const string Provider = "terraform-provider-azurerm function_app_flex_consumption_resource.go";

    // The same: internal/services/appservice/helpers/function_app_schema.go, ExpandSiteConfigFunctionFlexConsumptionApp.
    private const string ProviderConfiguration = "terraform-provider-azurerm function_app_schema.go";

    /// <summary>Properties of plan and site, and the source that sets the same.</summary>
    public static readonly IReadOnlyDictionary<string, string> Properties = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["plan kind"] = Module,
        ["plan sku.name"] = Sample,
        ["plan sku.tier"] = Sample,
        ["plan properties.reserved"] = Sample,
        ["plan properties.zoneRedundant"] = Sample,
        ["site kind"] = Sample,
        ["site properties.clientAffinityEnabled"] = Module,
        ["site properties.functionAppConfig.deployment.storage.authentication.type"] = Sample,
        ["site properties.functionAppConfig.deployment.storage.authentication.userAssignedIdentityResourceId"] = Provider,
        ["site properties.functionAppConfig.deployment.storage.type"] = Sample,
        ["site properties.functionAppConfig.deployment.storage.value"] = Sample,
        ["site properties.functionAppConfig.runtime.name"] = Sample,
        ["site properties.functionAppConfig.runtime.version"] = Sample,
        ["site properties.functionAppConfig.scaleAndConcurrency.alwaysReady"] = Provider,
        ["site properties.functionAppConfig.scaleAndConcurrency.alwaysReady[].instanceCount"] = Provider,
        ["site properties.functionAppConfig.scaleAndConcurrency.alwaysReady[].name"] = Provider,
        ["site properties.functionAppConfig.scaleAndConcurrency.instanceMemoryMB"] = Sample,
        ["site properties.functionAppConfig.scaleAndConcurrency.maximumInstanceCount"] = Sample,
        ["site properties.functionAppConfig.scaleAndConcurrency.triggers.http.perInstanceConcurrency"] = Provider,
        ["site properties.httpsOnly"] = Provider,
        ["site properties.publicNetworkAccess"] = Provider,
        ["site properties.serverFarmId"] = Sample,
        ["site properties.siteConfig.http20Enabled"] = ProviderConfiguration,
        ["site properties.siteConfig.ipSecurityRestrictions"] = ProviderConfiguration,
        ["site properties.siteConfig.ipSecurityRestrictions[].action"] = ProviderConfiguration,
        ["site properties.siteConfig.ipSecurityRestrictions[].ipAddress"] = ProviderConfiguration,
        ["site properties.siteConfig.ipSecurityRestrictions[].name"] = ProviderConfiguration,
        ["site properties.siteConfig.ipSecurityRestrictions[].priority"] = ProviderConfiguration,
        ["site properties.siteConfig.ipSecurityRestrictionsDefaultAction"] = ProviderConfiguration,
        ["site properties.siteConfig.minTlsVersion"] = ProviderConfiguration,
        ["site properties.siteConfig.scmIpSecurityRestrictionsUseMain"] = ProviderConfiguration,
        ["site properties.siteConfig.scmMinTlsVersion"] = ProviderConfiguration,
        ["site properties.virtualNetworkSubnetId"] = Provider,
    };

    /// <summary>
    /// What Azure CLI leaves out when it moves an app to Flex Consumption: Azure/azure-cli, appservice/custom.py,
    /// _migrate_app_settings, except what only has another value there, and WEBSITE_USE_PLACEHOLDER_DOTNETISOLATED, with which
    /// apps on Flex Consumption turn off placeholders (Azure/azure-functions-dotnet-worker#3335). And time zones, which Microsoft Learn, "App settings
    /// reference", says it does not support.
    /// </summary>
    public static readonly string[] RefusedSettings =
    [
        "ENABLE_ORYX_BUILD", "FUNCTIONS_EXTENSION_VERSION", "FUNCTIONS_MAX_HTTP_CONCURRENCY", "FUNCTIONS_WORKER_DYNAMIC_CONCURRENCY_ENABLED",
        "FUNCTIONS_WORKER_PROCESS_COUNT", "FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_WORKER_RUNTIME_VERSION", "SCM_DO_BUILD_DURING_DEPLOYMENT", "TZ",
        "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING", "WEBSITE_CONTENTOVERVNET", "WEBSITE_CONTENTSHARE", "WEBSITE_DNS_SERVER",
        "WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT", "WEBSITE_MOUNT_ENABLED", "WEBSITE_NODE_DEFAULT_VERSION", "WEBSITE_RUN_FROM_PACKAGE",
        "WEBSITE_SKIP_CONTENTSHARE_VALIDATION", "WEBSITE_TIME_ZONE", "WEBSITE_VNET_ROUTE_ALL",
    ];

    /// <summary>Sizes of memory: the same sample, instanceMemoryMB.</summary>
    public static readonly int[] Memory = [512, 2048, 4096];

    /// <summary>Versions of .NET: az functionapp list-flexconsumption-runtimes --runtime dotnet-isolated; Microsoft Learn, "Supported language stack versions".</summary>
    public static readonly string[] DotnetVersions = ["8.0", "9.0", "10.0"];

    /// <summary>Regions: Azure-Samples/functions-quickstart-dotnet-azd-timer, infra/main.bicep, location, in November 2025.</summary>
    public static readonly string[] Regions =
    [
        "australiaeast", "australiasoutheast", "brazilsouth", "canadacentral", "centralindia", "centralus", "eastasia", "eastus", "eastus2",
        "eastus2euap", "francecentral", "germanywestcentral", "italynorth", "japaneast", "koreacentral", "northcentralus", "northeurope", "norwayeast",
        "southafricanorth", "southcentralus", "southeastasia", "southindia", "spaincentral", "swedencentral", "uaenorth", "uksouth", "ukwest",
        "westcentralus", "westeurope", "westus", "westus2", "westus3",
    ];
}
