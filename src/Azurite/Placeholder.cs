namespace Azurite;
