using System.Collections.Frozen;
using System.Reflection;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Azure.Functions.Worker;

namespace Functions.Access;

/// <summary>What each HTTP function wants of its caller, by its attribute.</summary>
public sealed class FunctionRoles
{
    private readonly FrozenDictionary<string, AllowedRolesAttribute?> _functions = Read();

    /// <summary>What a function wants; <see langword="null"/> for one that every caller may call.</summary>
    /// <param name="function">Name of the function.</param>
    /// <exception cref="InvalidOperationException">There is no such HTTP function.</exception>
    public AllowedRolesAttribute? Of(string function) => _functions.TryGetValue(function, out var roles)
        ? roles
        : throw new InvalidOperationException($"{function} is no HTTP function of this app.");

    private static FrozenDictionary<string, AllowedRolesAttribute?> Read() => typeof(FunctionRoles).Assembly.GetTypes()
        .SelectMany(type => type.GetMethods())
        .Where(method => method.GetParameters().Any(parameter => parameter.IsDefined(typeof(HttpTriggerAttribute))))
        .ToFrozenDictionary(method => method.GetCustomAttribute<FunctionAttribute>()!.Name, Read, StringComparer.OrdinalIgnoreCase);

    private static AllowedRolesAttribute? Read(MethodInfo method) =>
        method.GetCustomAttribute<AllowedRolesAttribute>() is { } roles ? roles
        : method.IsDefined(typeof(AllowAnonymousAttribute)) ? null
        : throw new InvalidOperationException($"{method.DeclaringType!.Name}.{method.Name} has neither [AllowedRoles] nor [AllowAnonymous].");
}
