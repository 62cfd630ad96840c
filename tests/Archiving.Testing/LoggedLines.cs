using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace Archiving.Testing;

/// <summary>What was logged, as tests compare it: each message with its exception.</summary>
internal static class LoggedLines
{
    extension(FakeLogCollector logs)
    {
        /// <summary>All lines.</summary>
        public IReadOnlyList<(LogLevel Level, string Message)> Lines => [.. logs.GetSnapshot().Select(record => (record.Level, Text(record)))];

        /// <summary>The lines of the levels that are on in production, with their event ids.</summary>
        public IReadOnlyList<(int Id, LogLevel Level, string Message)> Events =>
            [.. logs.GetSnapshot().Where(record => record.Level >= LogLevel.Information).Select(record => (record.Id.Id, record.Level, Text(record)))];
    }

    private static string Text(FakeLogRecord record) => record.Message + record.Exception;
}
