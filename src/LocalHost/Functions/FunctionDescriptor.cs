using System.Reflection;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace LocalHost.Functions;

/// <summary>A function that was found: its method, and the parameter with the trigger.</summary>
internal sealed class FunctionDescriptor(string name, MethodInfo method, ParameterInfo triggerParameter, TriggerBindingAttribute trigger) : FunctionDefinition
{
    public override string Id { get; } = name.ToUpperInvariant();

    public override string Name { get; } = name;

    public override string EntryPoint { get; } = $"{method.DeclaringType!.FullName}.{method.Name}";

    public override string PathToAssembly { get; } = method.Module.FullyQualifiedName;

    public MethodInfo Method { get; } = method;

    public ParameterInfo TriggerParameter { get; } = triggerParameter;

    public TriggerBindingAttribute Trigger { get; } = trigger;

    /// <summary>Finds the functions among types, and checks that each can be bound.</summary>
    /// <exception cref="FunctionAppException">A function cannot be bound; the message names it, the parameter and the reason.</exception>
    public static IReadOnlyList<FunctionDescriptor> Find(IEnumerable<Type> types)
    {
        var functions = types
            .Where(type => type is { IsClass: true, IsAbstract: false })
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            .Select(method => (Method: method, Function: method.GetCustomAttribute<FunctionAttribute>()))
            .Where(found => found.Function is not null)
            .Select(found => Describe(found.Function!.Name, found.Method))
            .OrderBy(function => function.Name, StringComparer.Ordinal)
            .ToList();
        foreach (var twice in functions.GroupBy(function => function.Name, StringComparer.OrdinalIgnoreCase).Where(group => group.Count() > 1))
        {
            throw new FunctionAppException($"Function '{twice.Key}' is defined more than once: {string.Join(" and ", twice.Select(function => function.EntryPoint))}. Function names must be unique.");
        }

        return functions;
    }

    private static FunctionDescriptor Describe(string name, MethodInfo method)
    {
        if (method.ReturnType == typeof(void) && method.GetCustomAttribute<System.Runtime.CompilerServices.AsyncStateMachineAttribute>() is not null)
        {
            throw new FunctionAppException($"Function '{name}': {method.Name} is async void, so nobody could wait for it. Return a Task.");
        }

        var triggers = method.GetParameters()
            .Select(parameter => (Parameter: parameter, Trigger: parameter.GetCustomAttribute<TriggerBindingAttribute>()))
            .Where(found => found.Trigger is not null)
            .ToList();
        if (triggers.Count != 1)
        {
            throw new FunctionAppException($"Function '{name}' has {triggers.Count} triggers. Exactly one parameter must have a trigger attribute.");
        }

        var function = new FunctionDescriptor(name, method, triggers[0].Parameter, triggers[0].Trigger!);
        ParameterBinder.Check(function);
        return function;
    }
}
