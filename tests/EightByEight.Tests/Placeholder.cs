namespace EightByEight.Tests;
