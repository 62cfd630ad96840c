using Archiving.Model;
using Archiving.Outages;
using Archiving.Queues;
using Azure;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Archiving.Tests;

/// <summary>How work on an object ended, for each kind of exception.</summary>
public sealed class OutcomeDeciderTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly HealthBoard _health;
    private readonly FailingObjects _failing;
    private readonly OutcomeDecider _decider;

    public OutcomeDeciderTests()
    {
        _health = new HealthBoard(_time, NullLogger<HealthBoard>.Instance);
        _failing = new FailingObjects(_time);
        _decider = new OutcomeDecider(_health, _failing);
    }

    [Fact]
    public void Permanent_failure_fails_with_its_reason_though_the_app_is_stopping()
    {
        var failed = Assert.IsType<Outcome.Failed>(Decide(new PermanentFailureException("no\nright") { Reason = FailureReason.Forbidden }, isStopping: true));

        Assert.Equal((FailureReason.Forbidden, "no\nright", "no right"), (failed.Reason, failed.Message, failed.LastError));
    }

    [Fact]
    public void Id_that_no_address_can_hold_fails() =>
        Assert.Equal(FailureReason.Unaddressable, Assert.IsType<Outcome.Failed>(Decide(Unaddressable(".."))).Reason);

    [Fact]
    public void Object_that_8x8_no_longer_has_is_gone() =>
        Assert.Equal("404", Assert.IsType<Outcome.Gone>(Decide(new ObjectGoneException("404", innerException: null))).Reason);

    [Theory]
    [InlineData(0)]
    [InlineData(401)]
    [InlineData(429)]
    public void Answer_that_every_request_would_meet_is_an_outage(int status) =>
        Assert.IsType<Outcome.Outage>(Decide(new RequestFailedException(status, "no")));

    [Theory]
    [InlineData(400)]
    [InlineData(500)]
    public void Answer_for_one_object_counts_as_an_attempt(int status) =>
        Assert.IsType<Outcome.FailedThisTime>(Decide(new RequestFailedException(status, "no")));

    [Fact]
    public void Server_errors_for_twenty_objects_are_an_outage()
    {
        var outcomes = Enumerable.Range(0, FailingObjects.Outage).Select(number => Decide(new RequestFailedException(500, "no"), id: $"{number}")).ToList();

        Assert.All(outcomes.SkipLast(1), outcome => Assert.IsType<Outcome.FailedThisTime>(outcome));
        Assert.IsType<Outcome.Outage>(outcomes[^1]);
    }

    [Fact]
    public void Server_errors_of_a_region_are_an_outage_while_another_region_gives_content()
    {
        var outcomes = new List<Outcome>();
        foreach (var number in Enumerable.Range(0, FailingObjects.Outage))
        {
            outcomes.Add(Decide(new RequestFailedException(500, "no"), id: $"{number}"));
            _failing.Clear("uk");
        }

        Assert.IsType<Outcome.Outage>(outcomes[^1]);
    }

    [Fact]
    public void Outage_of_content_alone_costs_no_attempt_however_long_it_lasts()
    {
        _failing.Clear("us-east");
        _time.Advance(TimeSpan.FromMinutes(76));
        _health.Clear(Condition.Source);

        Assert.IsType<Outcome.Outage>(Decide(new RequestFailedException(429, "no"), deferrals: 12));
        var exception = new RequestFailedException(503, "no");
        var outcomes = Enumerable.Range(0, FailingObjects.Outage).Select(number => Decide(exception, id: $"{number}", deferrals: 12));
        Assert.IsType<Outcome.Outage>(outcomes.ToList()[^1]);
    }

    [Fact]
    public void No_answer_for_one_object_for_an_hour_while_8x8_gives_others_counts_as_an_attempt()
    {
        _failing.Clear("us-east");

        Assert.IsType<Outcome.Outage>(Decide(new RequestFailedException(0, "no answer"), deferrals: 11));
        Assert.IsType<Outcome.FailedThisTime>(Decide(new RequestFailedException(0, "no answer"), deferrals: 12));
    }

    [Fact]
    public void Anything_else_counts_as_an_attempt_unless_the_app_is_stopping()
    {
        Assert.IsType<Outcome.FailedThisTime>(Decide(new IOException("broken")));
        Assert.IsType<Outcome.Interrupted>(Decide(new IOException("broken"), isStopping: true));
        Assert.IsType<Outcome.Interrupted>(Decide(new RequestFailedException(0, "no answer"), isStopping: true));
    }

    private static ArgumentException Unaddressable(string id) => new($"The id {id} cannot be part of an address.", nameof(id));

    private Outcome Decide(Exception exception, bool isStopping = false, string id = "a", int deferrals = 0) =>
        _decider.Decide(new ObjectWork(new ObjectMessage { Region = "us-east", Id = id, Deferrals = deferrals }, attempt: 1), exception, isStopping);
}
