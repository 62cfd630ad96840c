#!/usr/bin/env pwsh
<#
.SYNOPSIS
Erases the objects of a case from the archive: content, receipts, their versions, and the exports of the case.

.DESCRIPTION
The same as erase-case.sh, for Windows. What the ledger keeps of each object is that it was erased.

Runs as the person who is signed in to the Azure CLI, not as the app, which cannot delete. The person needs Storage Blob
Data Owner on the account of the archive and Storage Table Data Contributor on the account of the ledger, and must not be
who made the case. Refuses, and erases nothing, while the case is on hold, another case on hold has one of its objects, or
any blob is on legal hold or immutable. Names objects that the ledger has no blob of, erases the others, and exits with 1.

.PARAMETER Archive
The storage account of the archive.

.PARAMETER Container
The container of the archive.

.PARAMETER Ledger
The storage account of the ledger.

.PARAMETER CaseId
The ID of the case.

.PARAMETER AuditContainer
The container of the audit log, if the setting Audit__Container names another one than that of the archive.
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)] [string] $Archive,
    [Parameter(Position = 1)] [string] $Container,
    [Parameter(Position = 2)] [string] $Ledger,
    [Parameter(Position = 3)] [string] $CaseId,
    [Parameter(Position = 4)] [string] $AuditContainer = $Container)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function Stop-WithMessage([string] $Message) {
    [Console]::Error.WriteLine($Message)
    exit 1
}

