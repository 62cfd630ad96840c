using Azure;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Specialized;
using Microsoft.Extensions.Configuration;

namespace LocalHost;

/// <summary>Opens the storage accounts that settings name, as the Functions host understands such settings.</summary>
internal sealed class StorageAccounts(IConfiguration configuration, HostSettings settings)
{
    public const string Default = "AzureWebJobsStorage";
    public const string PoisonSuffix = "-poison";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    /// <summary>Whether an account does not serve now and may later: it cannot be reached, refuses, or the login that opens it has lapsed.</summary>
    public static bool IsTrouble(Exception exception) => exception is RequestFailedException or AggregateException or AuthenticationFailedException;

    public QueueServiceClient Queues(string name)
    {
        var options = new QueueClientOptions { MessageEncoding = settings.IsBase64 ? QueueMessageEncoding.Base64 : QueueMessageEncoding.None };
        options.MessageDecodingFailed += MoveAsideAsync;
        return Open(name, connectionString => new QueueServiceClient(connectionString, options), () => new QueueServiceClient(Address(name, "queue"), Credential(name), options));
    }

    public BlobServiceClient Blobs(string name) =>
        Open(name, connectionString => new BlobServiceClient(connectionString), () => new BlobServiceClient(Address(name, "blob"), Credential(name)));

    /// <summary>Shows that an account answers.</summary>
    /// <exception cref="FunctionAppException">It does not; the message says where it was looked for and what to do.</exception>
    public async Task CheckAsync(string name, CancellationToken cancellationToken)
    {
        var options = new QueueClientOptions { Retry = { MaxRetries = 1, NetworkTimeout = Patience } };
        var queues = Open(name, connectionString => new QueueServiceClient(connectionString, options), () => new QueueServiceClient(Address(name, "queue"), Credential(name), options));
        try
        {
            await queues.GetQueueClient("azure-webjobs-probe").ExistsAsync(cancellationToken);
        }
        catch (Exception exception) when ((IsTrouble(exception) || exception is TaskCanceledException) && !cancellationToken.IsCancellationRequested)
        {
            var failure = exception is AggregateException { InnerExceptions: [.., var last] } ? last : exception;
            throw new FunctionAppException(
                $"The storage account of the setting {name} ({queues.Uri}) does not work: {failure.Message.Split('\n')[0].Trim()}{Environment.NewLine}Start the emulator (npx azurite --skipApiVersionCheck), or let {name} name a storage account that this machine can reach.",
                exception);
        }
    }

    /// <summary>As in the Functions host, a message that cannot be decoded goes to the poison queue at once. Here it is encoded on the way, so that a function of that queue gets it.</summary>
    private static async Task MoveAsideAsync(QueueMessageDecodingFailedEventArgs args)
    {
        if (args.ReceivedMessage is not { } message)
        {
            return;
        }

        var poison = args.Queue.Name.EndsWith(PoisonSuffix, StringComparison.Ordinal)
            ? args.Queue
            : args.Queue.GetParentQueueServiceClient().GetQueueClient(args.Queue.Name + PoisonSuffix);
        await poison.CreateIfNotExistsAsync(cancellationToken: args.CancellationToken);
        await poison.SendMessageAsync(message.Body, cancellationToken: args.CancellationToken);
        await args.Queue.DeleteMessageAsync(message.MessageId, message.PopReceipt, args.CancellationToken);
    }

    private T Open<T>(string name, Func<string, T> byConnectionString, Func<T> byIdentity)
    {
        var section = configuration.GetSection(name);
        if (string.IsNullOrWhiteSpace(section.Value))
        {
            return byIdentity();
        }

        try
        {
            return byConnectionString(section.Value);
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            throw new FunctionAppException($"The setting {name} is not a storage connection string (its value is not shown because it can hold a key).", exception);
        }
    }

    private Uri Address(string name, string service)
    {
        var section = configuration.GetSection(name);
        if (Uri.TryCreate(section[$"{service}ServiceUri"], UriKind.Absolute, out var uri))
        {
            return uri;
        }

        return section["accountName"] is { Length: > 0 } account
            ? new Uri($"https://{account}.{service}.core.windows.net")
            : throw new FunctionAppException($"The setting {name} is missing: give a storage connection string, UseDevelopmentStorage=true, or {name}__accountName.");
    }

    private DefaultAzureCredential Credential(string name) =>
        new(new DefaultAzureCredentialOptions { ManagedIdentityClientId = configuration[$"{name}:clientId"] });
}
