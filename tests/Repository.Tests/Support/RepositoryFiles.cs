using System.Reflection;

namespace Repository.Tests;

/// <summary>The files of this repository.</summary>
internal static class RepositoryFiles
{
    /// <summary>The repository's folder.</summary>
    public static string Root { get; } =
        Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>().First(attribute => attribute.Key == "RepositoryRoot").Value!;

    /// <summary>Where a file or folder is, given by its path in the repository.</summary>
    public static string At(string path) => Path.Combine(Root, path);

    /// <summary>Whether there is a file or folder of that path.</summary>
    public static bool Exists(string path) => Path.Exists(At(path));
}
