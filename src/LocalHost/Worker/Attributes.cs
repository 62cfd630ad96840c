#pragma warning disable MA0048, CA1019, CA1711, CA1813 // The shapes are Microsoft's.
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace Microsoft.Azure.Functions.Worker.Extensions.Abstractions
{
    /// <summary>Base of binding attributes.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public abstract class BindingAttribute : Attribute;

    /// <summary>Base of trigger attributes.</summary>
    [AttributeUsage(AttributeTargets.Parameter)]
    public abstract class TriggerBindingAttribute : BindingAttribute;
}

namespace Microsoft.Azure.Functions.Worker
{
    /// <summary>Marks a method as a function.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public class FunctionAttribute : Attribute
    {
        /// <summary>Names the function.</summary>
        public FunctionAttribute(string name)
        {
            Name = name;
        }

        /// <summary>The function's name.</summary>
        public string Name { get; }
    }

    /// <summary>Fires a function by schedule.</summary>
    [AttributeUsage(AttributeTargets.Parameter)]
    public sealed class TimerTriggerAttribute : TriggerBindingAttribute
    {
        /// <summary>Sets the schedule.</summary>
        /// <param name="schedule">NCRONTAB, or <c>%Setting%</c>.</param>
        public TimerTriggerAttribute(string schedule)
        {
            Schedule = schedule;
        }

        /// <summary>NCRONTAB, or <c>%Setting%</c>.</summary>
        public string Schedule { get; }

        /// <summary>Whether it fires at start too.</summary>
        public bool RunOnStartup { get; set; }

        /// <summary>Whether its runs are kept in storage, so that a missed one is made up for.</summary>
        public bool UseMonitor { get; set; } = true;
    }

    /// <summary>Fires a function for each message of a queue.</summary>
    [AttributeUsage(AttributeTargets.Parameter)]
    public sealed class QueueTriggerAttribute : TriggerBindingAttribute
    {
        /// <summary>Names the queue.</summary>
        public QueueTriggerAttribute(string queueName)
        {
            QueueName = queueName;
        }

        /// <summary>The queue.</summary>
        public string QueueName { get; }

        /// <summary>The setting that names the storage account; <c>AzureWebJobsStorage</c> when none is given.</summary>
        public string? Connection { get; set; }
    }

    /// <summary>Who may call an HTTP function.</summary>
    public enum AuthorizationLevel
    {
        /// <summary>Everybody.</summary>
        Anonymous = 0,

        /// <summary>Signed-in users.</summary>
        User = 1,

        /// <summary>Holders of a function key.</summary>
        Function = 2,

        /// <summary>Holders of a system key.</summary>
        System = 3,

        /// <summary>Holders of the master key.</summary>
        Admin = 4,
    }

    /// <summary>Fires a function for each request.</summary>
    [AttributeUsage(AttributeTargets.Parameter)]
    public sealed class HttpTriggerAttribute : TriggerBindingAttribute
    {
        /// <summary>Any method, function key.</summary>
        public HttpTriggerAttribute()
        {
            AuthLevel = AuthorizationLevel.Function;
        }

        /// <summary>Any method.</summary>
        public HttpTriggerAttribute(AuthorizationLevel authLevel)
        {
            AuthLevel = authLevel;
        }

        /// <summary>Function key.</summary>
        public HttpTriggerAttribute(params string[] methods)
        {
            AuthLevel = AuthorizationLevel.Function;
            Methods = methods;
        }

        /// <summary>Sets who may call it and how.</summary>
        public HttpTriggerAttribute(AuthorizationLevel authLevel, params string[] methods)
        {
            AuthLevel = authLevel;
            Methods = methods;
        }

        /// <summary>Who may call it.</summary>
        public AuthorizationLevel AuthLevel { get; }

        /// <summary>The methods; any when there is none.</summary>
        public string[]? Methods { get; }

        /// <summary>The route below the prefix; the function's name when there is none.</summary>
        public string? Route { get; set; }
    }
}
