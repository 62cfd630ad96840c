using Microsoft.Azure.WebJobs;
using Microsoft.Extensions.Configuration;

namespace LocalHost.Jobs;

/// <summary>
/// Resolves <c>%Section__Name%</c> in a trigger as the Functions host does: by the name that the setting has in the environment
/// (azure-functions-host, ScriptEnvironmentVariablesConfigurationSource). The WebJobs SDK alone knows it as <c>Section:Name</c> only.
/// </summary>
internal sealed class SettingNames(IConfiguration configuration) : INameResolver
{
    /// <inheritdoc/>
    public string? Resolve(string name) => configuration[name.Replace("__", ConfigurationPath.KeyDelimiter, StringComparison.Ordinal)];
}
