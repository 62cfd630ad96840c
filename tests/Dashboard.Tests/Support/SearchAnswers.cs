namespace Dashboard.Tests;

/// <summary>
/// Scripts that stand between the page and the search of the app and make its answers those of an archive that is too
/// large to be searched at once.
/// </summary>
internal static class SearchAnswers
{
    /// <summary>The first answer is empty, and each of the others has one object or call.</summary>
    public const string EmptyThenShort =
        """
        {
          const real = window.fetch;
          window.fetch = async (address, options) => {
            const url = new URL(address);
            if (["/api/objects", "/api/calls"].includes(url.pathname)) {
              const cursor = url.searchParams.get("cursor");
              if (!cursor) {
                return Response.json({ items: [], cursor: "start", searchedTo: "2026-01-02T12:00:00Z" });
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
            if (["/api/objects", "/api/calls"].includes(url.pathname)) {
              if (!window.isFound) {
                skipped += 10_000;
                await new Promise((resolve) => setTimeout(resolve, 50));
                return Response.json({ items: [], cursor: "start", searchedTo: "2026-01-02T12:00:00Z", unindexedDays: 7 });
              }

              if (url.searchParams.get("cursor") === "start") {
                url.searchParams.delete("cursor");
              }
            }

            return real(url, options);
          };
        }
        """;

    /// <summary>The first answer to a search for calls has one, the second does not come until <c>isGone</c> is set: then it is an error.</summary>
    public const string OneThenAnError =
        """
        {
          const real = window.fetch;
          window.isGone = false;
          window.fetch = async (address, options) => {
            const url = new URL(address);
            if (url.pathname === "/api/calls" && !window.isGone) {
              if (!url.searchParams.get("cursor")) {
                url.searchParams.set("limit", "1");
                return real(url, options);
              }

              while (!window.isGone) {
                await new Promise((resolve) => setTimeout(resolve, 50));
              }

              return Response.json({ title: "Table storage does not work" }, { status: 503 });
            }

            return real(url, options);
          };
        }
        """;

    /// <summary>Five hundred objects have failed, and every answer is full.</summary>
    public const string FiveHundredFailures =
        """
        {
          const real = window.fetch;
          const made = Date.now();
          window.fetch = async (address, options) => {
            const url = new URL(address);
            if (url.pathname === "/api/status") {
              const status = await (await real(url, options)).json();
              return Response.json({ ...status, objects: { ...status.objects, Failed: 500 } });
            }

            if (url.pathname === "/api/objects" && url.searchParams.get("state") === "Failed") {
              const first = Number(url.searchParams.get("cursor") ?? "0");
              const items = Array.from({ length: Math.min(120, Number(url.searchParams.get("limit"))) }, (_, index) => {
                const number = first + index + 1;
                const time = (days) => new Date(made + days * 86_400_000 - number * 60_000).toISOString();
                return {
                  region: "us-east", id: `many-${number}`, type: "callrecording", state: "Failed",
                  objectName: `Failure ${number}.mp3`, createdTime: time(0), deletedBy8x8On: time(30),
                };
              });
              return Response.json({ items, cursor: String(first + items.length) });
            }

            return real(url, options);
          };
        }
        """;
}
