using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Micro;

// dotnet run -c Release --project bench/Micro
var config = ManualConfig.CreateEmpty()
    .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance))
    .AddColumnProvider(DefaultColumnProviders.Instance)
    .AddDiagnoser(MemoryDiagnoser.Default)
    .AddExporter(MarkdownExporter.GitHub)
    .AddLogger(ConsoleLogger.Default)
    .WithOptions(ConfigOptions.JoinSummary)
    .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "micro-benchmarks"));
var summary = BenchmarkRunner.Run([typeof(ParserBenchmarks), typeof(FilterBenchmarks), typeof(ChecksumBenchmarks), typeof(ReceiptBenchmarks)], config)[0];
var log = new AccumulationLogger();
MarkdownExporter.GitHub.ExportToLog(summary, log);
await Results.WriteAsync(log.GetLog());
