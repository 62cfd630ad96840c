namespace Archiving.Tests;
