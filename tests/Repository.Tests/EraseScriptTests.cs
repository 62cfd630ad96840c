using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Repository.Tests;

/// <summary><c>scripts/erase-case.sh</c>.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ShellEraseScriptTests() : EraseScriptTests("sh");

/// <summary><c>scripts/erase-case.ps1</c>.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class PowerShellEraseScriptTests() : EraseScriptTests("ps1");

/// <summary>A script that erases a case, with an Azure CLI that answers from files and writes down what it is asked to change.</summary>
[UnsupportedOSPlatform("windows")]
public abstract class EraseScriptTests : IDisposable
{
    private const string CaseId = "20261128-120000-abcdef";
    private const string OtherCaseId = "20261128-130000-ghjkmn";

    private const string FakeAzureCli =
        """
        if [ -n "${FAILING:-}" ] && [[ "$*" == *"$FAILING"* ]]; then exit 3; fi
        case "$1 $2 $3" in
          "account show --query") [ "$4" = user.type ] && echo "${WHO_TYPE:-user}" || echo "${WHO:-Ann@example.com}" ;;
          "ad signed-in-user show") echo aaaaaaaa-0000-0000-0000-000000000001 ;;
          "ad sp show") [ "$5" = deploy-app ] && echo aaaaaaaa-0000-0000-0000-000000000002 ;;
          "storage entity query")
            case "$*" in
              *"PartitionKey eq 'case'"*) cat "$ANSWERS/case" ;;
              *"PartitionKey eq 'held'"*) touch "$ANSWERS/held-read"; cat "$ANSWERS/held" ;;
              *"PartitionKey eq 'object|uk|20261103' and RowKey ge 'a|' and RowKey lt 'a}'"*) cat "$ANSWERS/memberships" ;;
              *"PartitionKey eq 'object|"*) echo '{"items":[]}' ;;
              *"--table-name cases"*) cat "$ANSWERS/objects" ;;
              *"RowKey eq 'b'"*) cat "$ANSWERS/row-b" ;;
              *) cat "$ANSWERS/row" ;;
            esac ;;
          "storage blob list") case "$*" in *_exports*) cat "$ANSWERS/exports" ;; *) cat "$ANSWERS/blobs" ;; esac ;;
          "storage blob show")
            case "$*" in
              *"--name uk/callrecording/2026/11/03/a.mp3 --version-id 0"*) cat "$ANSWERS/shown" ;;
              *) echo '{"name":"x","hasLegalHold":null,"immutabilityPolicy":{"expiryTime":null,"policyMode":null}}' ;;
            esac ;;
          "storage blob upload")
            container=$(sed 's/.*--container-name \([^ ]*\).*/\1/' <<<"$*")
            while [ "$1" != --file ]; do [ "$1" = --name ] && name=$2; shift; done
            cp "$2" "$ANSWERS/$(basename "$name")"
            echo "upload $container/$name" >>"$ANSWERS/changes" ;;
          *) shift 1; echo "$*" >>"$ANSWERS/changes" ;;
        esac
        """;

    private readonly Sandbox _sandbox = new();
    private readonly string _script;

    protected EraseScriptTests(string shell)
    {
        _script = $"scripts/erase-case.{shell}";
        _sandbox.WriteProgram("az", FakeAzureCli);
        Answer("case", """{"items":[{"CreatedBy":"Bob@example.com","CreatedById":"bbbbbbbb-0000-0000-0000-000000000003","Hold":"None"}]}""");
        Answer(
            "objects",
            """{"items":[{"RowKey":"object|uk|20261103|a","Region":"uk","Id":"a","Type":"callrecording","CreatedTime":"2026-11-03T09:00:00Z"}]}""");
        Answer("row", """{"items":[{"Blob":"uk/callrecording/2026/11/03/a.mp3"}]}""");
        Answer("row-b", """{"items":[{"Blob":"uk/callrecording/2026/11/03/b.mp3"}]}""");
        Answer("memberships", $$"""{"items":[{"RowKey":"a|{{CaseId}}"},{"RowKey":"a|{{OtherCaseId}}"}]}""");
        Answer("held", """{"items":[]}""");
        Answer("blobs", Blobs);
        Answer("shown", """{"hasLegalHold":null,"immutabilityPolicy":{"expiryTime":"2020-01-01T00:00:00Z"}}""");
        Answer("exports", $$"""[{"name":"_exports/{{CaseId}}/e/part-0001.zip","versionId":"3","isCurrentVersion":true}]""");
    }

