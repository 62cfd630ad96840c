#!/usr/bin/env pwsh
<#
.SYNOPSIS
Checks that the region has what the template needs, and asks who receives alerts.

.DESCRIPTION
The same as preprovision.sh, for Windows: azd runs it before it creates anything (azure.yaml). It changes nothing in Azure,
and stores the addresses in the azd environment as ALERT_EMAILS. What it cannot check, it names; SKIP_REGION_CHECK=true
leaves the first part out.
#>
[CmdletBinding()]
param()

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Set-Location (Split-Path $PSScriptRoot)

# Windows PowerShell makes errors of what a program writes to standard error, even if that is discarded.
function Invoke-Az {
    $ErrorActionPreference = 'Continue'
    az @args 2>$null
}

function Write-Problem([string] $Message) { [Console]::Error.WriteLine($Message) }

function Stop-WithMessage([string] $Message) {
    Write-Problem $Message
    exit 1
}

# The literal value of a parameter: from main.bicepparam, or else its default in main.bicep. Empty for an expression.
function Get-Parameter([string] $Name) {
    $given = @(Get-Content infra/bicep/main.bicepparam | Where-Object { $_ -match "^param $Name *=" })
    if ($given.Count -gt 0) {
        if ($given[0] -match "^param $Name *= *'?([A-Za-z0-9_.-]+)'? *$") { return $Matches[1] }
        return ''
    }

    foreach ($line in Get-Content infra/bicep/main.bicep) {
        if ($line -match "^param $Name [A-Za-z]+ = '?([A-Za-z0-9_.-]+)'? *$") { return $Matches[1] }
    }

    return ''
}

# What Azure lists. $null, and a line that names what is not checked, without an answer.
function Get-Listed([string] $What, [string[]] $Command) {
    $listed = @(Invoke-Az @Command --subscription $subscription --output tsv)
    if ($LASTEXITCODE -ne 0) {
        Write-Problem "Not checked: $What. Azure did not answer: az $($Command -join ' ')"
        return $null
    }

    return , @($listed | ForEach-Object { "$_".Trim() })
}

function Test-Region {
    $flex = Get-Listed "whether $location offers Flex Consumption" @('functionapp', 'list-flexconsumption-locations', '--query', '[].name')
    if ($null -ne $flex -and $flex -notcontains $location) {
        "$location does not offer Flex Consumption. Regions that do: $(($flex | Sort-Object) -join ' ')."
        return
    }

    # Azure lists .NET versions as 10.0 or as 10.
    $version = [regex]::Match((Get-Content -Raw Directory.Build.props), '<TargetFramework>net(\d+)\.0<').Groups[1].Value
    $runtimes = Get-Listed "whether $location offers .NET $version" @(
        'functionapp', 'list-flexconsumption-runtimes', '--location', $location, '--runtime', 'dotnet-isolated', '--query', '[].version')
    if ($null -ne $runtimes -and $runtimes -notcontains "$version.0" -and $runtimes -notcontains $version) {
        "$location does not offer .NET $version on Flex Consumption, only: $($runtimes -join ' '). Choose another region."
    }

    if ((Get-Parameter zoneRedundant) -eq 'true') {
        $zones = Get-Listed "whether $location offers zone redundancy" @(
            'functionapp', 'list-flexconsumption-locations', '--zone-redundant=true', '--query', '[].name')
        if ($null -ne $zones -and $zones -notcontains $location) {
            "$location does not offer zone redundancy for Flex Consumption. Set zoneRedundant to false, or choose one of: $(($zones | Sort-Object) -join ' ')."
        }
    }

    $sku = Get-Parameter archiveRedundancy
    if (-not $sku) {
        Write-Problem "Not checked: whether $location offers the redundancy of the archive, because archiveRedundancy is an expression."
    }
    else {
        $skus = Get-Listed "whether $location offers $sku" @(
            'storage', 'sku', 'list', '--query', "[?kind=='StorageV2' && contains(locations, '$location') && !restrictions].name")
        if ($null -ne $skus -and $skus -notcontains $sku) {
            $offered = $skus | Where-Object { $_ -like 'Standard_*' } | Sort-Object -Unique
            "$location does not offer the redundancy $sku for storage accounts. Set archiveRedundancy to one of: $($offered -join ' ')."
        }
    }

    if ((Get-Parameter privateNetwork) -eq 'true') {
        $state = Get-Listed 'whether Microsoft.App is registered' @('provider', 'show', '--namespace', 'Microsoft.App', '--query', 'registrationState')
        if ($null -ne $state -and $state -notcontains 'Registered') {
            'The private network needs the resource provider Microsoft.App. Run: az provider register --namespace Microsoft.App --wait'
        }
    }
}

