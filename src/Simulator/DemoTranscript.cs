using System.Text.Json;

namespace Simulator;

/// <summary>
/// What one side of a call says, line by line with the seconds at which it begins. 8x8 does not document the format of
/// transcripts; this one is made up.
/// </summary>
internal static class DemoTranscript
{
    private const double SecondsPerLine = 6.5;

    // The sides take turns; each line of the user is followed by one of the other party.
    private static readonly (string Owner, string External)[][] Conversations =
    [
        [
            ("Thank you for calling, how can I help you today?", "Hello, I have a question about my last invoice."),
            ("Could you give me the number of your contract, please?", "Yes, it is four, seven, one, one, zero, eight."),
            ("One moment, I am looking it up. I see a payment on Monday.", "That is strange, because I was charged twice."),
            ("I see. I will have the second amount refunded to you.", "How long will the refund take?"),
            ("Three to five working days, as a rule.", "And could you send me a confirmation by mail?"),
            ("Of course. Is the address still the same?", "Yes, nothing has changed."),
            ("Then the confirmation is on its way. Anything else?", "No, that is all. Thank you for your help."),
        ],
        [
            ("Good morning, this is the service desk.", "Hi, the line was cut off yesterday in the middle of a call."),
            ("I am sorry about that. Which extension were you on?", "On the one of the warehouse, downstairs."),
            ("I have opened a ticket. A technician will look at it today.", "Will he call before he comes?"),
            ("Yes, about half an hour ahead.", "Then please let him ask for me at the reception."),
            ("I have added that to the ticket.", "Great, thank you."),
        ],
        [
            ("Orders, good afternoon.", "Hello, the delivery of this morning was short by two boxes."),
            ("Let me check. Do you have the delivery note at hand?", "Yes, it says twelve boxes, and we received ten."),
            ("We will send the missing ones tomorrow by express.", "Before noon? We have an appointment with a customer."),
            ("I will mark it as urgent, before ten in the morning.", "Perfect. And please no charge for the express delivery."),
            ("There is no charge for you. Have a nice day, goodbye.", "You too, goodbye."),
        ],
    ];

    /// <summary>The text of one side of a call.</summary>
    public static string Of(int call, bool isOwner)
    {
        var conversation = Conversations[call % Conversations.Length];
        return JsonSerializer.Serialize(new
        {
            language = "en-US",
            speaker = isOwner ? "owner" : "external",
            segments = conversation.Select((turn, index) => new
            {
                start = Math.Round(1.2 + (SecondsPerLine * ((2 * index) + (isOwner ? 0 : 1))), 1),
                text = isOwner ? turn.Owner : turn.External,
            }),
        });
    }
}