    [Fact]
    public async Task Erase_script_deletes_every_version_and_export_and_writes_chained_audit_lines_before_and_after()
    {
        var (exitCode, output) = await RunAsync();

        Assert.True(exitCode == 0, output);
        var changes = await File.ReadAllLinesAsync(At("changes"), TestContext.Current.CancellationToken);
        Assert.Contains("-requested.jsonl", changes[0], StringComparison.Ordinal);
        Assert.Contains("-done.jsonl", changes[^1], StringComparison.Ordinal);
        var deleted = changes.Where(change => change.StartsWith("blob delete", StringComparison.Ordinal)).ToList();
        Assert.Equal(8, deleted.Count);
        Assert.Equal(5, deleted.Count(change => change.Contains("--version-id", StringComparison.Ordinal)));
        Assert.DoesNotContain(deleted, change => change.Contains("ab.mp3", StringComparison.Ordinal));
        Assert.DoesNotContain(deleted, change => change.Contains("a.Board.mp3", StringComparison.Ordinal));
        Assert.Contains(deleted, change => change.Contains("a.mp3.meta.json", StringComparison.Ordinal));
        Assert.Contains(deleted, change => change.Contains("part-0001.zip", StringComparison.Ordinal));
        Assert.Single(
            changes,
            change => change.Contains("entity replace", StringComparison.Ordinal) && change.Contains("State=Gone", StringComparison.Ordinal));
        var audit = await File.ReadAllTextAsync(Directory.GetFiles(_sandbox.Folder, "*-done.jsonl").Single(), TestContext.Current.CancellationToken);
        using var line = JsonDocument.Parse(audit);
        Assert.Equal(("aaaaaaaa-0000-0000-0000-000000000001", "Ann@example.com", "a", "Done", CaseId), (
            line.RootElement.GetProperty("actor").GetProperty("id").GetString(),
            line.RootElement.GetProperty("actor").GetProperty("name").GetString(),
            line.RootElement.GetProperty("id").GetString(),
            line.RootElement.GetProperty("outcome").GetString(),
            line.RootElement.GetProperty("case").GetString()));
    }

    [Theory]
    [InlineData("""{"hasLegalHold":true}""", "a.mp3 is on legal hold.")]
    [InlineData("""{"properties":{"hasLegalHold":true}}""", "a.mp3 is on legal hold.")]
    [InlineData("""{"hasLegalHold":null,"immutabilityPolicy":{"expiryTime":"2199-01-01T00:00:00Z"}}""", "a.mp3 is immutable until 2199")]
    [InlineData("""{"properties":{}}""", "does not tell whether uk/callrecording/2026/11/03/a.mp3 is on legal hold")]
    public async Task Erase_script_names_versions_that_are_held_or_immutable_and_erases_nothing(string shown, string expected)
    {
        Answer("shown", shown);

        var (exitCode, output) = await RunAsync();

        Assert.Equal(1, exitCode);
        Assert.Contains(expected, output, StringComparison.Ordinal);
        Assert.False(File.Exists(At("changes")));
    }

    [Theory]
    [InlineData("""{"items":[{"CreatedBy":"Ann Jones","CreatedById":"AAAAAAAA-0000-0000-0000-000000000001","Hold":"None"}]}""", "Another person must erase it")]
    [InlineData("""{"items":[{"CreatedBy":"function key","CreatedById":"function key","Hold":"None"}]}""", "made with the function key")]
    [InlineData("""{"items":[{"CreatedBy":"Bob@example.com","Hold":"None"}]}""", "does not have the object ID")]
    [InlineData("""{"items":[{"CreatedBy":"Bob@example.com","CreatedById":"bbbbbbbb-0000-0000-0000-000000000003","Hold":"Held"}]}""", "is on hold")]
    [InlineData("""{"items":[]}""", "There is no case")]
    public async Task Erase_script_wants_a_case_of_another_person_that_is_not_on_hold(string answer, string expected)
    {
        Answer("case", answer);

        var (exitCode, output) = await RunAsync();

        Assert.Equal(1, exitCode);
        Assert.Contains(expected, output, StringComparison.Ordinal);
        Assert.False(File.Exists(At("changes")));
    }

