using Archiving.Model;
using Azure.Core;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Microsoft.Extensions.Azure;
using Microsoft.Extensions.Configuration;

namespace Archiving.Settings;

/// <summary>
/// A storage account named by an app setting as the Functions host understands it: a connection string, or
/// <c>…__accountName</c> / <c>…__blobServiceUri</c>, <c>…__queueServiceUri</c>, <c>…__tableServiceUri</c> with a
/// managed identity (Azure Functions, "Configure an identity-based connection").
/// </summary>
public sealed class StorageConnection
{
    private readonly string _name;
    private readonly IConfigurationSection _section;
    private readonly AzureComponentFactory _factory;

    internal StorageConnection(string name, IConfigurationSection section, AzureComponentFactory factory)
    {
        _name = name;
        _section = section;
        _factory = factory;
    }

    private string? ConnectionString => PlainText.Trim(_section.Value ?? "") is { Length: > 0 } text ? text : null;

    /// <summary>Creates the client of the blob service.</summary>
    public BlobServiceClient CreateBlobServiceClient(BlobClientOptions options) =>
        ConnectionString is { } connectionString
            ? new BlobServiceClient(connectionString, options)
            : new BlobServiceClient(ServiceUri("blob"), CreateCredential(), options);

    /// <summary>Creates the client of the queue service.</summary>
    public QueueServiceClient CreateQueueServiceClient(QueueClientOptions options) =>
        ConnectionString is { } connectionString
            ? new QueueServiceClient(connectionString, options)
            : new QueueServiceClient(ServiceUri("queue"), CreateCredential(), options);

    /// <summary>Creates the client of the table service.</summary>
    public TableServiceClient CreateTableServiceClient(TableClientOptions options) =>
        ConnectionString is { } connectionString
            ? new TableServiceClient(connectionString, options)
            : new TableServiceClient(ServiceUri("table"), CreateCredential(), options);

    internal static void Validate(SettingsReader settings)
    {
        var runtime = settings.Section("AzureWebJobsStorage");
        if (!IsGiven(runtime))
        {
            settings.Missing("AzureWebJobsStorage", "give a storage connection string, UseDevelopmentStorage=true, or "
                + "AzureWebJobsStorage__accountName for a managed identity");
        }

        var archive = IsGiven(settings.Section("ArchiveStorage")) ? "ArchiveStorage" : "AzureWebJobsStorage";
        Check(settings, "AzureWebJobsStorage", "queue", "table");
        Check(settings, archive, "blob");
    }

    internal static bool IsGiven(IConfigurationSection section) =>
        !string.IsNullOrWhiteSpace(section.Value) || section.GetChildren().Any(child => !string.IsNullOrWhiteSpace(child.Value));

    private static void Check(SettingsReader settings, string name, params ReadOnlySpan<string> services)
    {
        var section = settings.Section(name);
        if (!IsGiven(section))
        {
            return;
        }

        if (string.IsNullOrWhiteSpace(section.Value))
        {
            foreach (var service in services)
            {
                if (FindServiceUri(section, name, service) is { Problem: { } problem })
                {
                    settings.Problem(problem);
                }
            }

            return;
        }

        try
        {
            _ = new BlobServiceClient(PlainText.Trim(section.Value));
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException or InvalidOperationException)
        {
            // A connection string holds the account's key, so it is never shown.
            settings.Problem($"{name} is not a storage connection string (its value is not shown because it can hold a key): expected "
                + "DefaultEndpointsProtocol=…;AccountName=…;AccountKey=… or UseDevelopmentStorage=true.");
        }
    }

    private TokenCredential CreateCredential() => _factory.CreateTokenCredential(_section);

    private Uri ServiceUri(string service) =>
        FindServiceUri(_section, _name, service) switch
        {
            { Address: { } address } => address,
            { Problem: var problem } => throw new SettingsException([problem!]),
        };

    private static (Uri? Address, string? Problem) FindServiceUri(IConfigurationSection section, string name, string service)
    {
        if (section[$"{service}ServiceUri"] is { Length: > 0 } text)
        {
            return Uri.TryCreate(text, UriKind.Absolute, out var address)
                ? (address, null)
                : (null, $"{name}__{service}ServiceUri is \"{text}\": expected an absolute address such as https://account.{service}.core.windows.net.");
        }

        var account = section["accountName"];
        if (string.IsNullOrWhiteSpace(account))
        {
            return (null, $"{name}__{service}ServiceUri is not set: give it, or {name}__accountName, or a connection string in {name}.");
        }

        return Uri.TryCreate($"https://{account}.{service}.core.windows.net", UriKind.Absolute, out var standard)
            ? (standard, null)
            : (null, $"{name}__accountName is \"{account}\": expected the name of a storage account.");
    }
}
