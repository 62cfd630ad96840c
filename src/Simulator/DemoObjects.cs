using System.Globalization;
using System.Text;
using Simulator.Objects;

namespace Simulator;

/// <summary>A small company's last weeks: what the development stack shows.</summary>
public static class DemoObjects
{
    /// <summary>How many there are.</summary>
    public const int Count = 312;

    /// <summary>How many bytes they hold together.</summary>
    public const long TotalBytes = 412_000_000;

    private const long MeetingBytes = 80 * 1024 * 1024;
    private const long BytesPerMillisecond = 16;
    private const long PartSize = 5 * 1024 * 1024;
    private static readonly string[] HostileNames =
    [
        "../../../etc/passwd",
        "..",
        "call: +1 (408) 555-0100 → +44 20 7946 0018.mp3",
        "<img src=x onerror=alert(1)>",
        "C:\\Windows\\System32\\drivers\\etc\\hosts",
        "name\u0000with\u0007control\r\nX-Injected: yes.wav",
        "Überprüfung – Besprechung 会議.MP4",
        new string('n', 1000) + ".mp3",
        "",
        "trailing dot.",
    ];

    // Three objects make a call: what was recorded, and what was made of it. A Work call has a transcript for each side.
    private static readonly string[] Types =
    [
        "callrecording", "transcription", "transcription",
        "callcenterrecording", "screenrecording", "agentnotes",
        "voicemail", "summary", "sentimentScore",
        "callcentervoicemail", "voicecommentrecording", "postcallsurvey",
    ];

    private static readonly string[] People =
    [
        "Maria Chen", "James Okafor", "Priya Nair", "Lukas Weber", "Sofia Rossi", "Daniel Novak", "Amina Hassan", "Tom Becker",
        "Elena Petrova", "Noah Williams", "Yuki Tanaka", "Clara Dubois", "Omar Farouk", "Grace Murphy", "Pedro Alvarez", "Ingrid Larsen",
    ];

    private static readonly string[] Queues = ["Orders", "Support", "Billing"];

    /// <summary>Adds them. The same seed and time give the same objects.</summary>
    public static void AddTo(ObjectStore objects, DateTimeOffset now, int seed = 8888)
    {
        ArgumentNullException.ThrowIfNull(objects);
#pragma warning disable CA5394 // Demo data; the seed makes it the same each time.
        var random = new Random(seed);
        var left = TotalBytes;
        var call = new DemoCall("", "", "", now);
        for (var number = 0; number < Count; number++)
        {
            if (number % 3 == 0)
            {
                // Numbers reserved for fiction: 555-01xx in America, 7946 0xxx in London.
                var isUk = number / 3 % 3 == 2;
                call = new DemoCall(
                    isUk ? "uk" : "us-east",
                    People[random.Next(People.Length)],
                    isUk
                        ? string.Create(CultureInfo.InvariantCulture, $"+44 20 7946 0{random.Next(1000):D3}")
                        : string.Create(CultureInfo.InvariantCulture, $"+1 408 555 01{random.Next(100):D2}"),
                    now.AddMinutes(-30 - random.Next(25 * 24 * 60)));
            }

            var created = call.At.AddMinutes(number % 3).AddMilliseconds(random.Next(1000));
            var updated = created.AddMinutes(random.Next(1, 20));
            var type = number switch
            {
                0 => "meeting",
                < 5 => "hologram+beta",
                Count - 1 => "screenrecording",
                _ => Types[number % Types.Length],
            };
            var text = type == "transcription" ? DemoTranscript.Of(number / Types.Length, number % 3 == 1) : null;
            var bytes = number switch
            {
                0 => MeetingBytes,
                1 => 0,
                _ when text is not null => Encoding.UTF8.GetByteCount(text),
                Count - 1 => left,
                _ => Size(type, random, left / (Count - number)),
            };
            left -= bytes;
            objects.Add(new ObjectSpecification
            {
                Region = call.Region,
                Id = number == 7 ? "FKC4RF6OXNMGGUW4LIFSWVLEIVJ54JBTVAD3SQYKNFK2ATUQCMAA----" : null,
                Type = type,
                Bytes = bytes,
                Text = text,
                PartSize = number == 0 || number % 10 == 0 ? PartSize : null,
                Checksum = number == 9 ? "" : null,
                ObjectName = number - 10 is >= 0 and var hostile && hostile < HostileNames.Length
                    ? HostileNames[hostile]
                    : $"{call.Person} {call.Number}{Extension(type)}",
                CreatedTime = created,
                UpdatedTime = updated < now.AddMinutes(-2) ? updated : now.AddMinutes(-2),
                Tags = Tags(number, call, created, bytes),
            });
        }
#pragma warning restore CA5394
    }

    /// <summary>The tags that 8x8 gives: of a Work call, of a Contact Center interaction, and who speaks in a transcript.</summary>
    private static List<KeyValuePair<string, string>> Tags(int number, DemoCall call, DateTimeOffset created, long bytes)
    {
        var isWork = number / 3 % 2 == 0;
        List<KeyValuePair<string, string>> tags =
        [
            new("callId", $"call-{number / 3}"),
            new("direction", number / 3 % 4 < 2 ? "inbound" : "outbound"),
            new("startTime", created.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)),
            new("note", ""),
        ];
        tags.AddRange(isWork
            ?
            [
                new("userName", call.Person),
                new("userEmail", $"{call.Person.Replace(' ', '.').ToLowerInvariant()}@example.com"),
                new("extensionNumber", $"{1000 + (number / 3 % 40)}"),
                new("address", call.Number),
            ]
            :
            [
                new("agentName", call.Person),
                new("queueName", Queues[number / 3 % Queues.Length]),
                new("channelName", "Main line"),
                new("callerId", call.Number),
            ]);
        if (Types[number % Types.Length] is "callrecording" or "callcenterrecording")
        {
            tags.Add(new("duration", (bytes / BytesPerMillisecond).ToString(CultureInfo.InvariantCulture)));
        }

        if (Types[number % Types.Length] == "transcription")
        {
            tags.Add(new("speaker", number % 3 == 1 ? "owner" : "external"));
            tags.Add(new("sourceObjectType", "callrecordingchannel"));
        }

        return tags;
    }

    private static string Extension(string type) => SimulatedObject.Extension(SimulatedObject.DefaultMimeType(type));

    // Media takes about its share of what is left, and less than two, so that the sum comes out; documents are small.
    private static long Size(string type, Random random, long share)
    {
#pragma warning disable CA5394
        return type switch
        {
            "summary" or "sentimentScore" or "agentnotes" or "postcallsurvey" => Math.Min(share, random.Next(400, 60_000)),
            _ => Math.Max(1, (long)(share * (0.2 + (random.NextDouble() * 1.7)))),
        };
#pragma warning restore CA5394
    }

    private sealed record DemoCall(string Region, string Person, string Number, DateTimeOffset At);
}
