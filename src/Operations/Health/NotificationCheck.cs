using Operations.Notifications;

namespace Operations.Health;

/// <summary>Whether the vault still gives the address of a webhook that worked. What the webhook itself answers is in the status.</summary>
internal sealed class NotificationCheck(Notifier notifier) : StoredStateCheck
{
    /// <summary>Name of the check.</summary>
    public const string Name = "Notifications";

    /// <inheritdoc/>
    protected override Task<string?> FindProblemAsync(CancellationToken cancellationToken) => notifier.FindLossAsync(cancellationToken);
}
