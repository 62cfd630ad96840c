#!/usr/bin/env bash
# azd runs this before it publishes the app (azure.yaml):
#
#   scripts/wait-for-roles.sh
#
# The app uploads its own package with its identity, and a new role reaches Azure Storage only after some minutes (Azure/azure-dev#8026).
# So this waits until the last role in the resource group is five minutes old. Later deployments do not wait.
set -euo pipefail
: "${AZURE_RESOURCE_GROUP:?azd provision has not run}" "${AZURE_SUBSCRIPTION_ID:?azd provision has not run}"
minimum=300

# GNU and BSD.
seconds() {
  date -u -d "$1" +%s 2>/dev/null || date -u -j -f %Y-%m-%dT%H:%M:%S "${1%%[.+Z]*}" +%s
}

if ! command -v az >/dev/null; then
  created=""
else
  created=$(az role assignment list --all --subscription "$AZURE_SUBSCRIPTION_ID" --output tsv \
    --query "max([?contains(scope, '/resourceGroups/$AZURE_RESOURCE_GROUP/')].createdOn)" </dev/null 2>/dev/null) || created=""
fi

if [ -z "$created" ] || [ "$created" = None ]; then
  echo "The age of the app's roles is not known. If publishing fails with 403, wait five minutes and run azd deploy." >&2
  exit 0
fi

age=$(($(date -u +%s) - $(seconds "$created")))
if [ "$age" -lt "$minimum" ]; then
  echo "Waiting $((minimum - age)) s until the app's roles are in effect."
  sleep $((minimum - age))
fi
