using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Archiving.Cases;
using Azure.Data.Tables;
using Azurite;
using Metering;
using Simulator;

namespace Exports;

/// <summary>One export by the build of the function app, and what of it was right.</summary>
internal static class ExportRun
{
    // More is not unpacked: zeros take no disk in a part, and all their bytes when unzip writes them.
    private const long MaxUnpacked = 1_000_000_000;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(60);

    public static async Task<string> MeasureAsync(string name, int objects, long objectBytes)
    {
        var archive = new SampleArchive(objects, objectBytes);
        var folder = Directory.CreateTempSubdirectory("export-").FullName;
        try
        {
            await using var storage = await AzuriteServer.StartAsync(Console.WriteLine);
            await using var simulator = await SimulatorServer.StartAsync();
            var connection = storage.NewAccountConnectionString();
            await archive.WriteLedgerAsync(connection);
            await using var blobs = new ZeroArchive(AddressOf(storage.BlobPort), archive, folder);
            await using var tables = new CountingFront(AddressOf(storage.TablePort));
            var settings = AppProcess.Settings(
                connection.Replace(AddressOf(storage.TablePort).Authority, new Uri(await tables.StartAsync()).Authority, StringComparison.Ordinal),
                simulator.BaseUrl,
                TimeProvider.System.GetUtcNow());
            settings["ArchiveStorage"] =
                connection.Replace(AddressOf(storage.BlobPort).Authority, new Uri(await blobs.StartAsync()).Authority, StringComparison.Ordinal);
            var cases = new CaseStore(new TableServiceClient(connection));
            var (caseId, adding, addingPeak) = await AddAsync(settings, cases, name, objects);

            // Another worker, so that its memory is that of the export alone.
            await using var app = await AppProcess.StartAsync(settings);
            blobs.Reset();
            tables.Reset();
            var before = app.Read().Worker;
            var clock = Stopwatch.StartNew();
            var exportId = await PostAsync(app, $"/api/cases/{caseId}/export", new { }, "exportId");
            ExportRow? export = null;
            await WaitAsync(app, async () =>
            {
                export = await cases.FindExportAsync(caseId, exportId, CancellationToken.None);
                return export?.Is(ExportState.Running) == false;
            });
            var seconds = clock.Elapsed.TotalSeconds;
            var usage = app.Read().Worker.Since(before);
            var requests = $"{Describe(blobs)}; tables: {Describe(tables)}";
            if (!export!.Is(ExportState.Done))
            {
                throw new InvalidOperationException($"The export ended as {export.State}: {export.Problem}");
            }

            var parts = await cases.ReadPartsAsync(export, CancellationToken.None);
            var check = await CheckAsync(blobs.Files, parts, objects, objectBytes, folder);
            return string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {objects:N0} × {objectBytes:N0} | {parts.Count} | {adding.TotalSeconds:0.0} | {addingPeak:0} | {seconds:0.0} | {objects / seconds:0} "
                + $"| {objects * (double)objectBytes / seconds / 1e6:0.0} | {usage.ProcessorMilliseconds / 1000:0.0} | {before.PeakMegabytes:0} "
                + $"| {usage.PeakMegabytes:0} | {requests} | {check} |");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Makes a case of all objects, by a search.</summary>
    private static async Task<(string CaseId, TimeSpan Time, double PeakMegabytes)> AddAsync(
        IReadOnlyDictionary<string, string> settings,
        CaseStore cases,
        string name,
        int objects)
    {
        await using var app = await AppProcess.StartAsync(settings);
        var caseId = await PostAsync(app, "/api/cases", new { name, reason = "measurement" }, "caseId");
        var clock = Stopwatch.StartNew();
        await PostAsync(app, $"/api/cases/{caseId}/objects", new { search = new { region = "us-east" } }, "caseId");
        await WaitAsync(app, async () => (await cases.FindAsync(caseId, CancellationToken.None))!.Objects == objects);
        return (caseId, clock.Elapsed, app.Read().Worker.PeakMegabytes);
    }

    /// <summary>Whether the parts are what the export says, whole zip archives, and, when they are small, unpack to what SHA256SUMS has.</summary>
    private static async Task<string> CheckAsync(
        IReadOnlyDictionary<string, string> files,
        List<ExportPartRow> parts,
        int objects,
        long objectBytes,
        string folder)
    {
        var unpacks = objects * objectBytes <= MaxUnpacked;
        foreach (var part in parts)
        {
            var file = files[string.Create(CultureInfo.InvariantCulture, $"part-{part.Number:D4}.zip")];
            await using (var stream = File.OpenRead(file))
            {
                Require(Convert.ToHexStringLower(await SHA256.HashDataAsync(stream)) == part.Sha256, $"{file} is not what the export says.");
            }

            await RunAsync(folder, "unzip", unpacks ? ["-q", file] : ["-tq", file]);
        }

        Require((await File.ReadAllLinesAsync(files["SHA256SUMS"])).Length == objects * 2, "SHA256SUMS does not have all files.");
        if (!unpacks)
        {
            return "parts hashed, `unzip -t`";
        }

        await RunAsync(folder, "sha256sum", ["--quiet", "-c", "SHA256SUMS"]);
        return "unpacked, `sha256sum -c`";
    }

    private static void Require(bool isRight, string problem)
    {
        if (!isRight)
        {
            throw new InvalidOperationException(problem);
        }
    }

    private static async Task RunAsync(string folder, string program, IReadOnlyList<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder })!;
        await process.WaitForExitAsync();
        Require(process.ExitCode == 0, $"{program} ended with {process.ExitCode}.");
    }

    private static Uri AddressOf(int port) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));

    private static string Describe(CountingFront front) =>
        string.Join(", ", front.Counts.OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => $"{count.Key}: {count.Value:N0}"));

    private static async Task<string> PostAsync(AppProcess app, string path, object body, string property)
    {
        using var response = await app.Client.PostAsJsonAsync(new Uri(path, UriKind.Relative), body);
        Require(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty(property).GetString()!;
    }

    private static Task WaitAsync(AppProcess app, Func<Task<bool>> isReached) => app.WaitAsync(
        Task.Run(async () =>
        {
            while (!await isReached())
            {
                await Task.Delay(500);
            }
        }),
        Limit);
}
