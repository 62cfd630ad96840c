using System.Reflection;
using System.Reflection.Emit;
using LocalHost.Worker;
using Microsoft.Azure.WebJobs;
using Binder = Microsoft.Azure.WebJobs.Binder;

namespace LocalHost.Jobs;

/// <summary>
/// Makes the class in which the WebJobs SDK looks for functions, as the Functions host does: a method for each, with the
/// trigger's attribute.
/// </summary>
internal sealed class JobTypes(IEnumerable<FunctionDefinition> functions) : ITypeLocator
{
    private const BindingFlags Any = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    // Made when the SDK first asks, when the functions are known.
    private readonly Lazy<Type> _type = new(() => Create(functions));

    public IReadOnlyList<Type> GetTypes() => [_type.Value];

    private static Type Create(IEnumerable<FunctionDefinition> functions)
    {
        var module = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("Functions.Jobs"), AssemblyBuilderAccess.Run).DefineDynamicModule("Functions.Jobs");

        // Logs and the status blobs of timers name class and method, as those of the Functions host do.
        var type = module.DefineType("Host.Functions", TypeAttributes.Public | TypeAttributes.Class, typeof(JobFunctions));
        DefineConstructor(type);
        foreach (var function in functions)
        {
            if (CreateTrigger(function) is var (parameterType, attribute))
            {
                DefineMethod(type, function, parameterType, attribute);
            }
        }

        return type.CreateType();
    }

    private static void DefineConstructor(TypeBuilder type)
    {
        var code = type.DefineConstructor(MethodAttributes.Public, CallingConventions.HasThis, [typeof(IJobInvoker)]).GetILGenerator();
        code.Emit(OpCodes.Ldarg_0);
        code.Emit(OpCodes.Ldarg_1);
        code.Emit(OpCodes.Call, typeof(JobFunctions).GetConstructor(Any, [typeof(IJobInvoker)])!);
        code.Emit(OpCodes.Ret);
    }

    private static void DefineMethod(TypeBuilder type, FunctionDefinition function, Type parameterType, CustomAttributeBuilder attribute)
    {
        var method = type.DefineMethod(function.Name, MethodAttributes.Public, typeof(Task), [parameterType, typeof(Binder), typeof(CancellationToken)]);
        method.DefineParameter(1, ParameterAttributes.None, function.Parameter).SetCustomAttribute(attribute);
        method.DefineParameter(2, ParameterAttributes.None, "_binder");
        method.DefineParameter(3, ParameterAttributes.None, "_cancellationToken");
        var code = method.GetILGenerator();
        code.Emit(OpCodes.Ldarg_0);
        code.Emit(OpCodes.Ldstr, function.Name);
        code.Emit(OpCodes.Ldarg_1);
        code.Emit(OpCodes.Ldarg_2);
        code.Emit(OpCodes.Ldarg_3);
        code.Emit(OpCodes.Call, typeof(JobFunctions).GetMethod("InvokeAsync", Any)!);
        code.Emit(OpCodes.Ret);
    }

    private static (Type Parameter, CustomAttributeBuilder Attribute)? CreateTrigger(FunctionDefinition function) => function.TriggerType switch
    {
        FunctionDefinition.Queue => (
            typeof(ParameterBindingData),
            CreateAttribute<QueueTriggerAttribute>(function.GetText("queueName")!, nameof(QueueTriggerAttribute.Connection), function.GetText("connection"))),
        FunctionDefinition.Timer => (
            typeof(TimerInfo),
            CreateAttribute<TimerTriggerAttribute>(function.GetText("schedule")!, nameof(TimerTriggerAttribute.RunOnStartup), function.IsSet("runOnStartup"))),
        FunctionDefinition.Http => null,
        var other => throw new LocalHostException($"Function '{function.Name}' has a {other}. This host runs functions with timers, queues and HTTP."),
    };

    private static CustomAttributeBuilder CreateAttribute<T>(string argument, string property, object? value) =>
        new(typeof(T).GetConstructor([typeof(string)])!, [argument], [typeof(T).GetProperty(property)!], [value]);
}
