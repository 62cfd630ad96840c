using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Azure.Storage.Queues.Models;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace LocalHost.Functions;

/// <summary>Gives a function's parameters their values, as the worker does.</summary>
internal static class ParameterBinder
{
    private static readonly JsonSerializerOptions CaseInsensitive = new() { PropertyNameCaseInsensitive = true };

    public static void Check(FunctionDescriptor function)
    {
        foreach (var parameter in function.Method.GetParameters())
        {
            if (parameter == function.TriggerParameter)
            {
                CheckTrigger(function, parameter.ParameterType);
            }
            else if (parameter.ParameterType != typeof(FunctionContext)
                && parameter.ParameterType != typeof(CancellationToken)
                && !(function.Trigger is HttpTriggerAttribute && IsRouteValue(parameter.ParameterType)))
            {
                throw new FunctionAppException($"Function '{function.Name}', parameter '{parameter.Name}': cannot be bound to {parameter.ParameterType.Name}.");
            }
        }
    }

    public static object?[] Bind(Invocation invocation) =>
        [.. invocation.Function.Method.GetParameters().Select(parameter => Bind(invocation, parameter))];

    private static void CheckTrigger(FunctionDescriptor function, Type type)
    {
        var (isBindable, expected) = function.Trigger switch
        {
            TimerTriggerAttribute => (type == typeof(TimerInfo), nameof(TimerInfo)),
            HttpTriggerAttribute => (type == typeof(HttpRequest), nameof(HttpRequest)),
            QueueTriggerAttribute => (!type.IsAbstract && !type.IsPointer && !type.IsByRef, "string, byte[], BinaryData, QueueMessage or a class"),
            var other => throw new FunctionAppException($"Function '{function.Name}', parameter '{function.TriggerParameter.Name}': this host does not know the trigger {other.GetType().Name}."),
        };
        if (!isBindable)
        {
            throw new FunctionAppException($"Function '{function.Name}', parameter '{function.TriggerParameter.Name}': cannot be bound to {type.Name}; expected {expected}.");
        }
    }

    private static object? Bind(Invocation invocation, ParameterInfo parameter)
    {
        if (parameter.ParameterType == typeof(FunctionContext))
        {
            return invocation;
        }

        if (parameter.ParameterType == typeof(CancellationToken))
        {
            return invocation.CancellationToken;
        }

        if (parameter == invocation.Function.TriggerParameter)
        {
            return invocation.Payload is QueueMessage message ? Convert(message, parameter.ParameterType) : invocation.Payload;
        }

        var value = invocation.BindingContext.BindingData.GetValueOrDefault(parameter.Name!);
        if (value is not string text)
        {
            return parameter.HasDefaultValue ? parameter.DefaultValue : null;
        }

        return parameter.ParameterType == typeof(Guid)
            ? Guid.Parse(text)
            : System.Convert.ChangeType(text, parameter.ParameterType, CultureInfo.InvariantCulture);
    }

    private static object? Convert(QueueMessage message, Type type)
    {
        if (type == typeof(QueueMessage))
        {
            return message;
        }

        if (type == typeof(string))
        {
            return message.Body.ToString();
        }

        if (type == typeof(BinaryData))
        {
            return message.Body;
        }

        return type == typeof(byte[]) ? message.Body.ToArray() : JsonSerializer.Deserialize(message.Body.ToMemory().Span, type, CaseInsensitive);
    }

    private static bool IsRouteValue(Type type) =>
        type == typeof(string) || type == typeof(int) || type == typeof(long) || type == typeof(Guid);
}
