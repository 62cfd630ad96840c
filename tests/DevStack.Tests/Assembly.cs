using Testing;
using Xunit.v3;

[assembly: AssemblyFixture(typeof(AzuriteFixture))]

// The tests of a class share an app or start one each, and wait for it more than they compute.
[assembly: Parallelization(MaxThreads = 3)]
