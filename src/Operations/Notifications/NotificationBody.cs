using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Archiving.Settings;

namespace Operations.Notifications;

/// <summary>Writes a notification in the form that a webhook takes.</summary>
public static class NotificationBody
{
    /// <summary>Version of the JSON form.</summary>
    public const int Schema = 1;

    private const string Markdown = "\\`*_[]()~#<>";
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // Workflows of Power Automate, and connectors of Office (Microsoft Learn, Create incoming webhooks with Workflows for Teams).
    private static readonly string[] TeamsHosts = [".logic.azure.com", ".powerplatform.com", ".webhook.office.com", ".logic.azure.us"];

    /// <summary>The form for an address.</summary>
    public static NotificationFormat FormFor(Uri address, NotificationFormat format)
    {
        ArgumentNullException.ThrowIfNull(address);
        return format switch
        {
            not NotificationFormat.Auto => format,
            _ when address.IdnHost is "hooks.slack.com" or "hooks.slack-gov.com" => NotificationFormat.Slack,
            _ when Array.Exists(TeamsHosts, host => address.IdnHost.EndsWith(host, StringComparison.OrdinalIgnoreCase)) => NotificationFormat.AdaptiveCard,
            _ => NotificationFormat.Json,
        };
    }

    /// <summary>Writes the body of a notification.</summary>
    /// <param name="notification">The notification.</param>
    /// <param name="format">The form, not <see cref="NotificationFormat.Auto"/>.</param>
    /// <param name="dashboard">The dashboard's address, to link to.</param>
    public static BinaryData Write(Notification notification, NotificationFormat format, Uri? dashboard)
    {
        ArgumentNullException.ThrowIfNull(notification);
        var body = format switch
        {
            NotificationFormat.AdaptiveCard => CreateCard(notification, dashboard),
            NotificationFormat.Slack => new JsonObject { ["text"] = EscapeSlack(notification, dashboard) },
            _ => CreateJson(notification, dashboard),
        };
        return BinaryData.FromString(body.ToJsonString(Readable));
    }

    private static JsonObject CreateJson(Notification notification, Uri? dashboard)
    {
        var body = new JsonObject
        {
            ["schema"] = Schema,
            ["kind"] = notification.Kind == NotificationKind.Warning ? "warning" : "summary",
            ["time"] = notification.Time.UtcDateTime,
            ["title"] = notification.Title,
            ["isSafe"] = notification.IsSafe,
            ["text"] = notification.Text,
            ["facts"] = new JsonArray([.. notification.Facts.Select(fact => new JsonObject { ["name"] = fact.Name, ["value"] = fact.Value })]),
            ["figures"] = new JsonObject(notification.Figures.Select(figure => KeyValuePair.Create(figure.Key, (JsonNode?)figure.Value))),
        };
        if (dashboard is not null)
        {
            body["dashboard"] = dashboard.AbsoluteUri;
        }

        return body;
    }

    private static JsonObject CreateCard(Notification notification, Uri? dashboard)
    {
        var color = notification.Kind == NotificationKind.Warning ? "Attention" : notification.IsSafe ? "Good" : "Warning";
        var content = new JsonObject
        {
            ["$schema"] = "http://adaptivecards.io/schemas/adaptive-card.json",
            ["type"] = "AdaptiveCard",
            ["version"] = "1.4",
            ["msteams"] = new JsonObject { ["width"] = "Full" },
            ["fallbackText"] = notification.Text,
            ["body"] = new JsonArray(
                TextBlock(notification.Title, "Medium", "Bolder", "Default"),
                TextBlock(notification.Verdict, "Default", "Default", color),
                new JsonObject
                {
                    ["type"] = "FactSet",
                    ["facts"] = new JsonArray([.. notification.Facts.Select(fact =>
                        new JsonObject { ["title"] = EscapeMarkdown(fact.Name), ["value"] = EscapeMarkdown(fact.Value) })]),
                }),
        };
        if (dashboard is not null)
        {
            content["actions"] = new JsonArray(
                new JsonObject { ["type"] = "Action.OpenUrl", ["title"] = "Open the dashboard", ["url"] = dashboard.AbsoluteUri });
        }

        return new JsonObject
        {
            ["type"] = "message",
            ["attachments"] = new JsonArray(new JsonObject
            {
                ["contentType"] = "application/vnd.microsoft.card.adaptive",
                ["contentUrl"] = null,
                ["content"] = content,
            }),
        };
    }

    private static JsonObject TextBlock(string text, string size, string weight, string color) => new()
    {
        ["type"] = "TextBlock",
        ["text"] = EscapeMarkdown(text),
        ["size"] = size,
        ["weight"] = weight,
        ["color"] = color,
        ["wrap"] = true,
    };

    /// <summary>Text that shows as it is: reasons quote what others have written, and a link in it would be a link in a message of ours.</summary>
    private static string EscapeMarkdown(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            if (Markdown.Contains(character, StringComparison.Ordinal))
            {
                escaped.Append('\\');
            }

            escaped.Append(character);
        }

        return escaped.ToString();
    }

    // Slack's own form of a link needs angle brackets (Slack, Formatting text for app surfaces).
    private static string EscapeSlack(Notification notification, Uri? dashboard)
    {
        var text = notification.Text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal);
        return dashboard is null ? text : $"{text}\n<{dashboard.AbsoluteUri}|Open the dashboard>";
    }
}
