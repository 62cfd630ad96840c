using Archiving.Model;
using EightByEight;

namespace Archiving.Queues;

/// <summary>An object that is being worked on.</summary>
public sealed class ObjectWork
{
    /// <summary>Begins with what a message says.</summary>
    /// <param name="message">The message.</param>
    /// <param name="attempt">How often it has been delivered, this time included.</param>
    public ObjectWork(ObjectMessage message, long attempt)
    {
        ArgumentNullException.ThrowIfNull(message);
        Message = message;
        Attempt = attempt;
        Record = message.KnownRecord;
    }

    /// <summary>The message.</summary>
    public ObjectMessage Message { get; }

    /// <summary>How often it has been delivered, this time included.</summary>
    public long Attempt { get; }

    /// <summary>8x8's region.</summary>
    public string Region => Message.Region;

    /// <summary>8x8's id.</summary>
    public string Id => Message.Id;

    /// <summary>The newest record that is known.</summary>
    public StorageObject Record { get; set; }

    /// <summary>Where its row is.</summary>
    public LedgerKey Key => LedgerKey.Of(Region, Record);
}
