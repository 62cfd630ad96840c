using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Repository.Tests;

/// <summary>What the workflows may do, and whether what they name is there.</summary>
public sealed partial class WorkflowTests
{
    private static readonly List<Workflow> Workflows = [.. Workflow.ReadAll()];

    private static readonly HashSet<string> Rights = new(StringComparer.Ordinal)
    {
        "actions: read", "attestations: write", "contents: read", "contents: write", "id-token: write", "pull-requests: write", "security-events: write",
    };

    private static IEnumerable<WorkflowJob> Jobs => Workflows.SelectMany(workflow => workflow.Jobs);

    [Fact]
    public void Workflows_pin_every_action_by_commit_and_say_its_version()
    {
        var uses = Workflows.SelectMany(
            workflow => workflow.Lines.Where(line => line.Contains("uses:", StringComparison.Ordinal))
                .Select(line => (workflow.Name, Line: line.Trim()))).ToList();

        Assert.NotEmpty(uses);
        Assert.All(uses, use => Assert.True(PinnedAction().IsMatch(use.Line) || LocalWorkflow().IsMatch(use.Line), $"{use.Name}: {use.Line}"));
        var versions = uses.Select(use => PinnedAction().Match(use.Line)).Where(match => match.Success)
            .GroupBy(match => match.Groups["action"].Value.ToLowerInvariant(), match => match.Groups["pin"].Value);
        Assert.All(versions, action => Assert.Single(action.Distinct(StringComparer.Ordinal)));
    }

    [Fact]
    public void Workflows_give_no_rights_but_those_that_a_job_asks_for()
    {
        Assert.All(Workflows, workflow => Assert.True(workflow.Permissions is { Children.Count: 0 }, $"{workflow.Name} has to begin with permissions: {{}}"));
        Assert.All(Jobs, job => Assert.True(job.Permissions?.All(Rights.Contains), $"{job}: {string.Join(", ", job.Permissions ?? [])}"));

        // What can change the repository runs no code of it, and asks for no identity elsewhere.
        Assert.All(Jobs.Where(job => job.Permissions!.Any(right => right is "contents: write" or "pull-requests: write")), job =>
        {
            Assert.Single(job.Permissions!);
            Assert.DoesNotContain(job.Steps, step => Workflow.Text(step, "uses")?.StartsWith("actions/checkout@", StringComparison.Ordinal) == true);
        });
    }

    [Fact]
    public void Workflows_write_findings_without_running_code_of_the_repository()
    {
        var jobs = Jobs.Where(job => job.Permissions!.Contains("security-events: write", StringComparer.Ordinal)).ToList();

        Assert.NotEmpty(jobs);
        Assert.All(jobs, job =>
        {
            Assert.Empty(job.Commands);
            var scan = job.Steps.Single(step => Workflow.Text(step, "uses")!.StartsWith("github/codeql-action/init@", StringComparison.Ordinal));
            Assert.Equal("none", Workflow.Text(Workflow.Map(scan, "with")!, "build-mode"));
        });
    }