    [Theory]
    [InlineData("deploy-app", "Another person must erase it")]
    [InlineData("systemAssignedIdentity", "does not tell the object ID of systemAssignedIdentity")]
    public async Task Erase_script_knows_a_service_principal_by_its_object_id_or_refuses_it(string signedIn, string expected)
    {
        Answer("case", """{"items":[{"CreatedBy":"Deployment","CreatedById":"aaaaaaaa-0000-0000-0000-000000000002","Hold":"None"}]}""");

        var (exitCode, output) = await RunAsync(("WHO_TYPE", "servicePrincipal"), ("WHO", signedIn));

        Assert.Equal(1, exitCode);
        Assert.Contains(expected, output, StringComparison.Ordinal);
        Assert.False(File.Exists(At("changes")));
    }

    [Fact]
    public async Task Erase_script_gives_the_ledger_and_the_audit_log_what_they_had()
    {
        var (exitCode, output) = await RunAsync();

        Assert.True(exitCode == 0, output);
        Assert.Contains($"Erased 1 objects of the case {CaseId}.", output, StringComparison.Ordinal);
        var changes = await File.ReadAllLinesAsync(At("changes"), TestContext.Current.CancellationToken);
        var replaced = Assert.Single(changes, change => change.Contains("entity replace", StringComparison.Ordinal));
        foreach (var value in (string[])
            [
                "PartitionKey=uk|20261103", "RowKey=a", "Region=uk", "Id=a", "Type=callrecording", "CreatedTime=2026-11-03T09:00:00Z",
                "CreatedTime@odata.type=Edm.DateTime", "Region@odata.type=Edm.String", "Id@odata.type=Edm.String", "Type@odata.type=Edm.String",
            ])
        {
            Assert.Contains(value, replaced, StringComparison.Ordinal);
        }

        var requested = Directory.GetFiles(_sandbox.Folder, "*-requested.jsonl").Single();
        Assert.EndsWith("}\n", await File.ReadAllTextAsync(requested, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Erase_script_chains_the_lines_of_several_objects()
    {
        AnswerTwoObjects();

        var (exitCode, output) = await RunAsync();

        Assert.True(exitCode == 0, output);
        var lines = await File.ReadAllLinesAsync(Directory.GetFiles(_sandbox.Folder, "*-done.jsonl").Single(), TestContext.Current.CancellationToken);
        Assert.Equal(2, lines.Length);
        using var first = JsonDocument.Parse(lines[0]);
        using var second = JsonDocument.Parse(lines[1]);
        Assert.False(first.RootElement.TryGetProperty("previous", out _));
        Assert.Equal(
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(lines[0]))),
            second.RootElement.GetProperty("previous").GetString());
    }

    [Fact]
    public async Task Erase_script_writes_to_the_container_of_the_audit_log()
    {
        var (exitCode, output) = await _sandbox.RunScriptAsync(
            _script,
            ["archive", "recordings", "ledger", CaseId, "audit"],
            [("ANSWERS", _sandbox.Folder)]);

        Assert.True(exitCode == 0, output);
        var changes = await File.ReadAllLinesAsync(At("changes"), TestContext.Current.CancellationToken);
        Assert.StartsWith("upload audit/_audit/", changes[0], StringComparison.Ordinal);
        Assert.StartsWith("upload audit/_audit/", changes[^1], StringComparison.Ordinal);
        Assert.DoesNotContain(changes[1..^1], change => change.Contains("audit", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(OtherCaseId)]
    [InlineData(CaseId)]
    public async Task Erase_script_names_objects_of_a_case_on_hold_whose_blobs_are_not_held_and_erases_nothing(string held)
    {
        AnswerTwoObjects();
        Answer("held", $$"""{"items":[{"PartitionKey":"held","RowKey":"{{held}}"}]}""");

        var (exitCode, output) = await RunAsync();

        Assert.Equal(1, exitCode);
        Assert.Contains($"uk/a is in the case {held}, which is on hold.", output, StringComparison.Ordinal);
        Assert.Contains("Nothing was erased.", output, StringComparison.Ordinal);
        Assert.DoesNotContain("uk/b", output, StringComparison.Ordinal);
        Assert.False(File.Exists(At("changes")));
    }

    [Fact]
    public async Task Erase_script_reads_the_cases_on_hold_and_is_not_stopped_by_one_without_its_objects()
    {
        Answer("held", """{"items":[{"PartitionKey":"held","RowKey":"20261128-140000-pqrstu"}]}""");

        var (exitCode, output) = await RunAsync();

        Assert.True(exitCode == 0, output);
        Assert.True(File.Exists(At("held-read")));
    }

    [Theory]
    [InlineData("""{"items":[]}""")]
    [InlineData("""{"items":[{"State":"Failed","LastError":"8x8 has no content."}]}""")]
    public async Task Erase_script_names_an_object_without_a_blob_in_the_ledger_erases_the_others_and_fails(string row)
    {
        AnswerTwoObjects();
        Answer("row-b", row);

        var (exitCode, output) = await RunAsync();

        Assert.Equal(1, exitCode);
        Assert.Contains("uk/b has no blob in the ledger", output, StringComparison.Ordinal);
        Assert.Contains("Erased 1 objects", output, StringComparison.Ordinal);
        Assert.DoesNotContain("uk/a", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Erase_script_that_runs_again_names_what_it_erased_before_and_succeeds()
    {
        AnswerTwoObjects();
        Answer("row-b", """{"items":[{"State":"Gone","LastError":"Erased from the archive."}]}""");

        var (exitCode, output) = await RunAsync();

        Assert.True(exitCode == 0, output);
        Assert.Contains("uk/b was erased before.", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("account show")]
    [InlineData("PartitionKey eq 'object|")]
    [InlineData("PartitionKey eq 'held'")]
    [InlineData("storage blob list")]
    [InlineData("storage blob show")]
    [InlineData("storage blob upload")]
    public async Task Erase_script_erases_nothing_after_a_call_that_fails(string failing)
    {
        var (exitCode, _) = await RunAsync(("FAILING", failing));

        Assert.NotEqual(0, exitCode);
        Assert.False(File.Exists(At("changes")));
    }

    public void Dispose()
    {
        _sandbox.Dispose();
        GC.SuppressFinalize(this);
    }

    // As the Azure CLI lists them: without holds and policies, also of what has them.
    private const string Blobs =
        """
        [{"name":"uk/callrecording/2026/11/03/a.mp3","versionId":"1","isCurrentVersion":true,"properties":{}},
         {"name":"uk/callrecording/2026/11/03/a.mp3","versionId":"0","properties":{}},
         {"name":"uk/callrecording/2026/11/03/a.mp3.meta.json","versionId":"1","isCurrentVersion":true,"properties":{}},
         {"name":"uk/callrecording/2026/11/03/a.1a2b3c4d-2.mp3","versionId":"1","properties":{}},
         {"name":"uk/callrecording/2026/11/03/a.Board.mp3","versionId":"1","properties":{}},
         {"name":"uk/callrecording/2026/11/03/ab.mp3","versionId":"1","properties":{}}]
        """;

    private void AnswerTwoObjects()
    {
        const string Row = """{"RowKey":"object|uk|20261103|ID","Region":"uk","Id":"ID","Type":"callrecording","CreatedTime":"2026-11-03T09:00:00Z"}""";
        Answer("objects", $$"""{"items":[{{Row.Replace("ID", "a", StringComparison.Ordinal)}},{{Row.Replace("ID", "b", StringComparison.Ordinal)}}]}""");
    }

    private string At(string name) => Path.Combine(_sandbox.Folder, name);

    private void Answer(string name, string content) => File.WriteAllText(At(name), content);

    private Task<(int ExitCode, string Output)> RunAsync(params (string Name, string? Value)[] environment) => _sandbox.RunScriptAsync(
        _script,
        ["archive", "recordings", "ledger", CaseId],
        [("ANSWERS", _sandbox.Folder), .. environment]);
}
