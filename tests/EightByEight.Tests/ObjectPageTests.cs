namespace EightByEight.Tests;

public sealed class ObjectPageTests
{
    [Theory]
    [InlineData("100")]
    [InlineData("\"100\"")]
    public void Object_page_takes_the_page_key_as_it_comes(string key)
    {
        Assert.Equal("100", Parse($$"""{"content":[],"lastPage":false,"pageKey":{{key}},"pageSize":"0"}""").PageKey);
    }

    [Fact]
    public void Object_page_needs_neither_total_nor_page_key()
    {
        var page = Parse("""{"content":[{"id":"a"},{"id":"b"}],"lastPage":true}""");

        Assert.Equal(["a", "b"], page.Objects.Select(record => record.Id));
        Assert.True(page.IsLastPage);
        Assert.Null(page.PageKey);
        Assert.Null(page.Total);
    }

    [Fact]
    public void Object_page_leaves_out_what_has_no_id_and_counts_it()
    {
        var page = Parse("""{"content":[{"id":"a"},{"type":"x"},[],{"id":"b"}],"lastPage":true}""");

        Assert.Equal(["a", "b"], page.Objects.Select(record => record.Id));
        Assert.Equal(2, page.Unreadable);
    }

    [Theory]
    [InlineData("""{"lastPage":true}""")]
    [InlineData("""{"content":[]}""")]
    [InlineData("""{"content":{},"lastPage":true}""")]
    [InlineData("""{"content":[{"type":"x"}],"lastPage":true}""")]
    [InlineData("""{"error":"200 with an error"}""")]
    [InlineData("<html></html>")]
    [InlineData("")]
    public void Json_that_is_no_page_is_refused(string json)
    {
        Assert.Throws<FormatException>(() => Parse(json));
    }

    private static ObjectPage Parse(string json) => ObjectPage.Parse(BinaryData.FromString(json));
}
