using System.CommandLine;
using System.Globalization;
using System.Reflection;
using LocalHost;
using LocalHost.Jobs;

var appOption = new Option<string>("--app")
{
    Description = "Folder of a build of the function app.",
    DefaultValueFactory = _ => LocalFunctionsHost.DefaultAppFolder,
};
var attachOption = new Option<int>("--attach")
{
    Description = "Wait on this port for a worker that a debugger starts (launch profile LocalHost of src/Functions).",
};
attachOption.Validators.Add(result =>
{
    if (result.Tokens is not [var token] || !ushort.TryParse(token.Value, CultureInfo.InvariantCulture, out var port) || port == 0)
    {
        result.AddError("--attach takes a port from 1 to 65535.");
    }
});
var root = new RootCommand(
    "Runs the function app on this machine, as func start does. A command of the app, such as doctor, drill or audit, comes first: LocalHost doctor --help.")
{
    appOption,
    attachOption,
};

try
{
    var file = SettingsFile.Read(
        AppContext.BaseDirectory,
        Environment.GetEnvironmentVariable("LocalHost__SettingsFile"),
        Environment.GetEnvironmentVariables().Keys.Cast<string>());
    foreach (var (name, value) in file.Values)
    {
        Environment.SetEnvironmentVariable(name, value);
    }

    if (args is [[not '-', ..], ..])
    {
        return await FunctionApp.Open(LocalFunctionsHost.DefaultAppFolder).RunCommandAsync(args, CancellationToken.None);
    }

    root.SetAction((arguments, cancellationToken) =>
        LocalFunctionsHost.RunAsync(FunctionApp.Open(arguments.GetValue(appOption)!), arguments.GetValue(attachOption), file, cancellationToken));
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
catch (TargetInvocationException exception)
{
    // The SDK binds its options by reflection when it first needs them.
    await Console.Error.WriteLineAsync(JobHosting.Refuse(exception).Message);
    return 1;
}
catch (LocalHostException exception)
{
    await Console.Error.WriteLineAsync(exception.Message);
    return 1;
}
