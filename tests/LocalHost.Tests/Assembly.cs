using Testing;
using Xunit.Sdk;
using Xunit.v3;

[assembly: AssemblyFixture(typeof(AzuriteFixture))]

// Most tests start a host of their own, and wait for it more than they compute.
[assembly: Parallelization(Mode = ParallelMode.All, MaxThreads = 3)]
