#!/usr/bin/env pwsh
<#
.SYNOPSIS
Puts the credentials of the 8x8 API app into the vault, as the secrets eightbyeight-key and eightbyeight-secret.

.DESCRIPTION
The same as set-8x8-credentials.sh, for Windows. Both values are asked for and not echoed; when standard input is
redirected, its first line is the key and its second the secret. They go to the vault in the body of a request that this
process makes itself: never into arguments, which every user of the machine can see, nor into a file, a history or a
deployment.

.PARAMETER Vault
The vault's name. Without it, AZURE_KEY_VAULT_NAME of `azd env get-values`.
#>
[CmdletBinding()]
param([Parameter(Position = 0)] [string] $Vault)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function Stop-WithMessage([string] $Message) {
    [Console]::Error.WriteLine($Message)
    exit 1
}

# Asks a person without echo, or takes the next line of standard input.
function Read-Credential([string] $Prompt, [string] $Name) {
    if ([Console]::IsInputRedirected) {
        $value = [Console]::In.ReadLine()
        if ($null -eq $value) {
            Stop-WithMessage "Standard input ends before the ${Name}: give the key in its first line and the secret in its second."
        }
    }
    else {
        $value = [System.Net.NetworkCredential]::new('', (Read-Host -Prompt $Prompt -AsSecureString)).Password
    }

    # A file may begin with a byte order mark, which a console may read as three characters.
    $value = $value -replace '^(\uFEFF|\u00EF\u00BB\u00BF|\u2229\u2557\u2510)', ''
    if ($value -eq '') { Stop-WithMessage "The $Name is empty. Nothing was written." }
    if ($value -match '\s') { Stop-WithMessage "The $Name has blanks in it. Nothing was written." }
    return $value
}

# Calls the vault and tells what to do about what it answers.
function Invoke-Vault([string] $Method, [string] $Path, [string] $Body) {
    $request = @{
        Method      = $Method
        Uri         = "https://$Vault.$suffix/${Path}api-version=7.4"
        Headers     = @{ Authorization = "Bearer $token" }
        ContentType = 'application/json; charset=utf-8'
    }
    if ($Body) { $request.Body = [System.Text.Encoding]::UTF8.GetBytes($Body) }
    try {
        $null = Invoke-RestMethod @request
    }
    catch {
        $answer = "$($_.Exception.Message) $($_.ErrorDetails)"
        if ($answer -match 'ForbiddenByFirewall|ForbiddenByConnection|Client address is not authorized|Public network access is disabled') {
            Stop-WithMessage "The vault $Vault does not let this machine in: its firewall. Run this from inside its network, or add this address under Networking."
        }
        elseif ($answer -match 'ForbiddenByRbac|Caller is not authorized|does not have secrets') {
            Stop-WithMessage "The vault $Vault does not let you write secrets. Give yourself the role Key Vault Secrets Officer on it; it takes some minutes to work."
        }
        elseif ($answer -match 'No such host|Name or service not known|could not be resolved') {
            Stop-WithMessage "There is no vault $Vault, or its name cannot be resolved from here."
        }

        Stop-WithMessage "The vault $Vault answered: $answer"
    }
}

if (-not (Get-Command az -ErrorAction SilentlyContinue)) { Stop-WithMessage 'The Azure CLI (az) is not installed.' }
if (-not $Vault -and (Get-Command azd -ErrorAction SilentlyContinue)) {
    $line = azd env get-values 2>$null | Where-Object { $_ -match '^AZURE_KEY_VAULT_NAME=' } | Select-Object -First 1
    if ($line) { $Vault = $line.Substring('AZURE_KEY_VAULT_NAME='.Length).Trim('"') }
}

if (-not $Vault) { Stop-WithMessage "Which vault? Give its name: $PSCommandPath <vault>. (There is no azd environment here that names one.)" }
if ($Vault -notmatch '^[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]$') { Stop-WithMessage "`"$Vault`" is not the name of a vault: expected 3 to 24 letters, digits and hyphens." }
$suffix = (az cloud show --query suffixes.keyvaultDns --output tsv 2>$null) -replace '^\.', ''
if (-not $suffix) { $suffix = 'vault.azure.net' }
$token = az account get-access-token --resource "https://$suffix" --query accessToken --output tsv 2>$null
if ($LASTEXITCODE -ne 0 -or -not $token) { Stop-WithMessage 'The Azure CLI is not signed in. Run az login.' }
Invoke-Vault GET 'secrets?maxresults=1&' $null

$key = Read-Credential 'Key of the 8x8 API app' 'key'
$secret = Read-Credential 'Secret of the 8x8 API app' 'secret'
Invoke-Vault PUT 'secrets/eightbyeight-key?' (@{ value = $key } | ConvertTo-Json -Compress)
Write-Output "eightbyeight-key is in the vault $Vault."
Invoke-Vault PUT 'secrets/eightbyeight-secret?' (@{ value = $secret } | ConvertTo-Json -Compress)
Write-Output "eightbyeight-secret is in the vault $Vault."
Write-Output 'The app reads them when it next asks 8x8 for a token: within five minutes when it has none.'
