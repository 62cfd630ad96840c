using System.Text.Json;
using Simulator.Faults;
using Simulator.Objects;

namespace Simulator.Endpoints;

/// <summary>Sees and steers the simulator while it runs.</summary>
internal static class AdminEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, SimulatorServer server, SimulatorClock clock)
    {
        var admin = routes.MapGroup("/__admin");
        admin.MapGet("/objects", () => server.Objects.GetAll().Select(item => new
        {
            item.Region,
            item.Id,
            item.Type,
            item.MimeType,
            item.ObjectName,
            item.State,
            item.CreatedTime,
            item.UpdatedTime,
            bytes = item.Content.Length,
            item.Checksum,
            item.Hidden,
        }));
        admin.MapPost("/objects", (NewObjects wanted) =>
        {
            var ids = new List<string>();
            foreach (var specification in wanted.Objects)
            {
                for (var copy = 0; copy < Math.Max(1, wanted.Count); copy++)
                {
                    ids.Add(server.Objects.Add(specification).Id);
                }
            }

            return Results.Json(new { ids });
        });
        admin.MapDelete("/objects/{region}/{id}", (string region, string id) =>
            server.Objects.Remove(region, Uri.UnescapeDataString(id)) ? Results.NoContent() : Results.NotFound());
        admin.MapPost("/objects/{region}/{id}", (string region, string id, ObjectChange change) =>
        {
            id = Uri.UnescapeDataString(id);
            if (server.Objects.Find(region, id) is null)
            {
                return Results.NotFound();
            }

            if (change.State is { } state)
            {
                server.Objects.SetState(region, id, state);
            }
            else if (change.Seed is { } seed)
            {
                server.Objects.ReplaceContent(region, id, seed, change.Bytes ?? 30_000);
            }
            else
            {
                server.Objects.Touch(region, id);
            }

            return Results.NoContent();
        });
        admin.MapGet("/faults", () => server.Faults.Rules);
        admin.MapPut("/faults", (FaultRule[] rules) =>
        {
            server.Faults.Rules = rules;
            return Results.NoContent();
        });
        admin.MapGet("/search", () => server.Objects.Search);
        admin.MapPut("/search", (SearchBehaviour behaviour) =>
        {
            server.Objects.Search = behaviour;
            return Results.NoContent();
        });
        admin.MapGet("/counters", () => server.Counters.GetAll());
        admin.MapPost("/counters/reset", () =>
        {
            server.Counters.Reset();
            return Results.NoContent();
        });
        admin.MapPost("/reset", () =>
        {
            server.Reset();
            return Results.NoContent();
        });
        admin.MapPost("/clock", (ClockChange change) =>
        {
            clock.Offset += TimeSpan.FromSeconds(change.Seconds);
            return Results.Json(new { now = clock.GetUtcNow() });
        });
        admin.MapPost("/tokens/revoke", () =>
        {
            server.Account.RevokeTokens();
            return Results.NoContent();
        });
        admin.MapPut("/account", (AccountChange change) =>
        {
            Apply(server.Account, change);
            return Results.NoContent();
        });
        admin.MapPut("/vault/{name}", (string name, JsonElement value) =>
        {
            server.SetSecret(name, value.GetString() ?? "");
            return Results.NoContent();
        });
        admin.MapGet("/vault/{name}", (string name) => server.GetSecretVersions(name)
            .Select(version => new { version.Version, version.Enabled, version.Expires, version.ContentType }));
    }

    private static void Apply(Account account, AccountChange change)
    {
        account.Key = change.Key ?? account.Key;
        account.Secret = change.Secret ?? account.Secret;
        account.Regions = change.Regions ?? account.Regions;
        account.Products = change.Products ?? account.Products;
        account.TokenLifetime = change.TokenSeconds is { } token ? TimeSpan.FromSeconds(token) : account.TokenLifetime;
        account.ExpiresIn = change.ExpiresIn is { } expiresIn ? expiresIn.GetRawText() : account.ExpiresIn;
        account.RestoreTime = change.RestoreSeconds is { } restore ? TimeSpan.FromSeconds(restore) : account.RestoreTime;
        account.Rights = change.Rights is { } rights
            ? rights.Aggregate(default(Rights), (all, right) => all | Enum.Parse<Rights>(right, ignoreCase: true))
            : account.Rights;
    }

    private sealed record NewObjects(IReadOnlyList<ObjectSpecification> Objects, int Count = 1);

    private sealed record ObjectChange(string? State = null, ulong? Seed = null, long? Bytes = null);

    private sealed record ClockChange(double Seconds);

    private sealed record AccountChange(
        string? Key,
        string? Secret,
        IReadOnlyList<string>? Regions,
        IReadOnlyList<string>? Products,
        double? TokenSeconds,
        JsonElement? ExpiresIn,
        double? RestoreSeconds,
        IReadOnlyList<string>? Rights);
}
