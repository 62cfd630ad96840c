using Archiving.Settings;
using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using Operations.Cases;
using Operations.Plan;
using Operations.Search;
using Operations.Status;

namespace Archiving.Tests;

/// <summary>Folders stand in an order, and each uses only what stands above it.</summary>
public sealed class FolderTests
{
    // Work of one kind reaches work of another through queues alone.
    private static readonly string[] Kinds =
    [
        "Archiving.Listing", "Archiving.Copying", "Archiving.Restoring", "Archiving.Verifying", "Archiving.Purging", "Archiving.Requeuing",
        "Archiving.Indexing",
    ];

    private static readonly string[] Order =
    [
        "Archiving.Model", "Archiving.Settings", "Archiving.Storage", "Archiving.Outages", "Archiving.Source", "Archiving.Telemetry",
        "Archiving.Ledger", "Archiving.Archive", "Archiving.Cases", "Archiving.Queues", "Archiving.Planning", .. Kinds,
        "Operations.Access", "Operations.Objects", "Operations.Search", "Operations.Cases", "Operations.Catalogue",
        "Operations.Plan", "Operations.Drill", "Operations.Runs", "Operations.Failures", "Operations.Status", "Operations.Notifications",
        "Operations.Health", "Operations.Commands",
    ];

    private static readonly Architecture Built = new ArchLoader()
        .LoadAssemblies(
            typeof(ArchiverOptions).Assembly,
            typeof(ArchivingServiceCollectionExtensions).Assembly,
            typeof(ObjectSearch).Assembly,
            typeof(CaseBook).Assembly,
            typeof(PlanBuilder).Assembly,
            typeof(StatusReader).Assembly)
        .Build();

    [Fact]
    public void Folders_use_only_folders_above_them()
    {
        Assert.Equal(
            Order.Order(StringComparer.Ordinal),
            Built.Types.Select(FolderOf).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

        var offences = Uses().Where(use => Rank(use.ToFolder) > Rank(use.FromFolder) || (Kinds.Contains(use.FromFolder) && Kinds.Contains(use.ToFolder))
            || (use.FromFolder, use.ToFolder) is ("Archiving.Archive", "Archiving.Ledger"));

        Assert.Equal([], offences.Select(use => $"{use.From.FullName} uses {use.To.FullName}").Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Archiving_uses_neither_ASPNET_nor_the_console()
    {
        var offences =
            from type in Built.Types
            where type.FullName.StartsWith("Archiving.", StringComparison.Ordinal)
            from dependency in type.Dependencies
            let target = dependency.Target.FullName
            where target.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal) || target == "System.Console"
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

    /// <summary>The folder of a type; <see langword="null"/> for a type of elsewhere, and for what puts the folders together.</summary>
    private static string? FolderOf(IType type) =>
        type.FullName.Split('.', '+', '/') is [("Archiving" or "Operations") and var project, var folder, _, ..] ? $"{project}.{folder}" : null;
}
