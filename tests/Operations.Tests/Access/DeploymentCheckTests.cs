using System.Text;
using System.Text.RegularExpressions;
using Operations.Access;

namespace Operations.Tests;

/// <summary>The check of a deployment calls the app as an administrator who is not signed in. It proves something only if the app could believe it.</summary>
public sealed partial class DeploymentCheckTests
{
    [Theory]
    [InlineData("check-deployment.sh")]
    [InlineData("check-deployment.ps1")]
    public void Check_of_a_deployment_sends_what_the_app_takes_for_an_administrator_behind_App_Service(string script)
    {
        var claims = Claims().Match(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Data", script))).Groups["json"].Value;

        Assert.True(ClientPrincipal.TryRead(Convert.ToBase64String(Encoding.UTF8.GetBytes(claims)), out var principal, out var problem), problem);
        Assert.Equal("Administrator", Assert.Single(principal.Roles));
    }

    [GeneratedRegex("claims ?= ?'(?<json>[^']+)'", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Claims();
}
