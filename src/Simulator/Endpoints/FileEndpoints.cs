using System.Net;
using System.Text;
using Simulator.Faults;
using Simulator.Objects;

namespace Simulator.Endpoints;

/// <summary>The same objects as a folder of a plain web server, for tools that do not know 8x8.</summary>
internal static class FileEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, ObjectStore objects, Counters counters)
    {
        var files = routes.MapGroup("/__files/{region}");
        files.MapGet("/", (string region) => Results.Text(List(region, objects), "text/html", Encoding.UTF8));
        files.MapMethods("/{id}", [HttpMethods.Get, HttpMethods.Head], async (HttpContext context, string region, string id) =>
        {
            if (objects.Find(region, id) is not { State: "AVAILABLE" } item)
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return;
            }

            context.Response.GetTypedHeaders().LastModified = item.UpdatedTime;
            if (HttpMethods.IsHead(context.Request.Method))
            {
                context.Response.ContentType = item.MimeType;
                context.Response.ContentLength = item.Content.Length;
                return;
            }

            await ContentWriter.WriteAsync(context, item, fault: null, counters);
        });
    }

    private static string List(string region, ObjectStore objects)
    {
        var page = new StringBuilder("<!DOCTYPE html><title>Objects</title>\n");
        foreach (var item in objects.GetAll().Where(item => item.Region == region && item.State == "AVAILABLE"))
        {
            var (address, name) = (WebUtility.HtmlEncode(Uri.EscapeDataString(item.Id)), WebUtility.HtmlEncode(item.Id));
            page.Append("<a href=\"").Append(address).Append("\">").Append(name).Append("</a>\n");
        }

        return page.ToString();
    }
}
