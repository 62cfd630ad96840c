using System.Text.Json;

namespace Infrastructure.Tests;

/// <summary>The template compiles without a word, and is in shape.</summary>
public sealed class TemplateTests(TemplateFixture template)
{
    public static TheoryData<string> Files() =>
    [
        .. Directory.EnumerateFiles(Repository.Path("infra/bicep"), "*.bicep*", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Repository.Path("tests/Infrastructure.Tests/Cases"), "*.bicepparam"))
            .Where(file => !file.EndsWith("bicepconfig.json", StringComparison.Ordinal))
            .Select(file => Path.GetRelativePath(Repository.Root, file)),
    ];

    [Theory]
    [InlineData("main")]
    [InlineData("bootstrap")]
    [InlineData("resources")]
    public async Task Template_compiles_without_a_message_of_compiler_or_linter(string name)
    {
        var run = await template.BuildAsync(name);

        Assert.Equal("", run.Errors);
        Assert.Equal(0, run.ExitCode);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Template_is_formatted(string file) =>
        Assert.Equal(Repository.Read(file), await template.FormattedAsync(file), ignoreLineEndingDifferences: true);

    [Theory]
    [InlineData("main")]
    [InlineData("bootstrap")]
    [InlineData("resources")]
    public async Task Every_parameter_and_output_says_what_it_is(string name)
    {
        using var compiled = JsonDocument.Parse((await template.BuildAsync(name)).Output);

        foreach (var item in compiled.RootElement.GetProperty("parameters").EnumerateObject()
            .Concat(compiled.RootElement.GetProperty("outputs").EnumerateObject()))
        {
            Assert.True(
                item.Value.TryGetProperty("metadata", out var metadata) && metadata.TryGetProperty("description", out _),
                $"{item.Name} has no description.");
        }
    }

    [Fact]
    public void Template_takes_no_module_from_a_registry() =>
        Assert.All(Files().Select(row => Repository.Read(row.Data)), text => Assert.DoesNotMatch("'(br|ts)[:/]", text));

    [Fact]
    public async Task No_secret_is_read_into_the_deployment_or_given_back()
    {
        var compiled = (await template.BuildAsync()).Output;

        Assert.DoesNotContain("listKeys", compiled, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("listAccountSas", compiled, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("listServiceSas", compiled, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain((await template.PredictedAsync("default")).Resources, resource => resource.Type == "Microsoft.KeyVault/vaults/secrets");
        using var json = JsonDocument.Parse(compiled);
        Assert.Equal(
            ["alertWebhook", "eventWebhook"],
            json.RootElement.GetProperty("parameters").EnumerateObject()
                .Where(parameter => parameter.Value.ToString().Contains("secure", StringComparison.OrdinalIgnoreCase))
                .Select(parameter => parameter.Name));
        Assert.All(
            json.RootElement.GetProperty("outputs").EnumerateObject(),
            output => Assert.DoesNotMatch("(?i)key$|secret|password|connection", output.Name));
    }
}