function Read-Addresses {
    $known = ''
    if ($hasAz) { $known = "$(Invoke-Az account show --subscription $subscription --query user.name --output tsv)".Trim() }
    # A person's name is an address; that of a service principal is not.
    if ($known -notmatch "^$address$") { $known = '' }
    while ($true) {
        $answer = $known
        if (-not [Console]::IsInputRedirected -and -not $env:CI) {
            $default = if ($known) { $known } else { 'none' }
            $answer = Read-Host "Email addresses that receive alerts, separated by commas, or none [$default]"
            if (-not $answer) { $answer = $default }
        }

        $answer = $answer -replace '\s', ''
        if ($answer -eq '' -or $answer -match "^(none|$address(,$address)*)$") { break }
        Write-Problem "`"$answer`" is not a list of email addresses."
    }

    if (-not $answer) {
        'No alerts are sent, because no address is known. To set one: azd env set ALERT_EMAILS <address>, then azd up.'
        return
    }

    $null = azd env set ALERT_EMAILS $answer --environment $env:AZURE_ENV_NAME
    if ($LASTEXITCODE -ne 0) { Stop-WithMessage 'azd could not store ALERT_EMAILS in its environment.' }
    if ($answer -eq 'none') { 'No alerts are sent. To change that: azd env set ALERT_EMAILS <address>, then azd up.' }
    else { "Alerts go to $answer. To change that: azd env set ALERT_EMAILS <address>, then azd up." }
}

$address = '[^@,\s]+@[^@,\s]+\.[^@,\s]+'
$location = $env:AZURE_LOCATION
$subscription = $env:AZURE_SUBSCRIPTION_ID
if (-not $location -or -not $subscription) {
    Stop-WithMessage ('No subscription or no region is chosen. Run azd up, which asks for both, or set them: ' +
        'azd env set AZURE_SUBSCRIPTION_ID <id> and azd env set AZURE_LOCATION <region>')
}

$problems = @()
$hasAz = [bool](Get-Command az -ErrorAction SilentlyContinue)
if ($env:SKIP_REGION_CHECK -eq 'true') {
    Write-Problem "Not checked: whether $location has what the app needs, because SKIP_REGION_CHECK is true."
}
elseif (-not $hasAz) {
    Write-Problem "Not checked: whether $location has what the app needs, because the Azure CLI (az) is not installed."
}
else {
    $null = Invoke-Az account show --subscription $subscription --output none
    if ($LASTEXITCODE -ne 0) {
        Write-Problem "Not checked: whether $location has what the app needs, because the Azure CLI is not signed in to the subscription. Run az login."
    }
    else {
        $problems = @(Test-Region)
    }
}

if ($problems.Count -gt 0) {
    $problems | ForEach-Object { Write-Problem $_ }
    Stop-WithMessage ('Nothing was created. To choose another region: azd env set AZURE_LOCATION <region>, then azd up. ' +
        "If you know that Azure's lists are wrong: azd env set SKIP_REGION_CHECK true")
}

if (-not $env:ALERT_EMAILS) { Read-Addresses }
