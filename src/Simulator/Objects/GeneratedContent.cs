using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Simulator.Objects;

/// <summary>
/// The bytes of an object, made from a seed whenever they are asked for, from any offset: nothing of them is kept.
/// Recordings are WAV, MP3 or MP4 that a player plays, transcripts are JSON.
/// </summary>
/// <param name="MimeType">Decides what the bytes look like.</param>
/// <param name="Seed">The same seed gives the same bytes.</param>
/// <param name="Length">Number of bytes.</param>
public sealed record GeneratedContent(string MimeType, ulong Seed, long Length)
{
    // MPEG 1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes a frame, of which 4 are its header and 32 its (empty) side information.
    private const int Mp3Frame = 417;
    private const int Mp3Head = 36;
    private const int WavHeader = 44;
    private const int BoxHeader = 8;
    private const int SentenceLength = 64;
    private static readonly short[] Sine = [.. Enumerable.Range(0, 1024).Select(index => (short)(9000 * Math.Sin(2 * Math.PI * index / 1024)))];

    // Twelve seconds of a square that crosses the screen (H.264).
    private static readonly byte[] Clip = ReadClip();

    private static readonly byte[][] Sentences =
    [
        .. new[]
        {
            "Thank you for calling, how can I help you today?",
            "I have a question about my last invoice.",
            "Could you give me the number of your contract, please?",
            "One moment, I am looking it up.",
            "It says here that the payment arrived on Monday.",
            "That is strange, because I was charged twice.",
            "I see. I will have the second amount sent back to you.",
            "How long will that take?",
            "Three to five working days, as a rule.",
            "And could you send me a confirmation by mail?",
            "Of course. Is the address still the same?",
            "Yes, nothing has changed.",
            "We would like to move the appointment to next Thursday.",
            "In the morning or in the afternoon?",
            "The technician will call before he comes.",
            "The line was cut off yesterday in the middle of the call.",
            "I am sorry about that. I have opened a ticket.",
            "Is there anything else that I can do for you?",
            "No, that is all. Thank you for your help.",
            "Have a nice day, goodbye.",
            "Let me put you through to my colleague in the warehouse.",
            "The delivery was short by two boxes.",
            "We will send the missing ones tomorrow by express.",
            "Please leave your name and number after the tone.",
        }.Select(sentence => Encoding.ASCII.GetBytes(sentence.PadRight(SentenceLength))),
    ];

    /// <summary>The bytes, where they are not made up.</summary>
    public ReadOnlyMemory<byte>? Given { get; init; }

    /// <summary>A given text.</summary>
    public static GeneratedContent Of(string mimeType, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return new GeneratedContent(mimeType, 0, bytes.Length) { Given = bytes };
    }

    /// <summary>Writes the bytes that stand at an offset.</summary>
    public void Fill(Span<byte> destination, long offset)
    {
        if (Given is { } given)
        {
            given.Span.Slice((int)offset, destination.Length).CopyTo(destination);
            return;
        }

        switch (MimeType)
        {
            case "audio/wav":
                FillWav(destination, offset);
                break;
            case "audio/mpeg":
                FillMp3(destination, offset);
                break;
            case "video/mp4":
                FillMp4(destination, offset);
                break;
            case "application/json":
                FillJson(destination, offset);
                break;
            case "text/plain":
                FillText(destination, offset);
                break;
            default:
                FillNoise(destination, offset);
                break;
        }
    }

    /// <summary>MD5 of the whole, or, with a part size, 8x8's checksum of an object that was stored in parts.</summary>
    public string ComputeChecksum(long? partSize = null)
    {
        using var parts = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        var size = partSize ?? long.MaxValue;
        var count = 0;
        for (long start = 0; start < Length || count == 0; start += size)
        {
            var digest = ComputeMd5(start, Math.Min(size, Length - start));
            count++;
            if (partSize is null)
            {
                return Convert.ToHexStringLower(digest);
            }

            parts.AppendData(digest);
        }

        return $"{Convert.ToHexStringLower(parts.GetHashAndReset())}-{count}";
    }

    private byte[] ComputeMd5(long start, long length)
    {
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        var buffer = new byte[(int)Math.Clamp(length, 1, 1 << 16)];
        for (var offset = start; offset < start + length;)
        {
            var chunk = buffer.AsSpan(0, (int)Math.Min(buffer.Length, start + length - offset));
            Fill(chunk, offset);
            md5.AppendData(chunk);
            offset += chunk.Length;
        }

        return md5.GetHashAndReset();
    }

    // SplitMix64 of the word's number: any offset at once.
    private static ulong Word(ulong seed, ulong index)
    {
        var value = seed + ((index + 1) * 0x9E3779B97F4A7C15);
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    private void FillNoise(Span<byte> destination, long offset)
    {
        var position = 0;
        Span<byte> word = stackalloc byte[8];
        while (position < destination.Length)
        {
            var at = offset + position;
            var within = (int)(at & 7);
            var rest = destination[position..];
            if (within == 0 && rest.Length >= 8)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(rest, Word(Seed, (ulong)at >> 3));
                position += 8;
                continue;
            }

            BinaryPrimitives.WriteUInt64LittleEndian(word, Word(Seed, (ulong)at >> 3));
            var count = Math.Min(8 - within, rest.Length);
            word.Slice(within, count).CopyTo(rest);
            position += count;
        }
    }

