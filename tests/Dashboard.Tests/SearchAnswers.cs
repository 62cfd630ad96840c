namespace Dashboard.Tests;

/// <summary>
/// Scripts that stand between the page and the search of the app and make its answers those of an archive that is too
/// large to be searched at once.
/// </summary>
internal static class SearchAnswers
{
    /// <summary>The first answer is empty, and each of the others has one object.</summary>
    public const string EmptyThenShort =
        """
        {
          const real = window.fetch;
          window.fetch = async (address, options) => {
            const url = new URL(address);
            if (url.pathname === "/api/objects") {
              const cursor = url.searchParams.get("cursor");
              if (!cursor) {
                return Response.json({ items: [], cursor: "start" });
              }

              if (cursor === "start") {
                url.searchParams.delete("cursor");
              }

              url.searchParams.set("limit", "1");
            }

            return real(url, options);
          };
        }
        """;

    /// <summary>Every answer takes ten seconds by the page's clock and is empty, until <c>isFound</c> is set: then the search goes on where it was.</summary>
    public const string EmptyUntilFound =
        """
        {
          const real = window.fetch;
          const clock = Date.now;
          let skipped = 0;
          window.isFound = false;
          Date.now = () => clock() + skipped;
          window.fetch = async (address, options) => {
            const url = new URL(address);
            if (url.pathname === "/api/objects") {
              if (!window.isFound) {
                skipped += 10_000;
                return Response.json({ items: [], cursor: "start" });
              }

              if (url.searchParams.get("cursor") === "start") {
                url.searchParams.delete("cursor");
              }
            }

            return real(url, options);
          };
        }
        """;
}
