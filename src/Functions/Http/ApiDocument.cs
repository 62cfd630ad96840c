namespace Functions.Http;

/// <summary>The OpenAPI document, a resource of this assembly. Tests hold it against the functions and their answers.</summary>
public sealed class ApiDocument
{
    /// <summary>Its name, as a resource and in its route.</summary>
    public const string Name = "openapi.json";

    private readonly Lazy<string> _content = new(Read);

    /// <summary>The document.</summary>
    public string Content => _content.Value;

    private static string Read()
    {
        using var stream = typeof(ApiDocument).Assembly.GetManifestResourceStream(Name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
