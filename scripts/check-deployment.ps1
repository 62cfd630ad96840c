#!/usr/bin/env pwsh
<#
.SYNOPSIS
Checks what was deployed.

.DESCRIPTION
The same as check-deployment.sh, for Windows: azd runs it after it has published the app (azure.yaml). Does Azure list
every function of this source tree, does /api/health answer, and does the app refuse a caller without a key or a sign-in?
A health of 503 with its reason is an answer, too: the app runs and says what is missing.

.PARAMETER ResourceGroup
The resource group. Without it, AZURE_RESOURCE_GROUP.

.PARAMETER App
The function app. Without it, AZURE_FUNCTION_APP_NAME.
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)] [string] $ResourceGroup = $env:AZURE_RESOURCE_GROUP,
    [Parameter(Position = 1)] [string] $App = $env:AZURE_FUNCTION_APP_NAME)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Set-Location (Split-Path $PSScriptRoot)

# That of the azd environment, which need not be the one that the Azure CLI is set to.
[string[]] $subscription = @()
if ($env:AZURE_SUBSCRIPTION_ID) { $subscription = '--subscription', $env:AZURE_SUBSCRIPTION_ID }

# Windows PowerShell makes errors of what a program writes to standard error, even if that is discarded.
function Invoke-Az {
    $ErrorActionPreference = 'Continue'
    az @args @subscription 2>$null
}

function Stop-WithMessage([string] $Message) {
    [Console]::Error.WriteLine("$Message What to do: docs/deploy.md, Check the deployment.")
    exit 1
}

# Runs a question until it names no problem.
function Wait-ForAnswer([scriptblock] $Question) {
    foreach ($attempt in 1..30) {
        $problem = & $Question
        if (-not $problem) { return }
        "Attempt $attempt of 30: $problem"
        Start-Sleep -Seconds 10
    }

    Stop-WithMessage $problem
}

# curl, and not the alias that Windows PowerShell has for Invoke-WebRequest. The last line is the status; 000 is no answer.
function Get-Answer([string[]] $Arguments) {
    $lines = @(& $curl --silent --max-time 20 --write-out '\n%{http_code}' @Arguments)
    return [pscustomobject]@{
        Status = "$($lines | Select-Object -Last 1)"
        Body   = ($lines | Select-Object -SkipLast 1) -join "`n"
    }
}

if (-not $ResourceGroup -or -not $App) {
    [Console]::Error.WriteLine("Which app? $PSCommandPath <resource group> <app>")
    exit 1
}

$curl = (Get-Command curl -CommandType Application | Select-Object -First 1).Source
$expected = @(Get-ChildItem src/Functions -Recurse -Filter *.cs |
    Where-Object { $_.FullName -notmatch '[\\/](bin|obj)[\\/]' } |
    Select-String -AllMatches '\[Function\("([A-Za-z0-9]+)"\)\]' |
    ForEach-Object { $_.Matches | ForEach-Object { $_.Groups[1].Value } } |
    Sort-Object -Unique)

$uri = $env:AZURE_FUNCTION_APP_URI
$mode = ''
$isSignedIn = $false
if (Get-Command az -ErrorAction SilentlyContinue) {
    $null = Invoke-Az account show --output none
    $isSignedIn = $LASTEXITCODE -eq 0
}

if ($isSignedIn) {
    Wait-ForAnswer {
        # Azure names them app/function.
        $found = @(Invoke-Az functionapp function list --resource-group $ResourceGroup --name $App --query '[].name' --output tsv |
            ForEach-Object { "$_".Trim() -replace '.*/', '' })
        $missing = @($expected | Where-Object { $found -cnotcontains $_ })
        if ($missing.Count -gt 0) { "Of $($expected.Count) functions, Azure does not list: $($missing -join ' ')." }
    }

    "Azure lists all $($expected.Count) functions."
    # For an app on Flex Consumption the Azure CLI shows what Azure answered, and for others its own form of it.
    $hostName = Invoke-Az functionapp show --resource-group $ResourceGroup --name $App --query 'properties.defaultHostName || defaultHostName' --output tsv
    $uri = "https://$("$hostName".Trim())"
    $mode = "$(Invoke-Az functionapp config appsettings list --resource-group $ResourceGroup --name $App --query "[?name=='Access__Mode'].value" --output tsv)".Trim()
}
elseif ($uri) {
    [Console]::Error.WriteLine('Not checked: whether Azure lists every function, because the Azure CLI (az) is not installed or not signed in.')
}
else {
    Stop-WithMessage 'The deployment was not checked: the Azure CLI (az) is not installed or not signed in. Run az login.'
}

Wait-ForAnswer {
    $answer = Get-Answer @("$uri/api/health")
    if ($answer.Status -in '200', '503' -and $answer.Body -like '*"status"*') { $script:health = $answer }
    elseif ($answer.Status -in '401', '302') { "/api/health wants a sign-in ($($answer.Status)). App Service authentication must exclude it." }
    elseif ($answer.Status -eq '403') { 'This machine may not call the app (403): allowedAddresses or a private endpoint does not let it in.' }
    elseif ($answer.Status -eq '000') { "There is no answer from $uri/api/health." }
    else { "$uri/api/health answers $($answer.Status), and not with the app's health." }
}

"$uri/api/health answers $($health.Status): $($health.Body)"

# A caller who claims to be an administrator, in the header that App Service authentication sets, and that it takes away from others.
$claims = '{"auth_typ":"aad","role_typ":"roles","claims":[{"typ":"oid","val":"00000000-0000-0000-0000-000000000000"},{"typ":"roles","val":"Administrator"}]}'
$principal = [Convert]::ToBase64String([System.Text.Encoding]::UTF8.GetBytes($claims))
Wait-ForAnswer {
    $answer = Get-Answer @('--header', "X-MS-CLIENT-PRINCIPAL: $principal", "$uri/api/status")
    if ($answer.Status -eq '200') {
        Stop-WithMessage 'Every caller can read /api/status. In the mode EntraId, App Service authentication must be on. Stop the app until it is.'
    }
    elseif ($answer.Status -notin '302', '401', '403') {
        "/api/status answers $($answer.Status) to a caller without a key or a sign-in, where 401 was expected."
    }
}

if ($mode -eq 'EntraId') { "Open $uri/api/dashboard and sign in." }
else { "Open $uri/api/dashboard with a function key: in the Azure portal, under App keys of $App." }
