using Testing;
using Xunit.Sdk;
using Xunit.v3;

[assembly: AssemblyFixture(typeof(AzuriteFixture))]

// Each test has storage of its own, and many wait more than they compute.
[assembly: Parallelization(Mode = ParallelMode.All, MaxThreads = 4)]