    // 16 bits, 8 kHz, mono: a tone whose pitch comes from the seed, with a little noise so that no two blocks are alike.
    private void FillWav(Span<byte> destination, long offset)
    {
        Span<byte> header = stackalloc byte[WavHeader];
        "RIFF"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], (uint)Math.Max(0, Length - 8));
        "WAVEfmt "u8.CopyTo(header[8..]);
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], 16);
        BinaryPrimitives.WriteInt16LittleEndian(header[20..], 1);
        BinaryPrimitives.WriteInt16LittleEndian(header[22..], 1);
        BinaryPrimitives.WriteInt32LittleEndian(header[24..], 8000);
        BinaryPrimitives.WriteInt32LittleEndian(header[28..], 16000);
        BinaryPrimitives.WriteInt16LittleEndian(header[32..], 2);
        BinaryPrimitives.WriteInt16LittleEndian(header[34..], 16);
        "data"u8.CopyTo(header[36..]);
        BinaryPrimitives.WriteUInt32LittleEndian(header[40..], (uint)Math.Max(0, Length - WavHeader));
        var position = CopyHeader(header, destination, offset);
        var step = 28 + (Seed % 64);
        for (; position < destination.Length; position++)
        {
            var at = offset + position - WavHeader;
            var sample = (ulong)at >> 1;
            var noise = (int)((Word(Seed, sample >> 3) >> (int)((sample & 7) * 8)) & 0xFF);
            var value = Sine[(sample * step) & 1023] + noise;
            destination[position] = (byte)((at & 1) == 0 ? value : value >> 8);
        }
    }

    // Frames without sound whose unused part is noise. 0xFF is kept out of it, so that no frame seems to begin there.
    private void FillMp3(Span<byte> destination, long offset)
    {
        FillNoise(destination, offset);
        destination.Replace((byte)0xFF, (byte)0xFE);
        ReadOnlySpan<byte> head = [0xFF, 0xFB, 0x90, 0x64, .. new byte[Mp3Head - 4]];
        for (var frame = -(offset % Mp3Frame); frame < destination.Length; frame += Mp3Frame)
        {
            var skipped = (int)Math.Max(0, -frame);
            if (skipped < Mp3Head)
            {
                var target = destination[(int)Math.Max(0, frame)..];
                head[skipped..Math.Min(Mp3Head, skipped + target.Length)].CopyTo(target);
            }
        }
    }

    // A film, then a box that players skip, which fills up the size.
    private void FillMp4(Span<byte> destination, long offset)
    {
        var position = 0;
        if (Length >= Clip.Length + BoxHeader)
        {
            Span<byte> header = stackalloc byte[BoxHeader];
            BinaryPrimitives.WriteUInt32BigEndian(header, (uint)Math.Min(Length - Clip.Length, uint.MaxValue));
            "free"u8.CopyTo(header[4..]);
            position = CopyHeader([.. Clip, .. header], destination, offset);
        }

        FillNoise(destination[position..], offset + position);
    }

    private void FillJson(Span<byte> destination, long offset)
    {
        var head = Encoding.ASCII.GetBytes($$"""{"language":"en-US","speaker":"agent-{{Seed % 97}}","transcript":""" + "\"");
        var tail = "\"}"u8;
        if (Length < head.Length + tail.Length)
        {
            // Too short for that: a string, or a number when there is but one byte.
            head = Length == 1 ? [(byte)('0' + (Seed % 10))] : "\""u8.ToArray();
            tail = Length == 1 ? [] : "\""u8;
        }

        for (var position = 0; position < destination.Length; position++)
        {
            var at = offset + position;
            destination[position] = at < head.Length ? head[(int)at]
                : at >= Length - tail.Length ? tail[(int)(at - (Length - tail.Length))]
                : Letter(at);
        }
    }

    private void FillText(Span<byte> destination, long offset)
    {
        for (var position = 0; position < destination.Length; position++)
        {
            destination[position] = Letter(offset + position);
        }
    }

    private byte Letter(long at) =>
        Sentences[Word(Seed, (ulong)at / SentenceLength) % (ulong)Sentences.Length][at % SentenceLength];

    private static byte[] ReadClip()
    {
        using var stream = typeof(GeneratedContent).Assembly.GetManifestResourceStream("clip.mp4")!;
        var clip = new byte[stream.Length];
        stream.ReadExactly(clip);
        return clip;
    }

    private static int CopyHeader(ReadOnlySpan<byte> header, Span<byte> destination, long offset)
    {
        if (offset >= header.Length)
        {
            return 0;
        }

        var part = header[(int)offset..];
        part = part[..Math.Min(part.Length, destination.Length)];
        part.CopyTo(destination);
        return part.Length;
    }
}
