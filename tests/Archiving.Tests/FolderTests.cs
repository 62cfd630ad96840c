using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using Operations.Status;

namespace Archiving.Tests;

/// <summary>Folders stand in an order, and each uses only what stands above it.</summary>
public sealed class FolderTests
{
    // Work of one kind reaches work of another through queues alone.
    private static readonly string[] Kinds = ["Listing", "Copying", "Restoring", "Verifying", "Purging", "Requeuing", "Indexing"];

    private static readonly string[] Order =
        ["Model", "Settings", "Storage", "Outages", "Source", "Telemetry", "Ledger", "Archive", "Cases", "Queues", "Planning", .. Kinds];

    private static readonly Architecture Built = new ArchLoader()
        .LoadAssemblies(typeof(ArchivingServiceCollectionExtensions).Assembly, typeof(StatusReader).Assembly)
        .Build();

    [Fact]
    public void Folders_of_Archiving_use_only_folders_above_them()
    {
        Assert.Equal(
            Order.Order(StringComparer.Ordinal),
            Built.Types.Select(FolderOf).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

        var offences = Uses().Where(use => Rank(use.ToFolder) > Rank(use.FromFolder) || (Kinds.Contains(use.FromFolder) && Kinds.Contains(use.ToFolder))
            || (use.FromFolder, use.ToFolder) is ("Archive", "Ledger"));

        Assert.Equal([], offences.Select(use => $"{use.FromFolder}/{use.From.Name} uses {use.ToFolder}/{use.To.Name}").Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Archiving_uses_neither_Operations_nor_ASPNET_nor_the_console()
    {
        var offences =
            from type in Built.Types
            where type.FullName.StartsWith("Archiving.", StringComparison.Ordinal)
            from dependency in type.Dependencies
            let target = dependency.Target.FullName
            where target.StartsWith("Operations.", StringComparison.Ordinal) || target.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal)
                || target == "System.Console"
            select $"{type.FullName} uses {target}";

        Assert.Equal([], offences.Distinct(StringComparer.Ordinal));
    }

    private static int Rank(string folder) => Array.IndexOf(Order, folder);

    private static IEnumerable<(IType From, string FromFolder, IType To, string ToFolder)> Uses() =>
        from type in Built.Types
        let fromFolder = FolderOf(type)
        where fromFolder is not null
        from dependency in type.Dependencies
        let toFolder = FolderOf(dependency.Target)
        where toFolder is not null && toFolder != fromFolder
        select (type, fromFolder, dependency.Target, toFolder);

    /// <summary>The folder of a type of Archiving; <see langword="null"/> for any other, and for what puts the folders together.</summary>
    private static string? FolderOf(IType type) =>
        type.FullName.Split('.', '+', '/') is ["Archiving", var folder, _, ..] ? folder : null;
}
