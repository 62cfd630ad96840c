#!/usr/bin/env pwsh
<#
.SYNOPSIS
Waits until the app's roles are in effect.

.DESCRIPTION
The same as wait-for-roles.sh, for Windows: azd runs it before it publishes the app (azure.yaml). The app uploads its own
package with its identity, and a new role reaches Azure Storage only after some minutes (Azure/azure-dev#8026). So this
waits until the last role in the resource group is five minutes old. Later deployments do not wait.
#>
[CmdletBinding()]
param()

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# Windows PowerShell makes errors of what a program writes to standard error, even if that is discarded.
function Invoke-Az {
    $ErrorActionPreference = 'Continue'
    az @args 2>$null
}

$created = ''
if (Get-Command az -ErrorAction SilentlyContinue) {
    $created = "$(Invoke-Az role assignment list --all --subscription $env:AZURE_SUBSCRIPTION_ID --output tsv `
        --query "max([?contains(scope, '/resourceGroups/$env:AZURE_RESOURCE_GROUP/')].createdOn)")".Trim()
    if ($LASTEXITCODE -ne 0 -or $created -eq 'None') { $created = '' }
}

if (-not $created) {
    [Console]::Error.WriteLine("The age of the app's roles is not known. If publishing fails with 403, wait five minutes and run azd deploy.")
    exit 0
}

$age = ([DateTimeOffset]::UtcNow - [DateTimeOffset]::Parse($created, [cultureinfo]::InvariantCulture)).TotalSeconds
$wait = [int][Math]::Ceiling(300 - $age)
if ($wait -gt 0) {
    "Waiting $wait s until the app's roles are in effect."
    Start-Sleep -Seconds $wait
}
