namespace Archiving;
