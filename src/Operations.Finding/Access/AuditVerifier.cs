using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text.Json;
using Archiving.Model;
using Archiving.Storage;
using Azure;

namespace Operations.Access;

/// <summary>What a verification of the audit log found.</summary>
/// <param name="Blobs">How many blobs were read.</param>
/// <param name="Lines">How many lines follow the one before them.</param>
/// <param name="Break">Where the chain first breaks, and how; <see langword="null"/> when it does not.</param>
public sealed record AuditVerification(int Blobs, long Lines, string? Break);

/// <summary>
/// Reads the audit log and calculates its chains again. It finds lines that were changed, removed, added or moved, and
/// blobs to which a later one refers and that are gone. It cannot find that the last lines of an instance's last blob were
/// cut off, nor that all blobs of an instance are gone: only an immutability policy keeps them.
/// </summary>
public sealed class AuditVerifier(AuditContainer container)
{
    private const byte NewLine = (byte)'\n';

    /// <summary>Verifies the blobs of some days, the oldest first, up to the first break.</summary>
    /// <param name="from">The first day, UTC.</param>
    /// <param name="to">The last day, UTC.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<AuditVerification> VerifyAsync(DateOnly from, DateOnly to, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadAsync(from, to, cancellationToken);
        }
        catch (Exception exception) when (StorageOutage.Archive(exception) is { } outage)
        {
            throw outage;
        }
    }

    private async Task<AuditVerification> ReadAsync(DateOnly from, DateOnly to, CancellationToken cancellationToken)
    {
        var days = new List<DateOnly>();
        await foreach (var day in container.ListDaysAsync(from, to, cancellationToken))
        {
            days.Insert(0, day);
        }

        var (blobs, lines) = (0, 0L);
        foreach (var day in days)
        {
            await foreach (var blob in container.ListBlobsAsync(day, cancellationToken))
            {
                var chain = new Chain(blob.Name);
                await ReadLinesAsync(blob.Name, chain.Add, cancellationToken);
                blobs++;
                lines += chain.Lines;
                var problem = chain.Problem ?? (chain.Continues is { } link ? await CheckAsync(blob.Name, link, cancellationToken) : null);
                if (problem is not null)
                {
                    return new AuditVerification(blobs, lines, problem);
                }
            }
        }

        return new AuditVerification(blobs, lines, Break: null);
    }

    /// <summary>The blob that another continues must still hold the line that it names.</summary>
    private async Task<string?> CheckAsync(string name, AuditLink link, CancellationToken cancellationToken)
    {
        var isThere = false;
        try
        {
            await ReadLinesAsync(link.Blob, (line, _) => !(isThere |= HashOf(line) == link.Sha256), cancellationToken);
            return isThere ? null : $"{name}, line 1: it continues {link.Blob}, in which no line has the SHA-256 {link.Sha256}.";
        }
        catch (RequestFailedException exception) when (exception.Status == 404)
        {
            return $"{name}, line 1: it continues {link.Blob}, which is not there.";
        }
    }

    /// <summary>Reads lines, with or without a line end, until one is refused.</summary>
    private async Task ReadLinesAsync(string name, Func<ReadOnlySequence<byte>, bool, bool> take, CancellationToken cancellationToken)
    {
        using var blob = (await container.Client.GetBlobClient(name).DownloadStreamingAsync(cancellationToken: cancellationToken)).Value;
        var reader = PipeReader.Create(blob.Content);
        try
        {
            while (await TakeAsync(reader, take, cancellationToken))
            {
                // There is more.
            }
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    /// <summary>Takes the lines that have arrived.</summary>
    /// <returns>Whether to go on.</returns>
    private static async Task<bool> TakeAsync(PipeReader reader, Func<ReadOnlySequence<byte>, bool, bool> take, CancellationToken cancellationToken)
    {
        var result = await reader.ReadAsync(cancellationToken);
        var buffer = result.Buffer;
        while (buffer.PositionOf(NewLine) is { } end)
        {
            if (!take(buffer.Slice(0, end), true))
            {
                return false;
            }

            buffer = buffer.Slice(buffer.GetPosition(1, end));
        }

        if (result.IsCompleted)
        {
            if (!buffer.IsEmpty)
            {
                take(buffer, false);
            }

            return false;
        }

        reader.AdvanceTo(buffer.Start, buffer.End);
        return true;
    }

    private static string HashOf(ReadOnlySequence<byte> line)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in line)
        {
            hash.AppendData(part.Span);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The chain of a blob, as far as it holds.</summary>
    private sealed class Chain(string name)
    {
        private string? _previous;

        public long Lines { get; private set; }

        public AuditLink? Continues { get; private set; }

        public string? Problem { get; private set; }

        public bool Add(ReadOnlySequence<byte> text, bool hasEnd)
        {
            Problem = Check(text, hasEnd);
            if (Problem is not null)
            {
                Problem = string.Create(CultureInfo.InvariantCulture, $"{name}, line {Lines + 1}: {Problem}");
                return false;
            }

            Lines++;
            _previous = HashOf(text);
            return true;
        }

        private string? Check(ReadOnlySequence<byte> text, bool hasEnd)
        {
            if (!hasEnd)
            {
                return "it has no line end, so its end was cut off.";
            }

            AuditLine? line;
            try
            {
                var reader = new Utf8JsonReader(text);
                line = JsonSerializer.Deserialize(ref reader, AuditJson.Default.AuditLine);
            }
            catch (JsonException)
            {
                return "it is no JSON of the audit log.";
            }

            if (line is null || line.Previous != _previous)
            {
                return _previous is null
                    ? "it is the first line and names one before it, so lines before it were removed."
                    : $"it names {line?.Previous ?? "no line"} as the line before it, whose SHA-256 is {_previous}.";
            }

            Continues ??= line.Continues;
            return null;
        }
    }
}
