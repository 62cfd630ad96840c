using YamlDotNet.RepresentationModel;

namespace Repository.Tests;

/// <summary>A workflow of GitHub Actions.</summary>
internal sealed class Workflow
{
    private const string Folder = ".github/workflows";
    private readonly YamlMappingNode _root;

    private Workflow(string name)
    {
        Name = name;
        Lines = File.ReadAllLines(RepositoryFiles.At($"{Folder}/{name}"));
        var yaml = new YamlStream();
        yaml.Load(new StringReader(string.Join('\n', Lines)));
        _root = (YamlMappingNode)yaml.Documents[0].RootNode;
    }

    /// <summary>Its file's name.</summary>
    public string Name { get; }

    /// <summary>Its text.</summary>
    public IReadOnlyList<string> Lines { get; }

    /// <summary>What starts it.</summary>
    public IReadOnlyCollection<string> Triggers => [.. Map(_root, "on")!.Children.Keys.Select(key => key.ToString())];

    /// <summary>Its rights; <see langword="null"/> when it has GitHub's.</summary>
    public YamlMappingNode? Permissions => Map(_root, "permissions");

    /// <summary>The files whose changes start it.</summary>
    public IEnumerable<string> WatchedPaths => Map(_root, "on")!.Children.Values.OfType<YamlMappingNode>().SelectMany(trigger => Texts(trigger, "paths"));

    /// <summary>Its jobs.</summary>
    public IEnumerable<WorkflowJob> Jobs => Map(_root, "jobs")!.Children.Select(job => new WorkflowJob(this, job.Key.ToString(), (YamlMappingNode)job.Value));

    /// <summary>Every workflow.</summary>
    public static IEnumerable<Workflow> ReadAll() => Directory.EnumerateFiles(RepositoryFiles.At(Folder)).Select(file => new Workflow(Path.GetFileName(file)));

    internal static string? Text(YamlMappingNode node, string name) =>
        node.Children.TryGetValue(new YamlScalarNode(name), out var value) ? value.ToString() : null;

    internal static YamlMappingNode? Map(YamlMappingNode node, string name) =>
        node.Children.TryGetValue(new YamlScalarNode(name), out var value) ? value as YamlMappingNode : null;

    internal static IEnumerable<string> Texts(YamlMappingNode node, string name) =>
        node.Children.TryGetValue(new YamlScalarNode(name), out var value) ? ((YamlSequenceNode)value).Select(item => item.ToString()) : [];
}

/// <summary>A job of a workflow.</summary>
internal sealed class WorkflowJob(Workflow workflow, string name, YamlMappingNode node)
{
    /// <summary>The workflow that it calls; <see langword="null"/> when it has steps of its own.</summary>
    public string? Calls => Workflow.Text(node, "uses");

    /// <summary>After how long it is stopped.</summary>
    public string? Timeout => Workflow.Text(node, "timeout-minutes");

    /// <summary>Its rights, as <c>name: access</c>; <see langword="null"/> when it has those of the workflow.</summary>
    public IReadOnlyCollection<string>? Permissions => Workflow.Map(node, "permissions")?.Children.Select(right => $"{right.Key}: {right.Value}").ToList();

    /// <summary>The secrets that it hands to the workflow that it calls.</summary>
    public IReadOnlyCollection<string> Secrets => [.. (Workflow.Map(node, "secrets")?.Children.Keys ?? []).Select(secret => secret.ToString())];

    /// <summary>Its steps.</summary>
    public IEnumerable<YamlMappingNode> Steps =>
        node.Children.TryGetValue(new YamlScalarNode("steps"), out var steps) ? ((YamlSequenceNode)steps).Cast<YamlMappingNode>() : [];

    /// <summary>The commands of its steps.</summary>
    public IEnumerable<string> Commands => Steps.Select(step => Workflow.Text(step, "run")).OfType<string>();

    /// <summary>The environment variables that a step is given.</summary>
    public IEnumerable<string> VariablesOf(YamlMappingNode step) =>
        new[] { node, step }.SelectMany(place => Workflow.Map(place, "env")?.Children.Keys ?? []).Select(variable => variable.ToString());

    /// <inheritdoc/>
    public override string ToString() => $"{workflow.Name}, {name}";
}
