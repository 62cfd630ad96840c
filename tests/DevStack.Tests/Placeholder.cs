namespace DevStack.Tests;
