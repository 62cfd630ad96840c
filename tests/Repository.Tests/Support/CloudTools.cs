using System.Globalization;
using System.Runtime.Versioning;

namespace Repository.Tests;

/// <summary>
/// Stands in for <c>az</c>, <c>azd</c>, <c>curl</c> and <c>sleep</c> in a sandbox: writes down how each was called, and answers as it is
/// told. A command of the Azure CLI or of azd that is not in <c>azure-commands.txt</c>, or not with that option, fails, as it would there.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class CloudTools
{
    private const string Program =
        """
        name=$(basename "$0")
        printf '%s\n' "$name $*" >>"$RECORDS/calls"
        if [ "$name" = az ] || [ "$name" = azd ]; then
          known=""
          while IFS= read -r line; do
            command=${line%%:*}
            if [[ "$name $* " == "$command "* ]]; then known=$line; fi
          done <"$RECORDS/commands"
          [ -n "$known" ] || { echo "$name: '$*' is misspelled or not recognized by the system." >&2; exit 2; }
          for argument in "${@%%=*}"; do
            if [[ $argument == --* && " ${known#*:} --output --query --subscription " != *" $argument "* ]]; then
              echo "$name: unrecognized arguments: $argument" >&2
              exit 2
            fi
          done
        fi
        hook() {
          script=$(sed -n "s/^$1 //p" "$RECORDS/hooks")
          printf '%s\n' "hook $1" >>"$RECORDS/calls"
          [ -n "$script" ] && "./$script" </dev/null || { echo "The hook $1 failed." >&2; exit 1; }
        }
        case "$name $*" in
          "azd up"*) hook preprovision && hook predeploy && hook postdeploy ;;
          "azd hooks run "*) hook "$3" ;;
        esac
        for answer in "$RECORDS/$name"/*; do
          if [ -d "$answer" ] && [[ "$*" == *"$(cat "$answer/pattern")"* ]]; then
            time=$(($(cat "$answer/time" 2>/dev/null || echo 0) + 1))
            if [ -f "$answer/output-$time" ]; then echo "$time" >"$answer/time"; else time=$((time - 1)); fi
            code=$(cat "$answer/code-$time")
            if [ "$code" = 0 ]; then cat "$answer/output-$time"; else cat "$answer/output-$time" >&2; fi
            exit "$code"
          fi
        done
        """;

    private readonly Sandbox _sandbox;

    public CloudTools(Sandbox sandbox)
    {
        _sandbox = sandbox;
        Directory.CreateDirectory(Records);
        File.Copy(RepositoryFiles.At("tests/Repository.Tests/Support/azure-commands.txt"), Path.Combine(Records, "commands"));
        foreach (var name in (string[])["az", "azd", "curl", "sleep"])
        {
            sandbox.WriteProgram(name, Program);
        }
    }

    /// <summary>Every call, in order, as the program's name and its arguments.</summary>
    public IReadOnlyList<string> Calls => File.Exists(CallsFile) ? File.ReadAllLines(CallsFile) : [];

    private string Records => Path.Combine(_sandbox.Folder, "records");

    private string CallsFile => Path.Combine(Records, "calls");

    /// <summary>
    /// Answers the calls of a program whose arguments contain a text. The first call gets the first answer, the last answer is repeated.
    /// What was set first goes first.
    /// </summary>
    public CloudTools Answer(string program, string arguments, params (int Code, string Output)[] answers)
    {
        var programFolder = Directory.CreateDirectory(Path.Combine(Records, program));
        var folder = programFolder.CreateSubdirectory(programFolder.GetDirectories().Length.ToString("000", CultureInfo.InvariantCulture)).FullName;
        File.WriteAllText(Path.Combine(folder, "pattern"), arguments);
        foreach (var (index, (code, output)) in answers.Index())
        {
            File.WriteAllText(Path.Combine(folder, $"output-{index + 1}"), output);
            File.WriteAllText(Path.Combine(folder, $"code-{index + 1}"), code.ToString(CultureInfo.InvariantCulture));
        }

        return this;
    }

    /// <summary>Answers the calls of a program whose arguments contain a text always the same.</summary>
    public CloudTools Answer(string program, string arguments, string output) => Answer(program, arguments, (0, output));

    /// <summary>Lets <c>azd</c> run hooks, each with its script, in the folder in which it is called.</summary>
    public void SetHooks(IEnumerable<(string Name, string Script)> hooks) =>
        File.WriteAllLines(Path.Combine(Records, "hooks"), hooks.Select(hook => $"{hook.Name} {hook.Script}"));

    /// <summary>Runs a command of a document in a folder.</summary>
    public Task<(int ExitCode, string Output)> RunCommandAsync(string command, string folder, string input, params (string, string?)[] environment) =>
        _sandbox.RunAsync("bash", ["-euo", "pipefail", "-c", $"cd '{folder}'\n{command}"], input, [("RECORDS", Records), ("CI", null), .. environment]);

    /// <summary>Runs a script, given by its path in the repository or its full path: see <see cref="Sandbox.RunScriptAsync"/>.</summary>
    public Task<(int ExitCode, string Output)> RunAsync(string script, IReadOnlyList<string> arguments, params (string Name, string? Value)[] environment)
    {
        // Of the machine that runs the tests, nothing that the scripts look at.
        (string, string?)[] clean =
        [
            ("RECORDS", Records), ("CI", null), ("AZURE_LOCATION", null), ("AZURE_SUBSCRIPTION_ID", null), ("ALERT_EMAILS", null),
            ("AZURE_FUNCTION_APP_URI", null), .. environment,
        ];
        return _sandbox.RunScriptAsync(script, arguments, clean);
    }
}
