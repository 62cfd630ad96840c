using System.Text;
using Simulator.Faults;

namespace Simulator.Endpoints;

/// <summary>Errors that come as a 200.</summary>
internal static class ErrorPages
{
    public static byte[] Json(HttpResponse response, FaultRule fault)
    {
        response.ContentType = fault.ContentType ?? "application/json";
        return Encoding.UTF8.GetBytes(fault.Body ?? """{"error":"INTERNAL","message":"Object cannot be read at the moment"}""");
    }

    public static byte[] Html(HttpResponse response, FaultRule fault)
    {
        response.ContentType = fault.ContentType ?? "text/html";
        return Encoding.UTF8.GetBytes(fault.Body ?? "<html><body><h1>Service unavailable</h1></body></html>");
    }
}
