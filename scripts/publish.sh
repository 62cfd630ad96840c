#!/usr/bin/env bash
# Publishes a package to the function app:
#
#   scripts/publish.sh <package> <resource group> <app>
#
# The app uploads the package with its own identity, and a new role reaches Azure Storage only after some minutes: until then Azure answers
# 403 (Azure/azure-functions-core-tools#4346). So a refusal by storage, and another deployment that is in progress, are tried again for
# ten minutes. Everything else fails at once.
set -euo pipefail

fail() {
  echo "$1" >&2
  exit 1
}

[ $# = 3 ] || fail "Usage: $0 <package> <resource group> <app>"
[ -f "$1" ] || fail "There is no package $1."
output=$(mktemp)
trap 'rm -f "$output"' EXIT
attempts=20
for attempt in $(seq $attempts); do
  if az functionapp deployment source config-zip --resource-group "$2" --name "$3" --src "$1" --output none >"$output" 2>&1; then
    cat "$output"
    exit 0
  fi

  cat "$output" >&2
  grep -qiE '(^|[^0-9])(403|409|500|502|503|504)([^0-9]|$)|Forbidden|InaccessibleStorage|BlobUploadFailed|Conflict|in progress' "$output" \
    && ! grep -q AuthorizationFailed "$output" \
    || fail "Azure refused the package, and will again. The message above says why."
  [ "$attempt" = $attempts ] || {
    echo "Attempt $attempt of $attempts failed. Trying again in 30 s." >&2
    sleep 30
  }
done
fail "Azure refused the package for ten minutes. If the message above says 403, check the roles of the app's identity on the storage \
account of its package (docs/deploy.md, Roles), and that this machine may publish (allowedAddresses, privateNetwork)."
