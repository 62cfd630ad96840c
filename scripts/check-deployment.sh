#!/usr/bin/env bash
# Checks what was deployed. azd runs this after it has published the app (azure.yaml):
#
#   scripts/check-deployment.sh [<resource group> <app>]
#
# Without arguments, AZURE_RESOURCE_GROUP and AZURE_FUNCTION_APP_NAME name the app, as azd gives them. Three questions, for five minutes
# each: does Azure list every function of this source tree (azure-functions-host#11915), does /api/health answer, and does the app refuse
# a caller without a key or a sign-in? A health of 503 with its reason is an answer, too: the app runs and says what is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "$1 What to do: docs/deploy.md, Check the deployment." >&2
  exit 1
}

# In the subscription of the azd environment, which need not be the one that the Azure CLI is set to.
azure() {
  az "$@" ${AZURE_SUBSCRIPTION_ID:+--subscription "$AZURE_SUBSCRIPTION_ID"} </dev/null
}

# Runs a question until its answer is yes. Each puts what is wrong into $problem.
ask() {
  for attempt in $(seq 30); do
    if "$1"; then
      return
    fi

    echo "Attempt $attempt of 30: $problem"
    sleep 10
  done
  fail "$problem"
}

lists_every_function() {
  local found
  found=$(azure functionapp function list --resource-group "$group" --name "$app" --query "[].name" --output tsv) || found=""
  # Azure names them app/function.
  found=$(sed 's#.*/##' <<<"${found//$'\r'/}")
  missing=$(grep -vxF -f <(echo "$found") <<<"$expected" | paste -sd ' ' - || true)
  problem="Of $(wc -l <<<"$expected" | tr -d ' ') functions, Azure does not list: $missing."
  [ -z "$missing" ]
}

# Puts status and body of the answer into $status and $body. 000 is no answer.
get() {
  local answer
  answer=$(curl --silent --max-time 20 --write-out '\n%{http_code}' "$@") || true
  status=${answer##*$'\n'}
  body=${answer%$'\n'*}
}

answers_health() {
  get "$uri/api/health"
  case $status in
    200 | 503) [[ $body != *'"status"'* ]] || return 0 ;;
    401 | 302) problem="/api/health wants a sign-in ($status). App Service authentication must exclude it." && return 1 ;;
    403) problem="This machine may not call the app (403): allowedAddresses or a private endpoint does not let it in." && return 1 ;;
    000) problem="There is no answer from $uri/api/health." && return 1 ;;
  esac
  problem="$uri/api/health answers $status, and not with the app's health."
  return 1
}

# A caller who claims to be an administrator, in the header that App Service authentication sets, and that it takes away from others.
refuses_strangers() {
  local claims='{"auth_typ":"aad","role_typ":"roles","claims":[{"typ":"oid","val":"00000000-0000-0000-0000-000000000000"},{"typ":"roles","val":"Administrator"}]}'
  get --header "X-MS-CLIENT-PRINCIPAL: $(printf %s "$claims" | base64 | tr -d '\n')" "$uri/api/status"
  problem="/api/status answers $status to a caller without a key or a sign-in, where 401 was expected."
  [ "$status" != 200 ] || fail "Every caller can read /api/status. In the mode EntraId, App Service authentication must be on. Stop the app until it is."
  case $status in 302 | 401 | 403) return 0 ;; *) return 1 ;; esac
}

[ $# = 0 ] || [ $# = 2 ] || {
  echo "Usage: $0 [<resource group> <app>]" >&2
  exit 1
}
group=${1:-${AZURE_RESOURCE_GROUP:-}}
app=${2:-${AZURE_FUNCTION_APP_NAME:-}}
[ -n "$group" ] && [ -n "$app" ] || {
  echo "Which app? $0 <resource group> <app>" >&2
  exit 1
}
expected=$(grep -rhoE '\[Function\("[A-Za-z0-9]+"\)\]' --include='*.cs' --exclude-dir=bin --exclude-dir=obj src/Functions | cut -d '"' -f 2 | sort -u)
uri=${AZURE_FUNCTION_APP_URI:-}
if command -v az >/dev/null && azure account show --output none >/dev/null 2>&1; then
  ask lists_every_function
  echo "Azure lists all $(wc -l <<<"$expected" | tr -d ' ') functions."
  # For an app on Flex Consumption the Azure CLI shows what Azure answered, and for others its own form of it.
  uri=https://$(azure functionapp show --resource-group "$group" --name "$app" --query "properties.defaultHostName || defaultHostName" --output tsv | tr -d '\r')
  mode=$(azure functionapp config appsettings list --resource-group "$group" --name "$app" --query "[?name=='Access__Mode'].value" --output tsv | tr -d '\r')
elif [ -n "$uri" ]; then
  echo "Not checked: whether Azure lists every function, because the Azure CLI (az) is not installed or not signed in." >&2
  mode=""
else
  fail "The deployment was not checked: the Azure CLI (az) is not installed or not signed in. Run az login."
fi

ask answers_health
echo "$uri/api/health answers $status: $body"
ask refuses_strangers
if [ "$mode" = EntraId ]; then
  echo "Open $uri/api/dashboard and sign in."
else
  echo "Open $uri/api/dashboard with a function key: in the Azure portal, under App keys of $app."
fi
