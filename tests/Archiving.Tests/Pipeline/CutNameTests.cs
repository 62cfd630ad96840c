using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Queues;
using Archiving.Verifying;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Operations.Runs;
using Simulator;
using Simulator.Objects;
using Testing;

namespace Archiving.Tests;

/// <summary>Names that 8x8 has cut in the middle of a character, which leaves a byte that is no UTF-8.</summary>
public sealed class CutNameTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Archiver_archives_verifies_and_rebuilds_an_object_whose_name_holds_a_lone_byte()
    {
        var simulator = await SimulatorServer.StartAsync(new SimulatorOptions(), Cancellation);
        await using var front = await CuttingFront.StartAsync(simulator.BaseUrl);
        await using var pipeline = await Pipeline.StartAsync(azurite, simulator: simulator, settings: ("EightByEight__BaseUrl", front.Address.AbsoluteUri));
        var item = simulator.Objects
            .Add(new ObjectSpecification { ObjectName = $"caf{CuttingFront.Marker}.mp3", CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1) });
        var message = new ObjectMessage { Region = item.Region, Id = item.Id, CreatedTime = item.CreatedTime };

        await pipeline.RunAsync();

        await pipeline.AssertArchivedAsync(item);
        var entry = (await pipeline.FindAsync(item))!;
        Assert.Equal("caf\ufffd.mp3", entry.ObjectName);
        var blobs = await pipeline.ReadContainerAsync();
        Assert.Equal((2, 1L), (blobs.Count, simulator.Counters["content"]));
        Assert.Contains("\"caf\u00c3.mp3\"", Encoding.Latin1.GetString(blobs[ArchiveLayout.ReceiptName(entry.Blob!)]), StringComparison.Ordinal);

        Assert.True(await pipeline.Get<ObjectVerifier>().VerifyAsync(message, Cancellation));

        await pipeline.Account.Tables.GetTableClient(ObjectLedger.TableName)
            .DeleteEntityAsync(entry.PartitionKey, entry.RowKey, cancellationToken: Cancellation);
        Assert.Null(await pipeline.FindAsync(item));
        await pipeline.Get<RunStarter>().RebuildAsync(Cancellation);
        await pipeline.DeliverAllAsync();

        await pipeline.AssertArchivedAsync(item);
        Assert.Equal(1, simulator.Counters["content"]);
    }

    /// <summary>
    /// Stands before the simulated 8x8, which cannot do it, and leaves the first of a character's two bytes where a name holds
    /// <see cref="Marker"/>.
    /// </summary>
    private sealed class CuttingFront : IAsyncDisposable
    {
        public const string Marker = "~cut~";

        private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false });
        private readonly WebApplication _application;
        private readonly Uri _source;

        private CuttingFront(Uri source)
        {
            _source = source;
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
            _application = builder.Build();
            _application.Run(PassOnAsync);
        }

        public Uri Address => new(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

        public static async Task<CuttingFront> StartAsync(Uri source)
        {
            var front = new CuttingFront(source);
            await front._application.StartAsync(Cancellation);
            return front;
        }

        public async ValueTask DisposeAsync()
        {
            await _application.DisposeAsync();
            _client.Dispose();
        }

        private async Task PassOnAsync(HttpContext context)
        {
            using var request = new HttpRequestMessage(
                new HttpMethod(context.Request.Method),
                new Uri(_source, $"{context.Request.Path}{context.Request.QueryString}"));
            request.Headers.Authorization = AuthenticationHeaderValue.Parse(context.Request.Headers.Authorization!);
            if (context.Request.ContentType is { } type)
            {
                request.Content = new StreamContent(context.Request.Body) { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } };
            }

            using var response = await _client.SendAsync(request, context.RequestAborted);
            context.Response.StatusCode = (int)response.StatusCode;
            context.Response.ContentType = response.Content.Headers.ContentType?.ToString();

            // Latin-1 takes every byte for a character of its own, and back.
            var body = Encoding.Latin1.GetString(await response.Content.ReadAsByteArrayAsync(context.RequestAborted));
            await context.Response.Body.WriteAsync(Encoding.Latin1.GetBytes(body.Replace(Marker, "\u00c3", StringComparison.Ordinal)), context.RequestAborted);
        }
    }
}
