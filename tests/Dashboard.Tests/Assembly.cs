using Dashboard.Tests;
using Xunit.Sdk;
using Xunit.v3;

[assembly: AssemblyFixture(typeof(RunningArchive))]

// One browser at a time: several would only wait for each other's processor.
[assembly: Parallelization(Mode = ParallelMode.None)]
