using EightByEight;

namespace Archiving.Model;

/// <summary>
/// Who spoke with whom, by a record's tags. 8x8 Work and Contact Center name the same things differently: a Work call has
/// <c>userName</c> and <c>address</c>, an interaction of Contact Center <c>agentName</c>, <c>callerId</c> and <c>calleeId</c>
/// (8x8 developer site, Cloud Storage Service, tags).
/// </summary>
/// <param name="Direction">As 8x8 writes it: <c>inbound</c> or <c>outbound</c>.</param>
/// <param name="Person">Name of the user or agent of the account.</param>
/// <param name="PersonId">8x8's id of that user or agent.</param>
/// <param name="Number">Number of the other party.</param>
/// <param name="OtherParty">Name of the other party.</param>
/// <param name="Queue">Name of the queue.</param>
/// <param name="Agent">Name of the agent.</param>
public sealed record CallFacts(string? Direction, string? Person, string? PersonId, string? Number, string? OtherParty, string? Queue, string? Agent)
{
    /// <summary>The facts of a record. What it does not say is <see langword="null"/>.</summary>
    public static CallFacts Of(StorageObject record)
    {
        ArgumentNullException.ThrowIfNull(record);
        var direction = Find(record, "direction");
        var isOutbound = direction?.StartsWith("out", StringComparison.OrdinalIgnoreCase) == true;
        return new CallFacts(
            direction,
            Find(record, "userName") ?? Find(record, "agentName"),
            record.UserId is { Length: > 0 } user ? user : Find(record, "agentId"),
            Find(record, "address") ?? Either(record, isOutbound, "callerId", "calleeId"),
            Either(record, isOutbound, "callerName", "calleeName"),
            Find(record, "queueName"),
            Find(record, "agentName"));
    }

    /// <summary>Of the caller and the called, the one outside the account; the other one where a record names only that.</summary>
    private static string? Either(StorageObject record, bool isOutbound, string caller, string called) => isOutbound
        ? Find(record, called) ?? Find(record, caller)
        : Find(record, caller) ?? Find(record, called);

    private static string? Find(StorageObject record, string key)
    {
        foreach (var tag in record.Tags)
        {
            if (tag.Key == key && PlainText.Trim(tag.Value) is { Length: > 0 } value)
            {
                return value;
            }
        }

        return null;
    }
}
