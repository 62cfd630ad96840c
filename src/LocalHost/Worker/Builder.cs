using LocalHost;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker
{
    /// <summary>Builds the pipeline of invocations.</summary>
    public interface IFunctionsWorkerApplicationBuilder
    {
        /// <summary>The services.</summary>
        IServiceCollection Services { get; }

        /// <summary>Adds middleware.</summary>
        IFunctionsWorkerApplicationBuilder Use(Func<FunctionExecutionDelegate, FunctionExecutionDelegate> middleware);
    }
}

namespace Microsoft.Azure.Functions.Worker.Builder
{
    /// <summary>Where a function app begins.</summary>
    public class FunctionsApplication
    {
        /// <summary>Creates a builder with the settings of the environment over those of <c>local.settings.json</c>.</summary>
        public static FunctionsApplicationBuilder CreateBuilder(string[] args)
        {
            try
            {
                return new(LocalHostBuilder.Create(args, AppContext.BaseDirectory));
            }
            catch (FunctionAppException exception)
            {
                // Told as by the host when it starts; before there is one, only leaving keeps the app from going on.
                Console.Error.WriteLine(exception.Message);
                Environment.Exit(1);
                throw;
            }
        }
    }

    /// <summary>Builds a function app.</summary>
    public class FunctionsApplicationBuilder : IFunctionsWorkerApplicationBuilder, IHostApplicationBuilder
    {
        internal FunctionsApplicationBuilder(LocalHostBuilder inner)
        {
            Inner = inner;
        }

        /// <inheritdoc/>
        public IDictionary<object, object> Properties => ((IHostApplicationBuilder)Inner.Web).Properties;

        /// <summary>The configuration.</summary>
        public ConfigurationManager Configuration => Inner.Web.Configuration;

        /// <inheritdoc/>
        public IHostEnvironment Environment => Inner.Web.Environment;

        /// <inheritdoc/>
        public ILoggingBuilder Logging => Inner.Web.Logging;

        /// <inheritdoc/>
        public IMetricsBuilder Metrics => Inner.Web.Metrics;

        /// <inheritdoc cref="IHostApplicationBuilder.Services"/>
        public IServiceCollection Services => Inner.Web.Services;

        internal LocalHostBuilder Inner { get; }

        IConfigurationManager IHostApplicationBuilder.Configuration => Inner.Web.Configuration;

        /// <summary>Builds the app.</summary>
        public IHost Build() => Inner.Build();

        /// <inheritdoc/>
        public void ConfigureContainer<TContainerBuilder>(IServiceProviderFactory<TContainerBuilder> factory, Action<TContainerBuilder>? configure = null)
            where TContainerBuilder : notnull =>
            ((IHostApplicationBuilder)Inner.Web).ConfigureContainer(factory, configure);

        /// <inheritdoc/>
        public IFunctionsWorkerApplicationBuilder Use(Func<FunctionExecutionDelegate, FunctionExecutionDelegate> middleware)
        {
            Inner.Middleware.Add(middleware);
            return this;
        }
    }

    /// <summary>ASP.NET Core integration.</summary>
    public static class FunctionsApplicationBuilderAspNetCoreExtensions
    {
        /// <summary>Lets HTTP functions take requests and give results of ASP.NET Core.</summary>
        public static FunctionsApplicationBuilder ConfigureFunctionsWebApplication(this FunctionsApplicationBuilder builder)
        {
            ArgumentNullException.ThrowIfNull(builder);
            builder.Inner.UsesAspNetCore = true;
            return builder;
        }
    }
}

namespace Microsoft.Extensions.Hosting
{
    /// <summary>Middleware of invocations.</summary>
    public static class MiddlewareWorkerApplicationBuilderExtensions
    {
        /// <summary>Adds middleware, one instance for the life of the app.</summary>
        public static IFunctionsWorkerApplicationBuilder UseMiddleware<T>(this IFunctionsWorkerApplicationBuilder builder)
            where T : class, IFunctionsWorkerMiddleware
        {
            ArgumentNullException.ThrowIfNull(builder);
            builder.Services.AddSingleton<T>();
            return builder.Use(next => context => context.InstanceServices.GetRequiredService<T>().Invoke(context, next));
        }
    }
}
