using Archiving.Model;

namespace Archiving.Settings;

/// <summary>The form of what is posted to the webhook.</summary>
public enum NotificationFormat
{
    /// <summary>By the address: what Slack takes for Slack, an adaptive card for Teams, else JSON.</summary>
    Auto,

    /// <summary>JSON with figures, and all of it as <c>text</c>.</summary>
    Json,

    /// <summary>A message with an adaptive card, as workflows of Teams take it.</summary>
    AdaptiveCard,

    /// <summary><c>text</c> alone, as incoming webhooks of Slack take it.</summary>
    Slack,
}

/// <summary>Where summaries and warnings are posted.</summary>
public sealed record NotificationOptions
{
    /// <summary>The setting with the address.</summary>
    public const string UrlSetting = "Notifications__WebhookUrl";

    /// <summary>The secret in the vault with the address.</summary>
    public const string UrlSecret = "notifications-webhook-url";

    /// <summary>The address, a secret; <see langword="null"/> when the vault holds it, or nothing is posted.</summary>
    public Uri? WebhookUrl { get; init; }

    /// <summary>The form.</summary>
    public required NotificationFormat Format { get; init; }

    /// <summary>The dashboard's address; <see langword="null"/> on a machine that no other one reaches.</summary>
    public Uri? Dashboard { get; init; }

    /// <summary>Whether something may be posted to an address: over https, or to this machine.</summary>
    public static bool TryParse(string? text, out Uri? address) =>
        Uri.TryCreate(PlainText.Trim(text ?? ""), UriKind.Absolute, out address)
        && (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback))
        && address.UserInfo.Length == 0;

    internal static NotificationOptions Read(SettingsReader settings)
    {
        Uri? url = null;
        if (settings.Text(UrlSetting) is { } text && !TryParse(text, out url))
        {
            settings.Problem($"{UrlSetting} is no address that can be posted to (its value is not shown because it is a secret): expected an https "
                + "address (http only for this machine) without credentials.");
        }

        // App Service sets WEBSITE_HOSTNAME.
        var host = settings.Text("WEBSITE_HOSTNAME");
        return new NotificationOptions
        {
            WebhookUrl = url,
            Format = Enum.Parse<NotificationFormat>(
                settings.OneOf("Notifications__Format", Enum.GetNames<NotificationFormat>()) ?? nameof(NotificationFormat.Auto)),
            Dashboard = host is not null && Uri.TryCreate($"https://{host}/api/dashboard", UriKind.Absolute, out var dashboard) ? dashboard : null,
        };
    }
}
