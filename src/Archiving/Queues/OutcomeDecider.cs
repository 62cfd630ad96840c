using Archiving.Model;
using Archiving.Outages;
using Archiving.Source;

namespace Archiving.Queues;

/// <summary>Decides from an exception how work on an object ended: for good, for now, or because of something that concerns every object.</summary>
public sealed class OutcomeDecider(HealthBoard health, FailingObjects failing)
{
    private const int MostDeferrals = 12;

    /// <summary>Decides.</summary>
    /// <param name="work">The object.</param>
    /// <param name="exception">What ended the work.</param>
    /// <param name="isStopping">Whether the app is stopping: most failures are a consequence of that then.</param>
    internal Outcome Decide(ObjectWork work, Exception exception, bool isStopping) => exception switch
    {
        PermanentFailureException failure => new Outcome.Failed(failure.Reason, failure.Message, FailureText.WithQuote(failure)),

        // "." and "..": no HTTP client can ask for them, however often it tries.
        ArgumentException { ParamName: "id" } => Unaddressable("8x8 cannot be asked for an object of this id, which an address cannot hold. Report it to 8x8."),
        ObjectGoneException => new Outcome.Gone(exception.Message),
        _ when isStopping => new Outcome.Interrupted(),
        _ => FindOutage(work, exception) is { } outage ? new Outcome.Outage(outage) : new Outcome.FailedThisTime(),
    };

    private static Outcome.Failed Unaddressable(string message) => new(FailureReason.Unaddressable, message, message);

    private OutageException? FindOutage(ObjectWork work, Exception exception)
    {
        // 8x8 answers requests for other objects and has failed those for this one for more than an hour: that is no outage.
        var isItsOwn = work.Message.Deferrals >= MostDeferrals && health.WorkedLately(Condition.Source);
        return SourceFailure.AsOutage(exception) switch
        {
            { } outage => isItsOwn && SourceFailure.Answer(exception) is { Status: 0 } ? null : outage,
            null when SourceFailure.AsFailing(exception) is { } outage => failing.Add(work.Region, work.Id) && !isItsOwn ? outage : null,
            null => null,
        };
    }
}
