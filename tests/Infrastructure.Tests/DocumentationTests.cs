using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Infrastructure.Tests;

/// <summary>What is written about deploying is true.</summary>
public sealed partial class DocumentationTests(TemplateFixture template)
{
    [Theory]
    [InlineData("main", "")]
    [InlineData("bootstrap", "bootstrap ")]
    [InlineData("resources", "resources ")]
    public async Task Every_parameter_is_documented_with_its_default_and_its_limits(string name, string mark)
    {
        const string File = "docs/deploy.md";
        var begin = $"<!-- {mark}parameters -->\n";
        using var compiled = JsonDocument.Parse((await template.BuildAsync(name)).Output);
        using var main = JsonDocument.Parse((await template.BuildAsync()).Output);
        var table = new StringBuilder("| parameter | default | meaning |\n| --- | --- | --- |\n");
        foreach (var parameter in compiled.RootElement.GetProperty("parameters").EnumerateObject()
            .Where(parameter => name == "main" || !main.RootElement.GetProperty("parameters").TryGetProperty(parameter.Name, out _)))
        {
            table.Append("| `").Append(parameter.Name).Append("` | ").Append(Default(parameter.Value)).Append(" | ")
                .Append(parameter.Value.GetProperty("metadata").GetProperty("description").GetString()).Append(Limits(parameter.Value)).Append(" |\n");
        }

        var text = Repository.Read(File);
        var start = text.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        Repository.AssertSame(File, text[..start] + table + text[text.IndexOf($"<!-- /{mark}parameters -->", StringComparison.Ordinal)..]);
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/deploy.md")]
    [InlineData("docs/events.md")]
    public async Task Every_file_parameter_and_variable_in_a_command_exists(string document)
    {
        using var compiled = JsonDocument.Parse((await template.BuildAsync()).Output);
        var parameters = Names("parameters");
        var outputs = Names("outputs");
        var environment = Variable().Matches(Repository.Read("infra/bicep/main.bicepparam")).Select(match => match.Groups["name"].Value).ToList();
        var commands = Block().Matches(Repository.Read(document))
            .SelectMany(block => block.Groups["text"].Value.Split('\n'))
            .Select(line => line.Trim())
            .Where(line => line.Length > 0 && !line.StartsWith('#'))
            .ToList();

        Assert.NotEmpty(commands);
        Assert.All(commands, command =>
        {
            var words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Assert.Contains(words[0], Programs.Concat(words[0].Contains('/') ? [words[0]] : []));
            Assert.All(words.Where(IsFile), word => Assert.True(Path.Exists(Repository.Path(word)), $"{word} is not there: {command}"));
            Assert.All(Assigned().Matches(command).Select(match => match.Groups["name"].Value), name => Assert.Contains(name, parameters));
            Assert.All(Given().Matches(command).Select(match => match.Groups["name"].Value), name => Assert.Contains(name, outputs));
            Assert.All(Set().Matches(command).Select(match => match.Groups["name"].Value), name => Assert.Contains(name, environment));
        });

        List<string> Names(string section) => [.. compiled.RootElement.GetProperty(section).EnumerateObject().Select(item => item.Name)];
    }

    [Fact]
    public void Every_parameter_in_the_text_exists()
    {
        var main = Repository.Read("infra/bicep/main.bicep");
        var named = Parameter().Matches(Repository.Read("docs/deploy.md")).Select(match => match.Groups["name"].Value).Distinct(StringComparer.Ordinal)
            .ToList();

        Assert.NotEmpty(named);
        Assert.All(named, name => Assert.True(main.Contains($"\nparam {name} ", StringComparison.Ordinal), $"There is no parameter {name}."));
    }

    private static readonly string[] Programs = ["az", "azd", "curl", "dotnet", "git"];

    // What has a slash and is neither an address nor a resource nor a placeholder.
    private static bool IsFile(string word) => PlainPath().IsMatch(word);

    private static string Default(JsonElement parameter)
    {
        if (!parameter.TryGetProperty("defaultValue", out var value))
        {
            return parameter.TryGetProperty("nullable", out var nullable) && nullable.GetBoolean() ? "none" : "required";
        }

        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText().ToLowerInvariant();
        return text switch
        {
            "" or "{}" or "[]" => "none",
            "[format('rg-{0}', parameters('environmentName'))]" => "`rg-` and the environment's name",
            _ => $"`{text}`",
        };
    }

    private static string Limits(JsonElement parameter)
    {
        if (parameter.TryGetProperty("allowedValues", out var allowed))
        {
            return $" {string.Join(", ", allowed.EnumerateArray().Where(value => value.ToString().Length > 0).Select(value => $"`{value}`"))}.";
        }

        return (parameter.TryGetProperty("minValue", out var minimum), parameter.TryGetProperty("maxValue", out var maximum)) switch
        {
            (true, true) => $" {minimum} to {maximum}.",
            (true, false) => $" {minimum} or more.",
            _ => "",
        };
    }

    [GeneratedRegex("```shell\n(?<text>.*?)```", RegexOptions.ExplicitCapture | RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Block();

    [GeneratedRegex(@"^[\w.-]*[\w-]+(/[\w.-]+)+$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PlainPath();

    [GeneratedRegex(@"--parameters .*?(?<name>\w+)=", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Assigned();

    [GeneratedRegex(@"azd env get-value (?<name>\w+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Given();

    [GeneratedRegex(@"azd env set (?<name>\w+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Set();

    [GeneratedRegex(@"readEnvironmentVariable\('(?<name>\w+)'", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Variable();

    [GeneratedRegex("`param (?<name>\\w+) ", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Parameter();
}
