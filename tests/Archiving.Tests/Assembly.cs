using Testing;

[assembly: AssemblyFixture(typeof(AzuriteFixture))]
