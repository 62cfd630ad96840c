using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Package.Tests;

/// <summary>The functions of the package are those in the code and in the documents.</summary>
public sealed partial class FunctionTests : IDisposable
{
    private readonly PackageFixture _package;
    private readonly JsonDocument _metadata;

    public FunctionTests(PackageFixture package)
    {
        ArgumentNullException.ThrowIfNull(package);
        _package = package;
        _metadata = JsonDocument.Parse(File.ReadAllText(Path.Combine(package.Folder, "functions.metadata")));
    }

    private IEnumerable<JsonElement> Functions => _metadata.RootElement.EnumerateArray();

    [Fact]
    public void Functions_of_the_package_are_those_in_its_assembly_and_in_the_sources()
    {
        var listed = Functions.Select(function => $"{Name(function)}: {function.GetProperty("entryPoint").GetString()}").Order(StringComparer.Ordinal).ToList();
        var sources = Directory.EnumerateFiles(RepositoryFiles.At("src/Functions"), "*.cs")
            .SelectMany(file => FunctionAttribute().Matches(File.ReadAllText(file)).Select(match => match.Groups["name"].Value));

        Assert.True(listed.Count >= 35, string.Join('\n', listed));
        Assert.Equal(ReadAttributes().Order(StringComparer.Ordinal), listed);
        Assert.Equal(sources.Order(StringComparer.Ordinal), Functions.Select(Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void HTTP_functions_of_the_package_are_those_of_the_OpenAPI_document()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(RepositoryFiles.At("src/Functions/openapi.json")));
        var documented =
            from path in document.RootElement.GetProperty("paths").EnumerateObject()
            from operation in path.Value.EnumerateObject()
            let isOpen = operation.Value.TryGetProperty("security", out var security) && security.GetArrayLength() == 0
            select $"{operation.Value.GetProperty("operationId").GetString()}: {operation.Name} {path.Name} {(isOpen ? "Anonymous" : "Function")}";
        var packaged =
            from function in Functions
            let trigger = Trigger(function)
            where trigger.GetProperty("type").GetString() == "httpTrigger"
            from method in trigger.GetProperty("methods").EnumerateArray()
            select $"{Name(function)}: {method.GetString()} /api/{trigger.GetProperty("route").GetString()} {trigger.GetProperty("authLevel").GetString()}";

        Assert.Equal(documented.Order(StringComparer.Ordinal), packaged.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Readme_lists_every_timer_and_queue_function_of_the_package_with_its_trigger()
    {
        var rows = File.ReadLines(RepositoryFiles.At("README.md")).SkipWhile(line => line != "| function | trigger | does |").Skip(2)
            .TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Split('|'))
            .Select(cells => (Names: Names(cells[1]), Trigger: cells[2]))
            .Where(row => row.Names.Count > 0)
            .ToList();
        var functions = Functions.Select(function => (Name: Name(function), Trigger: Trigger(function)))
            .Where(function => function.Trigger.GetProperty("type").GetString() != "httpTrigger")
            .ToList();

        Assert.All(rows.SelectMany(row => row.Names), name => Assert.Contains(functions, function => IsNamed(function.Name, name)));
        Assert.All(functions, function =>
        {
            var row = Assert.Single(rows, row => row.Names.Any(name => IsNamed(function.Name, name)));
            var expected = function.Trigger.GetProperty("type").GetString() == "timerTrigger" ? "timer"
                : row.Trigger.Trim() == "poison queues" && function.Trigger.GetProperty("queueName").GetString()!.EndsWith("-poison", StringComparison.Ordinal)
                    ? "poison queues"
                    : $"queue `{function.Trigger.GetProperty("queueName").GetString()}`";
            Assert.Contains(expected, row.Trigger, StringComparison.Ordinal);
        });
    }

    public void Dispose() => _metadata.Dispose();

    private static string Name(JsonElement function) => function.GetProperty("name").GetString()!;

    private static JsonElement Trigger(
        JsonElement function) => function.GetProperty("bindings").EnumerateArray()
            .Single(binding => binding.GetProperty("type").GetString()!.EndsWith("Trigger", StringComparison.Ordinal));

    private static List<string> Names(string cell) => [.. CodeName().Matches(cell).Select(match => match.Groups["name"].Value)];

    /// <summary>Whether a name of the table, which may end in <c>…</c>, is that of a function.</summary>
    private static bool IsNamed(string function, string name) =>
        name[^1] == '…' ? function.StartsWith(name[..^1], StringComparison.Ordinal) : function == name;

    /// <summary>Reads the functions from the attributes of the packaged assembly, without loading it.</summary>
    private List<string> ReadAttributes()
    {
        using var file = new PEReader(File.OpenRead(Path.Combine(_package.Folder, "Functions.dll")));
        var reader = file.GetMetadataReader();
        return
        [
            .. from handle in reader.MethodDefinitions
               let method = reader.GetMethodDefinition(handle)
               let type = reader.GetTypeDefinition(method.GetDeclaringType())
               from attribute in method.GetCustomAttributes()
               let value = reader.GetCustomAttribute(attribute)
               where IsFunctionAttribute(reader, value)
               select $"{ReadName(reader, value)}: {reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}.{reader.GetString(method.Name)}",
        ];
    }

    private static bool IsFunctionAttribute(MetadataReader reader, CustomAttribute attribute) =>
        attribute.Constructor.Kind == HandleKind.MemberReference
        && reader.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent is { Kind: HandleKind.TypeReference } parent
        && reader.GetString(reader.GetTypeReference((TypeReferenceHandle)parent).Name) == "FunctionAttribute";

    private static string? ReadName(MetadataReader reader, CustomAttribute attribute)
    {
        var value = reader.GetBlobReader(attribute.Value);

        // The prolog that every value of an attribute begins with.
        Assert.Equal(1, value.ReadUInt16());
        return value.ReadSerializedString();
    }

    [GeneratedRegex(@"\[Function\(""(?<name>\w+)""\)\]", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FunctionAttribute();

    [GeneratedRegex("`(?<name>[^`]+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CodeName();
}
