namespace EightByEight.Tests;

public sealed class FiqlTests
{
    private static readonly DateTimeOffset Time = DateTimeOffset.FromUnixTimeMilliseconds(1725148800000);

    [Fact]
    public void Filter_is_built_as_in_the_example_of_the_guide()
    {
        var filter = Fiql.And(
            Fiql.Equal("type", "callcenterrecording"),
            Fiql.GreaterOrEqual("createdTime", Time),
            Fiql.LessOrEqual("createdTime", DateTimeOffset.FromUnixTimeMilliseconds(1727740800000)));

        Assert.Equal("type==callcenterrecording;createdTime=ge=1725148800000;createdTime=le=1727740800000", filter);
    }

    [Fact]
    public void Filter_writes_times_of_any_zone_as_the_same_instant()
    {
        Assert.Equal(Fiql.LessThan("createdTime", Time), Fiql.LessThan("createdTime", Time.ToOffset(TimeSpan.FromHours(-5))));
    }

    [Fact]
    public void Filter_puts_alternatives_in_parentheses()
    {
        Assert.Equal("(objectState==AVAILABLE,objectState==ARCHIVED)", Fiql.Or(Fiql.Equal("objectState", "AVAILABLE"), Fiql.Equal("objectState", "ARCHIVED")));
        Assert.Equal("type==a", Fiql.Or(Fiql.Equal("type", "a"), null));
        Assert.Null(Fiql.And(null, ""));
    }
}