# On Windows, az is a batch file: what has no blanks gets no quotation marks by itself, and its bars would be pipes.
function Invoke-Az {
    $ErrorActionPreference = 'Continue'
    $arguments = @($args | ForEach-Object { if ($isBatch -and $_ -notmatch '\s') { "`"$_`"" } else { "$_" } })
    az @arguments
}

# Calls the storage, or ends the script with what the Azure CLI printed.
function Invoke-Storage {
    Invoke-Az storage @args --auth-mode login --output json --only-show-errors
    if ($LASTEXITCODE -ne 0) { Stop-WithMessage "The Azure CLI failed with $LASTEXITCODE`: az storage $($args[0..1] -join ' ')" }
}

function Invoke-Table { Invoke-Storage entity @args --account-name $Ledger }

function Invoke-BlobOf([string] $In) { Invoke-Storage blob @args --account-name $Archive --container-name $In }

function Invoke-Blob { Invoke-BlobOf $Container @args }

function ConvertFrom-Answer([string[]] $Lines) { $Lines -join "`n" | ConvertFrom-Json | ForEach-Object { $_ } }

function Find-Row([string] $Table, [string] $Filter) { @((ConvertFrom-Answer (Invoke-Table query --table-name $Table --filter $Filter --num-results '*')).items) }

# A value that may be missing.
function Get-Value($Object, [string] $Path) {
    foreach ($name in $Path.Split('.')) {
        if ($null -eq $Object -or -not $Object.PSObject.Properties[$name]) { return $null }
        $Object = $Object.$name
    }

    return $Object
}

# PowerShell 7 makes times of what looks like one in JSON, Windows PowerShell does not.
function Format-Time($Value) {
    $time = if ($Value -is [datetime]) { [DateTimeOffset] $Value }
    else { [DateTimeOffset]::Parse($Value, [cultureinfo]::InvariantCulture, [System.Globalization.DateTimeStyles]::AssumeUniversal) }
    return $time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", [cultureinfo]::InvariantCulture)
}

function Get-Now([string] $Format) { [DateTimeOffset]::UtcNow.ToString($Format, [cultureinfo]::InvariantCulture) }

# As docs/access.md has the audit log: each line names the SHA-256 of the one before.
function Write-Audit([string] $Outcome, [string] $Name) {
    $previous = ''
    $lines = foreach ($object in $rows) {
        $line = [ordered]@{
            time    = Get-Now "yyyy-MM-dd'T'HH:mm:ss'Z'"
            actor   = [ordered]@{ id = $whoId; name = $who }
            roles   = @('Owner')
            action  = 'EraseCase'
            region  = $object.Region
            id      = $object.Id
            case    = $CaseId
            outcome = $Outcome
        }
        if ($previous) { $line.previous = $previous }
        $text = $line | ConvertTo-Json -Compress
        $sha = [System.Security.Cryptography.SHA256]::Create()
        $previous = [BitConverter]::ToString($sha.ComputeHash([System.Text.Encoding]::UTF8.GetBytes($text))).Replace('-', '').ToLowerInvariant()
        "$text`n"
    }
    $file = Join-Path $folder "$Outcome.jsonl"
    [System.IO.File]::WriteAllText($file, -join $lines)
    $null = Invoke-BlobOf $AuditContainer upload --type append --name $Name --file $file
}

if (-not ($Archive -and $Container -and $Ledger -and $CaseId)) {
    Stop-WithMessage "Usage: $PSCommandPath <account of the archive> <container> <account of the ledger> <case> [<container of the audit log>]"
}

if ($CaseId -cnotmatch '\A[0-9]{8}-[0-9]{6}-[a-z0-9]{6}\z') { Stop-WithMessage "`"$CaseId`" is not the ID of a case." }
$program = @(Get-Command az -CommandType Application -ErrorAction SilentlyContinue)
if ($program.Count -eq 0) { Stop-WithMessage 'az is not installed.' }
$isBatch = $program[0].Source -match '\.(cmd|bat)$'

$who = "$(Invoke-Az account show --query user.name --output tsv)".Trim()
if ($LASTEXITCODE -ne 0) { Stop-WithMessage 'The Azure CLI is not signed in. Run az login.' }

# The object ID, because the Azure CLI and the sign-in of the app may know one person by two names.
$isPrincipal = "$(Invoke-Az account show --query user.type --output tsv)".Trim() -ceq 'servicePrincipal'
$whoId = if ($isPrincipal) { Invoke-Az ad sp show --id $who --query id --output tsv } else { Invoke-Az ad signed-in-user show --query id --output tsv }
$whoId = if ($LASTEXITCODE -eq 0) { "$whoId".Trim() } else { '' }
if (-not $whoId) {
    Stop-WithMessage "Microsoft Entra ID does not tell the object ID of $who. Sign in as a person, or with a service principal that may read itself."
}

$found = @(Find-Row cases "PartitionKey eq 'case' and RowKey eq '$CaseId'")
if ($found.Count -ne 1) { Stop-WithMessage "There is no case $CaseId." }
$by = Get-Value $found[0] CreatedById
if (-not $by) { Stop-WithMessage 'The case does not have the object ID of who made it. Make it again, as a person who is signed in.' }
if ($by -ceq 'function key') { Stop-WithMessage 'The case was made with the function key, so it is not known by whom. Make it as a person who is signed in.' }
if ($by -ieq $whoId) { Stop-WithMessage "You made the case $CaseId. Another person must erase it." }
if ((Get-Value $found[0] Hold) -cne 'None') { Stop-WithMessage "The case $CaseId is on hold. Nothing was erased." }

$objects = @(Find-Row cases "PartitionKey eq '$CaseId' and RowKey ge 'object|' and RowKey lt 'object}'")
if ($objects.Count -eq 0) { Stop-WithMessage "The case $CaseId has no objects." }

$erased = 'Erased from the archive.'
$refused = $false
$missed = 0
$ofObject = '^(\.[0-9a-f]{8}(-[0-9]+)?)?(\.[a-z0-9]{1,5})?(\.meta\.json)?$'
$members = @()
$blobs = @()
$rows = @()
foreach ($object in $objects) {
    $null, $region, $day, $key = $object.RowKey.Split('|')
    $title = "$($object.Region)/$($object.Id)"
    foreach ($member in Find-Row cases "PartitionKey eq 'object|$region|$day' and RowKey ge '$key|' and RowKey lt '$key}'") {
        $members += [pscustomobject]@{ Title = $title; Case = $member.RowKey.Split('|')[-1] }
    }

    $row = @(Find-Row objects "PartitionKey eq '$region|$day' and RowKey eq '$key'") | Select-Object -First 1
    $name = Get-Value $row Blob
    if (-not $name) {
        if ((Get-Value $row LastError) -ceq $erased) { "$title was erased before." }
        else {
            [Console]::Error.WriteLine("$title has no blob in the ledger: nothing of it is erased.")
            $missed++
        }

        continue
    }

    # Beside the content are its receipt and, where it changed, other content: all begin with the encoded ID. Those of an object
    # whose ID goes on with a dot do too.
    $stem = $name.Substring(0, $name.LastIndexOf('/') + 1) + $key
    foreach ($each in ConvertFrom-Answer (Invoke-Blob list --prefix $stem --include v --num-results '*')) {
        if (-not $each.name.StartsWith($stem, [StringComparison]::Ordinal) -or $each.name.Substring($stem.Length) -cnotmatch $ofObject) { continue }
        $blobs += $each
    }

    $rows += [pscustomobject]@{ Partition = "$region|$day"; Key = $key; Region = $object.Region; Id = $object.Id; Type = $object.Type; Created = Format-Time $object.CreatedTime }
}

$blobs += @(ConvertFrom-Answer (Invoke-Blob list --prefix "_exports/$CaseId/" --include v --num-results '*'))

# The list of the Azure CLI lacks holds and policies, whatever it is asked to include.
foreach ($each in $blobs) {
    $version = Get-Value $each versionId
    $of = if ($version) { '--version-id', $version } else { @() }
    $shown = ConvertFrom-Answer (Invoke-Blob show --name $each.name @of)
    $places = @($shown) + @(Get-Value $shown properties) | Where-Object { $_ }
    if (-not ($places | Where-Object { $_.PSObject.Properties['hasLegalHold'] })) {
        Stop-WithMessage "The Azure CLI does not tell whether $($each.name) is on legal hold. Update it (az upgrade). Nothing was erased."
    }

    if ($true -in @($places | ForEach-Object { Get-Value $_ hasLegalHold })) {
        [Console]::Error.WriteLine("$($each.name) is on legal hold.")
        $refused = $true
    }

    $until = $places | ForEach-Object { Get-Value $_ immutabilityPolicy.expiryTime } | Where-Object { $_ } | Select-Object -First 1
    if ($until -and [DateTimeOffset]::Parse((Format-Time $until), [cultureinfo]::InvariantCulture) -gt [DateTimeOffset]::UtcNow) {
        [Console]::Error.WriteLine("$($each.name) is immutable until $(Format-Time $until).")
        $refused = $true
    }
}

# Read last, so that a hold counts that was placed while the objects were read. The app adds this row before it holds any blob,
# and it stays when the storage cannot hold blobs.
$held = @(Find-Row cases "PartitionKey eq 'held'" | ForEach-Object { $_.RowKey })
foreach ($member in $members | Where-Object { $held -ccontains $_.Case }) {
    [Console]::Error.WriteLine("$($member.Title) is in the case $($member.Case), which is on hold.")
    $refused = $true
}

if ($refused) { Stop-WithMessage 'Nothing was erased.' }
if ($rows.Count -eq 0) { Stop-WithMessage "Nothing of the case $CaseId is archived." }

$folder = (New-Item -ItemType Directory -Path (Join-Path ([System.IO.Path]::GetTempPath()) "erase-$([guid]::NewGuid())")).FullName
try {
    $audit = "$(Get-Now "'_audit'/yyyy/MM/dd/")erase-$CaseId-$(Get-Now HHmmss)"
    Write-Audit Requested "$audit-requested.jsonl"

    # The current version cannot be deleted by its ID: deleted without, it becomes an earlier one.
    foreach ($each in $blobs | Where-Object { (Get-Value $_ isCurrentVersion) -eq $true -or -not (Get-Value $_ versionId) }) {
        $null = Invoke-Blob delete --name $each.name
    }

    foreach ($each in $blobs | Where-Object { Get-Value $_ versionId }) { $null = Invoke-Blob delete --name $each.name --version-id $each.versionId }

    # The Azure CLI makes a number of digits unless it is told the type.
    foreach ($row in $rows) {
        $null = Invoke-Table replace --table-name objects --entity "PartitionKey=$($row.Partition)" "RowKey=$($row.Key)" State=Gone `
            "Region=$($row.Region)" 'Region@odata.type=Edm.String' "Id=$($row.Id)" 'Id@odata.type=Edm.String' `
            "Type=$($row.Type)" 'Type@odata.type=Edm.String' "CreatedTime=$($row.Created)" 'CreatedTime@odata.type=Edm.DateTime' `
            "LastError=$erased"
    }

    Write-Audit Done "$audit-done.jsonl"
}
finally {
    Remove-Item -Recurse -Force $folder
}

"Erased $($rows.Count) objects of the case $CaseId. Soft delete keeps what was deleted for as long as the account says."
if ($missed) { Stop-WithMessage "$missed objects of the case $CaseId have no blob in the ledger and were not erased." }
