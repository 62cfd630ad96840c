using Microsoft.AspNetCore.Http;

namespace Microsoft.Azure.Functions.Worker
{
    /// <summary>One invocation.</summary>
    public abstract class FunctionContext
    {
        /// <summary>Id of the invocation.</summary>
        public abstract string InvocationId { get; }

        /// <summary>Id of the function.</summary>
        public abstract string FunctionId { get; }

        /// <summary>Trace context.</summary>
        public abstract TraceContext TraceContext { get; }

        /// <summary>What the trigger says of the payload.</summary>
        public abstract BindingContext BindingContext { get; }

        /// <summary>Services of the invocation's scope.</summary>
        public abstract IServiceProvider InstanceServices { get; set; }

        /// <summary>The function.</summary>
        public abstract FunctionDefinition FunctionDefinition { get; }

        /// <summary>Whatever middleware wants to hand on.</summary>
        public abstract IDictionary<object, object> Items { get; set; }

        /// <summary>Features.</summary>
        public abstract IInvocationFeatures Features { get; }

        /// <summary>Cancelled when the host stops or the client is gone.</summary>
        public virtual CancellationToken CancellationToken { get; }
    }

    /// <summary>Trace context of an invocation.</summary>
    public abstract class TraceContext
    {
        /// <summary>W3C traceparent.</summary>
        public abstract string TraceParent { get; }

        /// <summary>W3C tracestate.</summary>
        public abstract string TraceState { get; }
    }

    /// <summary>What the trigger says of the payload.</summary>
    public abstract class BindingContext
    {
        /// <summary>By name, such as <c>DequeueCount</c>.</summary>
        public abstract IReadOnlyDictionary<string, object?> BindingData { get; }
    }

    /// <summary>A function.</summary>
    public abstract class FunctionDefinition
    {
        /// <summary>Id.</summary>
        public abstract string Id { get; }

        /// <summary>Name.</summary>
        public abstract string Name { get; }

        /// <summary>Class and method.</summary>
        public abstract string EntryPoint { get; }

        /// <summary>The assembly's file.</summary>
        public abstract string PathToAssembly { get; }
    }

    /// <summary>Features of an invocation.</summary>
    public interface IInvocationFeatures : IEnumerable<KeyValuePair<Type, object>>
    {
        /// <summary>Sets a feature.</summary>
        void Set<T>(T instance);

        /// <summary>Gets a feature.</summary>
        T? Get<T>();
    }

    /// <summary>ASP.NET Core integration.</summary>
    public static class FunctionContextExtensions
    {
        /// <summary>The request behind the invocation; <see langword="null"/> for a function that is no HTTP function.</summary>
        public static HttpContext? GetHttpContext(this FunctionContext context)
        {
            ArgumentNullException.ThrowIfNull(context);
            return context.Items.TryGetValue(LocalHost.Functions.Invocation.HttpContextKey, out var http) ? (HttpContext)http : null;
        }
    }
}

namespace Microsoft.Azure.Functions.Worker.Middleware
{
    /// <summary>The rest of the pipeline.</summary>
    public delegate Task FunctionExecutionDelegate(FunctionContext context);

    /// <summary>Runs around every invocation.</summary>
    public interface IFunctionsWorkerMiddleware
    {
        /// <summary>Runs around an invocation.</summary>
        Task Invoke(FunctionContext context, FunctionExecutionDelegate next);
    }
}
