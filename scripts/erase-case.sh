#!/usr/bin/env bash
# Erases the objects of a case from the archive: content, receipts, their versions, and the exports of the case. What the
# ledger keeps of each object is that it was erased.
#
#   scripts/erase-case.sh <account of the archive> <container> <account of the ledger> <case> [<container of the audit log>]
#
# The audit log is in the container of the archive, unless the setting Audit__Container names another one.
# Runs as the person who is signed in to the Azure CLI, not as the app, which cannot delete. The person needs Storage Blob
# Data Owner on the account of the archive and Storage Table Data Contributor on the account of the ledger, and must not be
# who made the case. Refuses, and erases nothing, while the case is on hold, another case on hold has one of its objects, or
# any blob is on legal hold or immutable. Names objects that the ledger has no blob of, erases the others, and exits with 1.
set -euo pipefail

fail() {
  echo "$1" >&2
  exit 1
}

[ $# -eq 4 ] || [ $# -eq 5 ] \
  || fail "Usage: $0 <account of the archive> <container> <account of the ledger> <case> [<container of the audit log>]"
archive=$1
container=$2
ledger=$3
case_id=$4
audit_container=${5:-$container}
[[ $case_id =~ ^[0-9]{8}-[0-9]{6}-[a-z0-9]{6}$ ]] || fail "\"$case_id\" is not the ID of a case."
for program in az jq sha256sum; do
  command -v "$program" >/dev/null || fail "$program is not installed."
done

erased="Erased from the archive."
export AZURE_LOGGING_ENABLE_LOG_FILE=no
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

table() { az storage entity "$1" --account-name "$ledger" --auth-mode login --output json --only-show-errors "${@:2}" </dev/null; }
blob_of() { az storage blob "$2" --account-name "$archive" --container-name "$1" --auth-mode login --output json --only-show-errors "${@:3}" </dev/null; }
blob() { blob_of "$container" "$@"; }

who=$(az account show --query user.name --output tsv </dev/null) || fail "The Azure CLI is not signed in. Run az login."

# The object ID, because the Azure CLI and the sign-in of the app may know one person by two names.
if [ "$(az account show --query user.type --output tsv </dev/null)" = servicePrincipal ]; then
  who_id=$(az ad sp show --id "$who" --query id --output tsv </dev/null) || who_id=""
else
  who_id=$(az ad signed-in-user show --query id --output tsv </dev/null) || who_id=""
fi
[ -n "$who_id" ] || fail "Microsoft Entra ID does not tell the object ID of $who. Sign in as a person, or with a service principal that may read itself."
found=$(table query --table-name cases --filter "PartitionKey eq 'case' and RowKey eq '$case_id'")
[ "$(jq '.items | length' <<<"$found")" = 1 ] || fail "There is no case $case_id."
by=$(jq -r '.items[0].CreatedById // ""' <<<"$found")
[ -n "$by" ] || fail "The case does not have the object ID of who made it. Make it again, as a person who is signed in."
[ "$by" != "function key" ] || fail "The case was made with the function key, so it is not known by whom. Make it as a person who is signed in."
[ "${by,,}" != "${who_id,,}" ] || fail "You made the case $case_id. Another person must erase it."
[ "$(jq -r '.items[0].Hold' <<<"$found")" = None ] || fail "The case $case_id is on hold. Nothing was erased."

# Every page: the Azure CLI gives a marker for the next.
table query --table-name cases --num-results '*' --filter "PartitionKey eq '$case_id' and RowKey ge 'object|' and RowKey lt 'object}'" \
  | jq -c '.items[] | {region: .Region, id: .Id, type: .Type, created: .CreatedTime, day: (.RowKey | split("|")[1:3] | join("|")), key: (.RowKey | split("|")[3])}' >"$folder/objects"
[ -s "$folder/objects" ] || fail "The case $case_id has no objects."

refused=0
missed=0
of_object='^(\.[0-9a-f]{8}(-[0-9]+)?)?(\.[a-z0-9]{1,5})?(\.meta\.json)?$'
while IFS= read -r object; do
  partition=$(jq -r .day <<<"$object")
  key=$(jq -r .key <<<"$object")
  title=$(jq -r '"\(.region)/\(.id)"' <<<"$object")
  table query --table-name cases --num-results '*' --filter "PartitionKey eq 'object|$partition' and RowKey ge '$key|' and RowKey lt '$key}'" \
    | jq -c --arg title "$title" '.items[] | {title: $title, case: (.RowKey | split("|")[-1])}' >>"$folder/members"
  row=$(table query --table-name objects --filter "PartitionKey eq '$partition' and RowKey eq '$key'" | jq -c '.items[0] // empty')
  name=$(jq -r '.Blob // empty' <<<"${row:-null}")
  if [ -z "$name" ]; then
    if [ "$(jq -r '.LastError // empty' <<<"${row:-null}")" = "$erased" ]; then
      echo "$title was erased before."
    else
      echo "$title has no blob in the ledger: nothing of it is erased." >&2
      missed=$((missed + 1))
    fi
    continue
  fi

  # Beside the content are its receipt and, where it changed, other content: all begin with the encoded ID. Those of an object
  # whose ID goes on with a dot do too.
  stem=${name%/*}/$key
  blob list --prefix "$stem" --include v --num-results '*' >"$folder/list"
  while IFS= read -r each; do
    each_name=$(jq -r .name <<<"$each")
    [[ ${each_name#"$stem"} =~ $of_object ]] || continue
    jq -c --argjson object "$object" '{name, version: .versionId, current: .isCurrentVersion, object: $object}' <<<"$each" >>"$folder/blobs"
  done < <(jq -c '.[]' "$folder/list")
  echo "$object" >>"$folder/rows"
done <"$folder/objects"

blob list --prefix "_exports/$case_id/" --include v --num-results '*' | jq -c '.[] | {name, version: .versionId, current: .isCurrentVersion}' >>"$folder/blobs"

# The list of the Azure CLI lacks holds and policies, whatever it is asked to include.
while IFS=$'\t' read -r name version; do
  shown=$(blob show --name "$name" ${version:+--version-id "$version"})
  IFS=$'\t' read -r told held until < <(jq -r '[., .properties // {}]
    | [any(.[]; has("hasLegalHold")), any(.[]; .hasLegalHold == true), first(.[].immutabilityPolicy.expiryTime // empty) // ""] | @tsv' <<<"$shown")
  [ "$told" = true ] || fail "The Azure CLI does not tell whether $name is on legal hold. Update it (az upgrade). Nothing was erased."
  if [ "$held" = true ]; then
    echo "$name is on legal hold." >&2
    refused=1
  fi

  if [ -n "$until" ] && [[ $(date -u -d "$until" +%s) -gt $(date -u +%s) ]]; then
    echo "$name is immutable until $until." >&2
    refused=1
  fi
done < <(jq -r '[.name, .version // ""] | @tsv' "$folder/blobs")

# Read last, so that a hold counts that was placed while the objects were read. The app adds this row before it holds any blob,
# and it stays when the storage cannot hold blobs.
held=$(table query --table-name cases --num-results '*' --filter "PartitionKey eq 'held'")
jq -r --argjson held "$held" '([$held.items[].RowKey]) as $ids | select(.case | IN($ids[])) | "\(.title) is in the case \(.case), which is on hold."' \
  "$folder/members" >"$folder/holds"
if [ -s "$folder/holds" ]; then
  cat "$folder/holds" >&2
  refused=1
fi

[ "$refused" = 0 ] || fail "Nothing was erased."

# As docs/access.md has the audit log: each line names the SHA-256 of the one before.
previous=""
audit=$(date -u +_audit/%Y/%m/%d/)erase-$case_id-$(date -u +%H%M%S)
note() {
  local line
  line=$(jq -cn --arg time "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --arg who "$who" --arg id "$who_id" --arg case "$case_id" --arg outcome "$1" --arg previous "$previous" \
    --argjson object "$2" '{time: $time, actor: {id: $id, name: $who}, roles: ["Owner"], action: "EraseCase", region: $object.region, id: $object.id,
      case: $case, outcome: $outcome} + (if $previous == "" then {} else {previous: $previous} end)')
  previous=$(printf '%s' "$line" | sha256sum | cut -d' ' -f1)
  printf '%s\n' "$line" >>"$3"
}

touch "$folder/rows"
while IFS= read -r object; do note Requested "$object" "$folder/requested"; done <"$folder/rows"
[ -s "$folder/requested" ] || fail "Nothing of the case $case_id is archived."
blob_of "$audit_container" upload --type append --name "$audit-requested.jsonl" --file "$folder/requested" >/dev/null

# The current version cannot be deleted by its ID: deleted without, it becomes an earlier one.
while IFS= read -r name; do
  blob delete --name "$name" >/dev/null
done < <(jq -r 'select(.current == true or .version == null) | .name' "$folder/blobs")
while IFS=$'\t' read -r name version; do
  blob delete --name "$name" --version-id "$version" >/dev/null
done < <(jq -r 'select(.version != null) | [.name, .version] | @tsv' "$folder/blobs")

# The Azure CLI makes a number of digits unless it is told the type.
previous=""
while IFS= read -r object; do
  table replace --table-name objects --entity "PartitionKey=$(jq -r .day <<<"$object")" "RowKey=$(jq -r .key <<<"$object")" State=Gone \
    "Region=$(jq -r .region <<<"$object")" Region@odata.type=Edm.String "Id=$(jq -r .id <<<"$object")" Id@odata.type=Edm.String \
    "Type=$(jq -r .type <<<"$object")" Type@odata.type=Edm.String "CreatedTime=$(jq -r .created <<<"$object")" CreatedTime@odata.type=Edm.DateTime "LastError=$erased" >/dev/null
  note Done "$object" "$folder/done"
done <"$folder/rows"
blob_of "$audit_container" upload --type append --name "$audit-done.jsonl" --file "$folder/done" >/dev/null
echo "Erased $(wc -l <"$folder/rows") objects of the case $case_id. Soft delete keeps what was deleted for as long as the account says."
[ "$missed" = 0 ] || fail "$missed objects of the case $case_id have no blob in the ledger and were not erased."
