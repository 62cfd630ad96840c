using Archiving.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Archiving.Listing;

internal static class ListingServices
{
    /// <summary>Registers listing, reconcile and rebuild.</summary>
    public static IServiceCollection AddListing(this IServiceCollection services) => services
        .AddSingleton<ListingStore>()
        .AddSingleton<FirstStart>()
        .AddSingleton<ListingPlanner>()
        .AddSingleton<ListingInspector>()
        .AddSingleton<OverdueListing>()
        .AddSingleton<WindowLister>()
        .AddSingleton<UnreadableRecords>()
        .AddSingleton<ObjectLister>()
        .AddSingleton<WindowSender>()
        .AddSingleton<WindowCutter>()
        .AddSingleton<ObjectIntake>()
        .AddSingleton<WindowFailureRecorder>()
        .AddSingleton<RunCompletion>()
        .AddSingleton<ReceiptDays>()
        .AddSingleton<ReceiptRestorer>()
        .AddSingleton<LedgerRebuilder>()
        .AddSingleton<ReconcileAudit>()
        .AddSingleton<ReconcileReports>()
        .AddStorageResource<FirstStart>()
        .AddStorageResource<ListingStore>();
}
