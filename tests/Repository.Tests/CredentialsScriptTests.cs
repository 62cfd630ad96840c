using System.Runtime.Versioning;
using System.Text;

namespace Repository.Tests;

/// <summary><c>scripts/set-8x8-credentials.sh</c>, with an Azure CLI that writes down how it was called.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class CredentialsScriptTests : IDisposable
{
    private const string Key = "eght_key+/=%d\\n$HOME`id`";
    private const string Secret = "sec'ret\"&<>|;*?{1..3}~";

    private const string FakeAzureCli =
        """
        printf '%s\0' "$@" >>"$RECORDS/arguments"
        env -0 >>"$RECORDS/environment"
        if [ -n "${FAILING:-}" ] && [[ "$*" == *"$FAILING"* ]]; then
          echo "ERROR: ${ANSWER/@/$(cat /dev/stdin)}" >&2
          exit 1
        fi
        if [ "$3" = set ]; then
          while [ "$1" != --name ]; do shift; done
          cat /dev/stdin >"$RECORDS/$2"
          echo '{"value": "what the vault answers"}'
        fi
        """;

    private static readonly string Script = RepositoryFiles.At("scripts/set-8x8-credentials.sh");

    private readonly Sandbox _sandbox = new();

    public CredentialsScriptTests()
    {
        Directory.CreateDirectory(Records);
        _sandbox.WriteProgram("az", FakeAzureCli);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Records => Path.Combine(_sandbox.Folder, "records");

    [Fact]
    public async Task Hands_both_values_to_the_vault_through_a_pipe()
    {
        var (exitCode, output) = await RunAsync($"{Key}\r\n{Secret}\n", arguments: "my-vault");

        Assert.True(exitCode == 0, output);
        Assert.Equal(Key, Stored("eightbyeight-key"));
        Assert.Equal(Secret, Stored("eightbyeight-secret"));
        Assert.Equal(2, Calls().Count(call => call.Contains("--vault-name my-vault", StringComparison.Ordinal) && call.Contains(" set ", StringComparison.Ordinal)));
        AssertNothingShows(output);
    }

    [Fact]
    public async Task Leaves_out_the_byte_order_mark_of_a_file()
    {
        var (exitCode, output) = await RunAsync($"\uFEFF{Key}\r\n{Secret}\r\n", arguments: "my-vault");

        Assert.True(exitCode == 0, output);
        Assert.Equal((Key, Secret), (Stored("eightbyeight-key"), Stored("eightbyeight-secret")));
    }

    [Fact]
    public async Task Asks_a_person_without_echo()
    {
        _sandbox.WriteProgram("azd", "[ \"$*\" = \"env get-values\" ] && echo 'AZURE_KEY_VAULT_NAME=\"vault-of-azd\"'");
        using var terminal = _sandbox.Start("script", ["--quiet", "--return", "--command", Script, "/dev/null"], ("RECORDS", Records));
        var shown = new StringBuilder();

        foreach (var (prompt, answer) in ((string, string)[])[("Key of the 8x8 API app: ", Key), ("Secret of the 8x8 API app: ", Secret)])
        {
            await ReadUntilAsync(terminal.StandardOutput, prompt, shown);
            await terminal.StandardInput.WriteAsync(answer + "\n");
        }

        shown.Append(await terminal.StandardOutput.ReadToEndAsync(Cancellation));
        await terminal.WaitForExitAsync(Cancellation);
        Assert.True(terminal.ExitCode == 0, shown.ToString());
        Assert.Equal(Key, Stored("eightbyeight-key"));
        Assert.Equal(Secret, Stored("eightbyeight-secret"));
        Assert.Contains(Calls(), call => call.Contains("--vault-name vault-of-azd", StringComparison.Ordinal));
        AssertNothingShows(shown.ToString());
    }

    [Fact]
    public async Task Shows_nothing_to_whoever_traces_it()
    {
        var (exitCode, output) = await RunAsync($"{Key}\n{Secret}", program: "bash", arguments: ["-x", Script, "my-vault"]);

        Assert.True(exitCode == 0, output);
        AssertNothingShows(output);
    }

    [Fact]
    public async Task Hides_a_value_that_an_error_quotes()
    {
        var (exitCode, output) = await RunAsync($"{Key}\n{Secret}", failing: "secret set", answer: "cannot take @ today", arguments: "my-vault");

        Assert.Equal(1, exitCode);
        Assert.Contains("cannot take *** today", output, StringComparison.Ordinal);
        AssertNothingShows(output);
    }

    [Theory]
    [InlineData("account show", "", "not signed in")]
    [InlineData("secret list", "(Forbidden) Caller is not authorized to perform action on resource. Code: ForbiddenByRbac", "Key Vault Secrets Officer")]
    [InlineData("secret list", "(Forbidden) Client address is not authorized and caller is not a trusted service. Code: ForbiddenByFirewall", "firewall")]
    [InlineData("secret list", "Failed to resolve 'my-vault.vault.azure.net' ([Errno -2] Name or service not known)", "no vault my-vault")]
    [InlineData("secret set", "(Forbidden) Code: ForbiddenByRbac", "Key Vault Secrets Officer")]
    [InlineData("secret list", "something else", "answered: ERROR: something else")]
    public async Task Says_what_to_do_when_the_vault_refuses(string failing, string answer, string expected)
    {
        var (exitCode, output) = await RunAsync($"{Key}\n{Secret}", failing: failing, answer: answer, arguments: "my-vault");

        Assert.Equal(1, exitCode);
        Assert.Contains(expected, output, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(Records, "eightbyeight-key")));
        AssertNothingShows(output);
    }

    [Theory]
    [InlineData("\nsecret\n", "The key is empty")]
    [InlineData("key\n", "Standard input ends before the secret")]
    [InlineData("key\nse cret\n", "The secret has blanks")]
    public async Task Writes_nothing_unless_both_values_are_there(string input, string expected)
    {
        var (exitCode, output) = await RunAsync(input, arguments: "my-vault");

        Assert.Equal(1, exitCode);
        Assert.Contains(expected, output, StringComparison.Ordinal);
        Assert.DoesNotContain(Calls(), call => call.Contains(" set ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", "Which vault?")]
    [InlineData("--help", "not the name of a vault")]
    [InlineData("my-vault key secret", "never given as arguments")]
    public async Task Says_how_it_is_called(string arguments, string expected)
    {
        var (exitCode, output) = await RunAsync($"{Key}\n{Secret}", arguments: arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(1, exitCode);
        Assert.Contains(expected, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("scripts/set-8x8-credentials.sh")]
    [InlineData("scripts/set-8x8-credentials.ps1")]
    public void Names_the_secrets_that_the_app_reads(string script)
    {
        var store = File.ReadAllText(RepositoryFiles.At("src/Archiving/Source/KeyVaultTokenStore.cs"));
        var text = File.ReadAllText(RepositoryFiles.At(script));

        foreach (var name in (string[])["eightbyeight-key", "eightbyeight-secret"])
        {
            Assert.Contains($"\"{name}\"", store, StringComparison.Ordinal);
            Assert.Contains(name, text, StringComparison.Ordinal);
        }
    }

    public void Dispose() => _sandbox.Dispose();

    /// <summary>Asserts that neither value is in what was printed, in an argument or the environment of any call, or in a file but the vault's.</summary>
    private void AssertNothingShows(string output)
    {
        var vault = (string[])[Path.Combine(Records, "eightbyeight-key"), Path.Combine(Records, "eightbyeight-secret")];
        var others = Directory.EnumerateFiles(_sandbox.Folder, "*", SearchOption.AllDirectories).Except(vault, StringComparer.Ordinal).Select(File.ReadAllText);
        foreach (var text in others.Append(output))
        {
            Assert.DoesNotContain(Key, text, StringComparison.Ordinal);
            Assert.DoesNotContain(Secret, text, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("what the vault answers", output, StringComparison.Ordinal);
        Assert.Contains("AZURE_LOGGING_ENABLE_LOG_FILE=no", File.ReadAllText(Path.Combine(Records, "environment")), StringComparison.Ordinal);
    }

    private string Stored(string name) => File.ReadAllText(Path.Combine(Records, name));

    private string[] Calls()
    {
        var arguments = File.ReadAllText(Path.Combine(Records, "arguments")).Replace('\0', ' ');
        return arguments.Split(["account ", "keyvault "], StringSplitOptions.RemoveEmptyEntries);
    }

    private Task<(int ExitCode, string Output)> RunAsync(string input, string? program = null, string? failing = null, string? answer = null, params string[] arguments) =>
        _sandbox.RunAsync(program ?? Script, arguments, input, ("RECORDS", Records), ("FAILING", failing), ("ANSWER", answer));

    private static async Task ReadUntilAsync(StreamReader reader, string text, StringBuilder shown)
    {
        var buffer = new char[256];
        while (!shown.ToString().Contains(text, StringComparison.Ordinal))
        {
            var read = await reader.ReadAsync(buffer, Cancellation);
            Assert.True(read > 0, shown.ToString());
            shown.Append(buffer, 0, read);
        }
    }
}
