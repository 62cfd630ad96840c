using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.Azure.Functions.Worker;

namespace LocalHost.Tests;

/// <summary>What compiles against LocalHost must compile against the real worker.</summary>
public sealed class WorkerApiTests
{
    private static readonly string[] Real = [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", "worker-api.txt")).Where(line => !line.StartsWith('#'))];

    public static TheoryData<string> DeclaredTypes() =>
        [.. typeof(FunctionAttribute).Assembly.GetExportedTypes().Where(IsMicrosofts).Select(type => type.FullName!)];

    [Theory]
    [MemberData(nameof(DeclaredTypes))]
    public void Declares_nothing_that_the_real_worker_lacks(string typeName)
    {
        var type = typeof(FunctionAttribute).Assembly.GetType(typeName, throwOnError: true)!;
        var missing = Describe(type).Where(line => !Real.Contains(line, StringComparer.Ordinal)).ToList();

        Assert.True(missing.Count == 0, $"The real worker has no{Environment.NewLine}  {string.Join($"{Environment.NewLine}  ", missing)}{Environment.NewLine}It has{Environment.NewLine}  {string.Join($"{Environment.NewLine}  ", Real.Where(line => line.StartsWith(typeName, StringComparison.Ordinal)))}");
    }

    [Fact]
    public void Declares_public_types_in_the_namespaces_of_the_real_worker_only()
    {
        Assert.All(typeof(FunctionAttribute).Assembly.GetExportedTypes(), type => Assert.True(IsMicrosofts(type) || type.Namespace == "LocalHost", type.FullName));
        Assert.True(DeclaredTypes().Count > 15);
    }

    [Fact]
    public void Notices_a_member_that_is_not_there()
    {
        Assert.DoesNotContain(Describe(typeof(Impostor)).Last(), Real);
    }

    private static bool IsMicrosofts(Type type) => type.Namespace!.StartsWith("Microsoft.", StringComparison.Ordinal);

    private static IEnumerable<string> Describe(Type type)
    {
        var name = type.FullName!.Replace('+', '.');
        yield return Real.FirstOrDefault(line => line == $"{name} : {Kind(type)}" || line.StartsWith($"{name} : {Kind(type)} (", StringComparison.Ordinal)) ?? $"{name} : {Kind(type)}";
        if (typeof(Delegate).IsAssignableFrom(type))
        {
            yield break;
        }

        if (type.BaseType is { } baseType && baseType != typeof(object) && baseType != typeof(Enum) && Real.FirstOrDefault(line => line.StartsWith($"{name} : ", StringComparison.Ordinal)) is { } line && !line.Contains($"({baseType.FullName}", StringComparison.Ordinal))
        {
            yield return $"{name} derives from {baseType.FullName}";
        }

        const BindingFlags Public = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        var nullability = new NullabilityInfoContext();
        if (type.IsEnum)
        {
            foreach (var value in Enum.GetValues(type))
            {
                yield return $"{name}.{value} = {Convert.ToInt32(value, System.Globalization.CultureInfo.InvariantCulture)}";
            }

            yield break;
        }

        foreach (var constructor in type.GetConstructors(Public))
        {
            yield return $"{name}..ctor({Parameters(constructor, nullability)})";
        }

        foreach (var property in type.GetProperties(Public))
        {
            var setter = property.SetMethod is { IsPublic: true } ? " set;" : "";
            yield return $"{name}.{property.Name} : {Modifier(property.GetMethod!)}{Format(property.PropertyType)}{Mark(nullability.Create(property).ReadState, property.PropertyType)} {{ get;{setter} }}";
        }

        foreach (var method in type.GetMethods(Public).Where(method => !method.IsSpecialName))
        {
            var generic = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(argument => argument.Name))}>" : "";
            var returned = method.ReturnParameter;
            yield return $"{name}.{method.Name}{generic}({Parameters(method, nullability)}) : {Modifier(method)}{Format(method.ReturnType)}{Mark(nullability.Create(returned).ReadState, method.ReturnType)}{Constraints(method)}";
        }
    }

    private static string Kind(Type type) =>
        type.IsEnum ? "enum"
        : type.IsInterface ? "interface"
        : typeof(Delegate).IsAssignableFrom(type) ? "delegate"
        : type is { IsAbstract: true, IsSealed: true } ? "static class"
        : type.IsAbstract ? "abstract class"
        : type.IsSealed ? "sealed class"
        : "class";

    private static string Modifier(MethodInfo method) =>
        method.DeclaringType!.IsInterface ? ""
        : method.IsStatic ? "static "
        : method.IsAbstract ? "abstract "
        : method is { IsVirtual: true, IsFinal: false } ? "virtual "
        : "";

    private static string Parameters(MethodBase method, NullabilityInfoContext nullability) => string.Join(", ", method.GetParameters().Select((parameter, index) =>
    {
        var prefix = index == 0 && method.IsDefined(typeof(ExtensionAttribute)) ? "this " : parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params " : "";
        var suffix = parameter.HasDefaultValue ? $" = {parameter.DefaultValue ?? "null"}" : "";
        return $"{prefix}{Format(parameter.ParameterType)}{(parameter.ParameterType.IsGenericParameter ? "" : Mark(nullability.Create(parameter).ReadState, parameter.ParameterType))} {parameter.Name}{suffix}";
    }));

    private static string Constraints(MethodInfo method)
    {
        if (!method.IsGenericMethod)
        {
            return "";
        }

        var constraints = method.GetGenericArguments()
            .Select(argument => (argument.Name, Parts: (argument.GenericParameterAttributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint) ? new[] { "class" } : []).Concat(argument.GetGenericParameterConstraints().Select(Format)).ToList()))
            .Where(argument => argument.Parts.Count > 0)
            .Select(argument => $" where {argument.Name} : {string.Join(", ", argument.Parts)}");
        return string.Concat(constraints);
    }

    private static string Mark(NullabilityState state, Type type) =>
        state == NullabilityState.Nullable && !type.IsValueType ? "?" : "";

    private static string Format(Type type)
    {
        if (type.IsArray)
        {
            return Format(type.GetElementType()!) + "[]";
        }

        if (type.IsGenericParameter)
        {
            return type.Name;
        }

        if (type.IsGenericType)
        {
            var definition = type.GetGenericTypeDefinition().FullName!;
            return $"{definition[..definition.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", type.GetGenericArguments().Select(Format))}>";
        }

        return type == typeof(string) ? "string"
            : type == typeof(bool) ? "bool"
            : type == typeof(object) ? "object"
            : type == typeof(void) ? "void"
            : type == typeof(int) ? "int"
            : type.FullName!;
    }

    private abstract class Impostor
    {
        public abstract string NotThere { get; }
    }
}
