using System.Reflection;

namespace Comparison;

internal static class Repository
{
    public static string Root => Metadata("RepositoryRoot");

    public static string Metadata(string key) =>
        Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>().First(attribute => attribute.Key == key).Value!;
}
