using System.Text.Json.Nodes;
using Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;

namespace Functions.Access;

/// <summary>
/// Tells the Functions host to ask for no key where people sign in: <see cref="AccessMiddleware"/> checks their roles.
/// </summary>
public sealed class AnonymousTriggers : IFunctionMetadataTransformer
{
    /// <inheritdoc/>
    public string Name => nameof(AnonymousTriggers);

    /// <inheritdoc/>
    public void Transform(IList<IFunctionMetadata> original)
    {
        ArgumentNullException.ThrowIfNull(original);
        foreach (var bindings in original.Select(function => function.RawBindings).OfType<IList<string>>())
        {
            for (var index = 0; index < bindings.Count; index++)
            {
                if (JsonNode.Parse(bindings[index]) is JsonObject binding && (string?)binding["type"] == "httpTrigger")
                {
                    binding["authLevel"] = "Anonymous";
                    bindings[index] = binding.ToJsonString();
                }
            }
        }
    }
}
