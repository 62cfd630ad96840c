using System.Collections;
using System.Diagnostics;
using Microsoft.Azure.Functions.Worker;

namespace LocalHost.Functions;

/// <summary>One invocation of a function.</summary>
internal sealed class Invocation : FunctionContext
{
    /// <summary>The key under which the real worker, too, keeps the request.</summary>
    internal const string HttpContextKey = "HttpRequestContext";

    public Invocation(FunctionDescriptor function, object? payload, IReadOnlyDictionary<string, object?> bindingData, CancellationToken cancellationToken)
    {
        Function = function;
        Payload = payload;
        BindingContext = new Bindings(bindingData);
        CancellationToken = cancellationToken;
    }

    public FunctionDescriptor Function { get; }

    public object? Payload { get; }

    /// <summary>What the function returned.</summary>
    public object? Result { get; set; }

    public override string InvocationId { get; } = Guid.NewGuid().ToString();

    public override string FunctionId => Function.Id;

    public override TraceContext TraceContext { get; } = new Trace();

    public override BindingContext BindingContext { get; }

    public override IServiceProvider InstanceServices { get; set; } = null!;

    public override FunctionDefinition FunctionDefinition => Function;

    public override IDictionary<object, object> Items { get; set; } = new Dictionary<object, object>();

    public override IInvocationFeatures Features { get; } = new FeatureSet();

    public override CancellationToken CancellationToken { get; }

    private sealed class Bindings(IReadOnlyDictionary<string, object?> data) : BindingContext
    {
        public override IReadOnlyDictionary<string, object?> BindingData { get; } = data;
    }

    private sealed class Trace : TraceContext
    {
        public override string TraceParent { get; } = Activity.Current?.Id ?? "";

        public override string TraceState { get; } = Activity.Current?.TraceStateString ?? "";
    }

    private sealed class FeatureSet : IInvocationFeatures
    {
        private readonly Dictionary<Type, object> _features = [];

        public T? Get<T>() => _features.TryGetValue(typeof(T), out var feature) ? (T)feature : default;

        public void Set<T>(T instance) => _features[typeof(T)] = instance!;

        public IEnumerator<KeyValuePair<Type, object>> GetEnumerator() => _features.GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
