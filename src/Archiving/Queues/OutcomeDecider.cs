using Archiving.Model;
using Archiving.Outages;
using Archiving.Source;

namespace Archiving.Queues;

/// <summary>Decides from an exception how work on an object ended: for good, for now, or because of something that concerns every object.</summary>
public sealed class OutcomeDecider(HealthBoard health, FailingObjects failing)
{
    // After an hour and more.
    private const int MaxDeferrals = 12;

    // After two minutes. A token that is refused for one object and not for others is not the cause.
    private const int MaxDeferralsOfRefusals = 3;

    /// <summary>Decides the outcome of an attempt.</summary>
    /// <param name="work">The object.</param>
    /// <param name="exception">What ended the work.</param>
    /// <param name="isStopping">Whether the app is stopping: most failures are a consequence of that then.</param>
    internal Outcome Decide(ObjectWork work, Exception exception, bool isStopping) => exception switch
    {
        PermanentFailureException failure => new Outcome.Failed(failure.Reason, failure.Message, FailureText.WithQuote(failure)),

        // "." and "..": no HTTP client can ask for them, however often it tries.
        ArgumentException { ParamName: "id" } =>
            Unaddressable("The object's ID cannot be part of an address, so 8x8 cannot be asked for it. Report it to 8x8."),
        ObjectGoneException => new Outcome.Gone(exception.Message),
        _ when isStopping => new Outcome.Interrupted(),
        _ => DecideFailure(work, exception),
    };

    private static Outcome.Failed Unaddressable(string message) => new(FailureReason.Unaddressable, message, message);

    private Outcome DecideFailure(ObjectWork work, Exception exception)
    {
        var status = SourceFailure.Answer(exception)?.Status;
        if (IsOfThisObject(work, status))
        {
            return new Outcome.FailedThisTime(
                $"8x8 answers for other objects, and not for this one{(status > 0 ? $" ({status})" : "")}; if that lasts, ask 8x8 about the object.");
        }

        if (SourceFailure.AsOutage(exception) is { } outage)
        {
            return new Outcome.Outage(outage);
        }

        return SourceFailure.AsFailing(exception) is { InnerException: { } serverError } && failing.Add(work.Region, work.Id)
            ? new Outcome.Outage(new OutageException(
                Condition.Content,
                $"8x8 answers for objects of {work.Region} with an error ({status}). Nothing to do unless it lasts; see https://status.8x8.com.",
                serverError))
            : new Outcome.FailedThisTime();
    }

    /// <summary>Whether 8x8 does what it is asked for other objects, and has failed for this one again and again: that is no outage.</summary>
    private bool IsOfThisObject(ObjectWork work, int? status) => status switch
    {
        401 => work.Message.Deferrals >= MaxDeferralsOfRefusals && health.WorkedLately(Condition.Source),
        0 or 429 or >= 500 => work.Message.Deferrals >= MaxDeferrals && failing.WorkedLately(work.Region),
        _ => false,
    };
}
