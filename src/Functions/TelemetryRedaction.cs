using System.Diagnostics;
using System.Text.RegularExpressions;
using OpenTelemetry;
using OpenTelemetry.Logs;

namespace Functions;

/// <summary>
/// Keeps addresses and pop receipts out of what is exported. The Azure clients put the address of the account into the
/// messages of their exceptions, and those end up in logs and, by the Functions worker, in the status of spans.
/// </summary>
internal static partial class TelemetryRedaction
{
    /// <summary>Stands in the place of what was taken out.</summary>
    public const string Placeholder = "[redacted]";

    /// <summary>The text without URLs, host names of accounts and vaults, IP endpoints and pop receipts.</summary>
    public static string Redact(string text) => Sensitive().Replace(text, Placeholder);

    /// <summary>The service that a host name belongs to, without the name of the account or vault: <c>queue.core.windows.net</c>. Other names stay.</summary>
    public static string RedactHost(string host) => AccountHost().Match(host) is { Success: true } match ? match.Groups["service"].Value : host;

    // .NET and Azure write host names in lower case, so names of types such as Data.Table.Row stay.
    [GeneratedRegex(
        @"https?://[^\s""'<>()]+"
        + @"|(?<![\w.-])[a-z0-9-]+(\.[a-z0-9-]+)*\.(blob|queue|table|dfs|file|vault|vaultcore)\.[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?"
        + @"|(?<![\w.])\d{1,3}(\.\d{1,3}){3}:\d+"
        + @"|\[[0-9a-f:]*:[0-9a-f:.]*\]:\d+"
        + @"|popreceipt=[^\s&]+",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Sensitive();

    [GeneratedRegex(
        @"^[a-z0-9-]+(\.[a-z0-9-]+)*?\.(?<service>(blob|queue|table|dfs|file|vault|vaultcore)\.[a-z0-9.-]+)$",
        RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex AccountHost();

    /// <summary>Takes the message of an exception off a span that failed. The logs have it, redacted.</summary>
    public sealed class SpanProcessor : BaseProcessor<Activity>
    {
        /// <inheritdoc/>
        public override void OnEnd(Activity data)
        {
            if (data.StatusDescription is not null)
            {
                data.SetStatus(data.Status);
            }
        }
    }

    /// <summary>Redacts messages, attributes and exceptions of log records.</summary>
    public sealed class LogProcessor : BaseProcessor<LogRecord>
    {
        /// <inheritdoc/>
        public override void OnEnd(LogRecord data)
        {
            data.FormattedMessage = data.FormattedMessage is { } message ? Redact(message) : null;
            data.Body = data.Body is { } body ? Redact(body) : null;
            data.Attributes = data.Attributes?.Select(pair => KeyValuePair.Create(pair.Key, RedactValue(pair.Value))).ToList();
            if (data.Exception is { } exception && exception.ToString() is var text && Redact(text) is var redacted && redacted != text)
            {
                data.Exception = new RedactedException(exception, redacted);
            }
        }

        private static object? RedactValue(object? value) => value switch
        {
            string text => Redact(text),
            Uri => Placeholder,
            _ => value,
        };
    }

    /// <summary>An exception in whose text something was redacted; its message begins with the type of the original.</summary>
    private sealed class RedactedException(Exception original, string text) : Exception($"{original.GetType().FullName}: {Redact(original.Message)}")
    {
        public override string? StackTrace => original.StackTrace;

        public override string ToString() => text;
    }
}