    [Fact]
    public void Workflows_run_each_night_the_deep_tests_with_the_commands_that_contributors_are_given()
    {
        var given = CodeSpan().Matches(File.ReadAllText(RepositoryFiles.At("CONTRIBUTING.md")))
            .Select(match => match.Groups["code"].Value)
            .Where(code => DeepTest().IsMatch(code));
        var nightly = Workflows.Single(workflow => workflow.Name == "nightly.yml").Jobs.SelectMany(job => job.Commands).ToList();

        Assert.NotEmpty(nightly);
        Assert.Equal(given.Order(StringComparer.Ordinal), nightly.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Workflows_never_run_a_pull_request_with_the_rights_of_the_repository()
    {
        Assert.All(
            Workflows,
            workflow => Assert.DoesNotContain(workflow.Triggers, trigger => trigger is "pull_request_target" or "workflow_run" or "issue_comment"));
    }

    [Fact]
    public void Workflows_pass_values_to_commands_through_the_environment()
    {
        Assert.All(Jobs, job => Assert.All(job.Commands, command => Assert.DoesNotContain("${{", command, StringComparison.Ordinal)));
    }

    [Fact]
    public void Workflows_leave_no_credentials_in_a_checkout()
    {
        var checkouts = Jobs.SelectMany(job => job.Steps)
            .Where(step => Workflow.Text(step, "uses")?.StartsWith("actions/checkout@", StringComparison.Ordinal) == true)
            .ToList();

        Assert.NotEmpty(checkouts);
        Assert.All(checkouts, step => Assert.Equal("false", Workflow.Text(Workflow.Map(step, "with") ?? [], "persist-credentials")));
    }

    [Fact]
    public void Workflows_stop_what_hangs()
    {
        Assert.All(Jobs.Where(job => job.Calls is null), job => Assert.True(int.TryParse(job.Timeout, out _), $"{job} has no timeout-minutes"));
    }

    [Fact]
    public void Workflows_give_called_workflows_the_rights_of_their_jobs()
    {
        var calls = Jobs.Where(job => job.Calls is not null).ToList();

        // GitHub refuses to start a workflow whose called jobs ask for more than the caller has, whether or not they run.
        Assert.NotEmpty(calls);
        Assert.All(calls, call =>
        {
            var called = Workflows.Single(workflow => workflow.Name == Path.GetFileName(call.Calls));
            Assert.Contains("workflow_call", called.Triggers);
            Assert.All(called.Jobs.SelectMany(job => job.Permissions!), right => Assert.Contains(right, call.Permissions!));
        });
    }

    [Fact]
    public void Workflows_hand_called_workflows_the_secrets_that_they_use()
    {
        var calls = Jobs.Where(job => job.Calls is not null).ToList();

        Assert.Contains(calls, call => call.Secrets.Count > 0);
        Assert.All(calls, call => Assert.Equal(
            Secrets(Workflows.Single(workflow => workflow.Name == Path.GetFileName(call.Calls))),
            call.Secrets.Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void Workflows_give_a_pull_request_no_secret()
    {
        Assert.All(Workflows.Where(workflow => workflow.Triggers.Contains("pull_request")), workflow => Assert.Empty(Secrets(workflow)));
    }

    [Fact]
    public void Workflows_deploy_the_template_with_every_variable_that_it_reads()
    {
        var read = ReadVariable().Matches(File.ReadAllText(RepositoryFiles.At("infra/bicep/resources.bicepparam"))).Select(match => match.Groups["name"].Value)
            .ToList();
        var deployments = Jobs.SelectMany(job => job.Steps.Where(
            step => Workflow.Text(step, "run")?
                .Contains("az deployment group create", StringComparison.Ordinal) == true).Select(step => (Job: job, Step: step))).ToList();

        Assert.NotEmpty(read);
        Assert.NotEmpty(deployments);
        Assert.All(deployments, deployment => Assert.Empty(read.Except(deployment.Job.VariablesOf(deployment.Step), StringComparer.Ordinal)));
    }

    [Fact]
    public void Workflows_deploy_with_every_secret_address_that_the_template_takes()
    {
        var secrets = SecureParameter().Matches(File.ReadAllText(RepositoryFiles.At("infra/bicep/resources.bicep")))
            .Select(match => match.Groups["name"].Value)
            .ToList();
        var file = File.ReadAllText(RepositoryFiles.At("infra/bicep/resources.bicepparam"));

        // Nothing else passes a secret on: parameters are committed, and a secret is not.
        Assert.NotEmpty(secrets);
        Assert.All(secrets, name => Assert.Contains($"\nparam {name} = readEnvironmentVariable('", file, StringComparison.Ordinal));
    }

    [Fact]
    public void Workflows_name_only_files_that_are_there()
    {
        var places = Directory.EnumerateFileSystemEntries(RepositoryFiles.Root).Select(Path.GetFileName).Append("infra").ToHashSet(StringComparer.Ordinal);
        var named = Jobs.SelectMany(job => job.Commands.Select(command => (Where: job.ToString(), Text: command)).Append((job.ToString(), job.Calls ?? "")))
            .Concat(Workflows.SelectMany(workflow => workflow.WatchedPaths.Select(path => (workflow.Name, path))))
            .Concat(Workflows.SelectMany(workflow => workflow.Lines.Where(line => line.TrimStart().StartsWith('#')).Select(line => (workflow.Name, line))))
            .SelectMany(text => NamedPath().Matches(text.Item2).Select(match => (text.Item1, Path: match.Value.TrimEnd('.'))))
            .Where(name => places.Contains(name.Path.Split('/')[0]))
            .ToList();

        Assert.Contains(named, name => name.Path == ".ci/run");
        Assert.All(named, name => Assert.True(RepositoryFiles.Exists(name.Path), $"{name.Item1} names {name.Path}, which is not there"));
    }

    [Fact]
    public void Workflows_compile_the_template_with_the_compiler_that_it_is_tested_with()
    {
        var tested = BicepVersion().Match(File.ReadAllText(RepositoryFiles.At("tests/Infrastructure.Tests/Infrastructure.Tests.csproj"))).Groups["version"]
            .Value;
        var installs = Jobs.SelectMany(job => job.Commands).Where(command => command.StartsWith("az bicep install", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(installs);
        Assert.All(installs, command => Assert.Equal($"az bicep install --version v{tested}", command));
    }

    [Fact]
    public void Release_holds_the_package_its_SBOM_and_what_the_portal_opens_as_the_tested_scripts_make_them()
    {
        var job = Workflows.Single(workflow => workflow.Name == "release.yml").Jobs
            .Single(job => job.Commands.Any(command => command.StartsWith("scripts/package.sh", StringComparison.Ordinal)));

        // The checksums, which are made last, cover all.
        Assert.Equal(
            [
                "scripts/package.sh \"${GITHUB_REF_NAME#v}\" package",
                "scripts/sbom.sh \"${GITHUB_REF_NAME#v}\" package",
                "BICEP=~/.azure/bin/bicep scripts/portal.sh \"${GITHUB_REF_NAME#v}\" package \"$GITHUB_REPOSITORY\"",
                "(cd package && sha256sum -- * > SHA256SUMS)",
            ],
            job.Commands.Select(command => command.Split('\n')[0]).Where(command => !command.StartsWith("az ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Release_attests_where_its_files_were_built_and_what_the_package_contains()
    {
        var steps = Workflows.Single(workflow => workflow.Name == "release.yml").Jobs.SelectMany(job => job.Steps)
            .Where(step => Workflow.Text(step, "uses")?.StartsWith("actions/attest-", StringComparison.Ordinal) == true)
            .ToDictionary(step => Workflow.Text(step, "uses")!.Split('@')[0], step => Workflow.Map(step, "with")!, StringComparer.Ordinal);

        Assert.Equal("package/*", Workflow.Text(steps["actions/attest-build-provenance"], "subject-path"));
        Assert.Equal("package/*.zip", Workflow.Text(steps["actions/attest-sbom"], "subject-path"));
        Assert.EndsWith(".spdx.json", Workflow.Text(steps["actions/attest-sbom"], "sbom-path"), StringComparison.Ordinal);
    }

    [Fact]
    public void Mutations_are_made_in_files_that_are_there()
    {
        const string Tests = "tests/Archiving.Tests";
        var mutated = Directory.GetFiles(RepositoryFiles.At(Tests), "stryker-*.yaml").SelectMany(file =>
        {
            var yaml = new YamlStream();
            yaml.Load(new StringReader(File.ReadAllText(file)));
            var settings = Workflow.Map((YamlMappingNode)yaml.Documents[0].RootNode, "stryker-config")!;
            return ((YamlSequenceNode)settings["mutate"]).Select(name => (File: Path.GetFileName(file), Name: ((YamlScalarNode)name).Value!));
        }).ToList();

        // A name that matches nothing is no error to the tool as long as another one does.
        Assert.NotEmpty(mutated);
        Assert.All(mutated, item => Assert.True(RepositoryFiles.Exists($"src/Archiving/{item.Name}"), $"{item.File} names {item.Name}, which is not there"));
    }

    [Fact]
    public void Dependabot_looks_where_dependencies_are()
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(File.ReadAllText(RepositoryFiles.At(".github/dependabot.yml"))));
        var updates = ((YamlSequenceNode)((YamlMappingNode)yaml.Documents[0].RootNode)["updates"]).Cast<YamlMappingNode>()
            .ToLookup(
                update => Workflow.Text(update, "package-ecosystem")!,
                update => Workflow.Text(update, "directory")!.TrimStart('/'),
                StringComparer.Ordinal);
        var locked = LockFiles().Select(file => Path.GetRelativePath(RepositoryFiles.Root, Path.GetDirectoryName(file)!).Replace('\\', '/'));

        Assert.True(RepositoryFiles.Exists(Path.Combine(Assert.Single(updates["nuget"]), "Directory.Packages.props")));
        Assert.Equal(locked.Order(StringComparer.Ordinal), updates["npm"].Order(StringComparer.Ordinal));
        Assert.True(RepositoryFiles.Exists(Path.Combine(Assert.Single(updates["github-actions"]), ".github/workflows")));
    }

    [Fact]
    public void Lock_files_name_no_registry()
    {
        // npm uses the address in a lock file even where another registry is configured.
        Assert.All(LockFiles(), file => Assert.DoesNotContain("\"resolved\"", File.ReadAllText(file), StringComparison.Ordinal));
    }

    private static IEnumerable<string> LockFiles() =>
        new[] { ".config", "src", "tests" }
            .SelectMany(folder => Directory.EnumerateDirectories(RepositoryFiles.At(folder)))
            .Select(folder => Path.Combine(folder, "package-lock.json"))
            .Where(File.Exists);

    private static IEnumerable<string> Secrets(Workflow workflow) =>
        workflow.Lines.SelectMany(line => Secret().Matches(line).Select(match => match.Groups["name"].Value)).Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);

    [GeneratedRegex(@"\bsecrets\.(?<name>\w+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Secret();

    [GeneratedRegex(@"^@secure\(\)\nparam (?<name>\w+) ", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SecureParameter();

    [GeneratedRegex(@"readEnvironmentVariable\('(?<name>\w+)'", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ReadVariable();

    [GeneratedRegex(
        @"^(- )?uses: (?<action>[\w.-]+/[\w./-]+)@(?<pin>[0-9a-f]{40} # v\d+\.\d+\.\d+)$",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex PinnedAction();

    [GeneratedRegex("`(?<code>[^`\n]+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CodeSpan();

    [GeneratedRegex(
        "^((SIMULATION_SEEDS|KILL_ROUNDS|FUZZ_REQUESTS)=|dotnet tool|dotnet stryker)|-p:Nightly",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex DeepTest();

    [GeneratedRegex("<BicepVersion>(?<version>[0-9.]+)</BicepVersion>", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex BicepVersion();

    [GeneratedRegex(@"^uses: \./\.github/workflows/[\w-]+\.yml$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LocalWorkflow();

    [GeneratedRegex(@"(?<![\w/.$-])\.?[A-Za-z][\w-]*(\.[\w-]+)*(/[\w.-]+)+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NamedPath();
}
