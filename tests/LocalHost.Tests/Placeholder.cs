namespace LocalHost.Tests;
