namespace Simulator.Tests;
