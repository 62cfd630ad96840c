#!/usr/bin/env bash
# Makes what the button "Deploy to Azure" opens: scripts/portal.sh <version> <folder> <owner/name> compiles infra/portal/main.bicep to
# <folder>/azuredeploy.json, which deploys the package of that release of the repository, and puts its form beside it. It takes the Bicep
# compiler from $BICEP.
set -euo pipefail
cd "$(dirname "$0")/.."
fail() {
  echo "$1" >&2
  exit 1
}

[ $# = 3 ] || fail "Usage: $0 <version> <folder> <owner/name>"
[[ $3 =~ ^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$ ]] || fail "\"$3\" is not a repository: expected owner/name."
command -v jq >/dev/null || fail "jq is not installed."
bicep=${BICEP:-bicep}
command -v "$bicep" >/dev/null || fail "There is no Bicep compiler $bicep. Set BICEP."
mkdir -p "$2"
"$bicep" build infra/portal/main.bicep --stdout |
  jq --arg uri "https://github.com/$3/releases/download/v$1/8x8-archiver-$1.zip" '.parameters.packageUri.defaultValue = $uri' >"$2/azuredeploy.json"
cp infra/portal/createUiDefinition.json "$2"
