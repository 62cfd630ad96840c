#!/usr/bin/env bash
# azd runs this before it creates anything (azure.yaml):
#
#   scripts/preprovision.sh [parameters]
#
# It checks that the region has what the template needs with the parameters of main.bicepparam, or of the file that is named, because
# a deployment that fails late leaves a vault, and perhaps an archive, that cannot be deleted at once. Then it asks who receives alerts, and stores the answer in the azd environment as ALERT_EMAILS.
# It changes nothing in Azure. What it cannot check, it names; SKIP_REGION_CHECK=true leaves the first part out.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "$1" >&2
  exit 1
}

# The literal value of a parameter: from the file, or else its default in main.bicep. Prints nothing for an expression.
parameter() {
  if grep -qE "^param $1 *=" "$parameters"; then
    sed -nE "s/^param $1 *= *'?([A-Za-z0-9_.-]+)'? *$/\1/p" "$parameters"
  else
    sed -nE "s/^param $1 [A-Za-z]+ = '?([A-Za-z0-9_.-]+)'? *$/\1/p" infra/bicep/main.bicep
  fi
}

# Puts what Azure lists into $listed, a value a line. Without an answer, it names what is not checked.
list() {
  local what=$1
  shift
  listed=$(az "$@" --subscription "$subscription" --output tsv </dev/null 2>"$errors") || {
    echo "Not checked: $what. Azure answered: $(head -n 1 "$errors")" >&2
    return 1
  }
}

has() {
  grep -qxF -e "$1" <<<"$listed"
}

# The namespaces of everything that the templates create with these parameters. An expression can be anything, so it counts as
# set. What the templates only delegate a subnet to is checked below.
providers() {
  local unused="Microsoft.Nothing"
  [ "$(parameter privateNetwork)" != false ] || unused+="|Microsoft.Network"
  grep -E '^param eventDestination *=' "$parameters" | grep -qvE '= *null *$' || unused+="|Microsoft.EventGrid"
  grep -rhoE "^ *resource [A-Za-z]+ 'Microsoft\.[A-Za-z]+" --include='*.bicep' infra/bicep | sed "s/.*'//" | sort -u | grep -vxE "$unused"
}

check_region() {
  local version sku missing
  if list "whether $location offers Flex Consumption" functionapp list-flexconsumption-locations --query "[].name" && ! has "$location"; then
    problems+=("$location does not offer Flex Consumption. Regions that do: $(sort <<<"$listed" | paste -sd ' ' -).")
    return
  fi

  # Azure lists .NET versions as 10.0 or as 10.
  version=$(sed -nE 's/.*<TargetFramework>net([0-9]+)\.0<.*/\1/p' Directory.Build.props)
  if list "whether $location offers .NET $version" \
    functionapp list-flexconsumption-runtimes --location "$location" --runtime dotnet-isolated --query "[].version" \
    && ! has "$version.0" && ! has "$version"; then
    problems+=("$location does not offer .NET $version on Flex Consumption, only: $(paste -sd ' ' - <<<"$listed"). Choose another region.")
  fi

  if [ "$(parameter zoneRedundant)" = true ] \
    && list "whether $location offers zone redundancy" functionapp list-flexconsumption-locations --zone-redundant=true --query "[].name" \
    && ! has "$location"; then
    problems+=("$location does not offer zone redundancy for Flex Consumption. Set zoneRedundant to false, or choose one of: $(sort <<<"$listed" | paste -sd ' ' -).")
  fi

  sku=$(parameter archiveRedundancy)
  if [ -z "$sku" ]; then
    echo "Not checked: whether $location offers the redundancy of the archive, because archiveRedundancy is an expression." >&2
  elif list "whether $location offers $sku" \
    storage sku list --query "[?kind=='StorageV2' && contains(locations, '$location') && !restrictions].name" && ! has "$sku"; then
    problems+=("$location does not offer the redundancy $sku for storage accounts. Set archiveRedundancy to one of: $(sed -n '/^Standard_/p' <<<"$listed" | sort -u | paste -sd ' ' -).")
  fi

  if [ "$(parameter privateNetwork)" = true ] \
    && list "whether Microsoft.App is registered" provider show --namespace Microsoft.App --query registrationState && ! has Registered; then
    problems+=("The private network needs the resource provider Microsoft.App. Run: az provider register --namespace Microsoft.App --wait")
  fi

  # A deployment registers what it needs, but for a pipeline that has rights in one resource group alone.
  if grep -q "^using 'resources.bicep'" "$parameters" \
    && list "whether the resource providers are registered" provider list --query "[?registrationState=='Registered'].namespace"; then
    missing=$(providers | grep -vixF -f <(echo "$listed") | paste -sd ' ' - || true)
    [ -z "$missing" ] || problems+=("These resource providers are not registered, and a pipeline cannot register them: $missing. \
As an owner of the subscription, run for each: az provider register --namespace <name> --wait")
  fi
}

ask_for_addresses() {
  local known answer
  known=$(az account show --subscription "$subscription" --query user.name --output tsv </dev/null 2>/dev/null) || known=""
  # A person's name is an address; that of a service principal is not.
  [[ $known =~ $address ]] || known=""
  while :; do
    answer=$known
    if [ -t 0 ] && [ -z "${CI:-}" ]; then
      read -r -p "Email addresses that receive alerts, separated by commas, or none [${known:-none}]: " answer || true
      answer=${answer:-${known:-none}}
    fi

    answer=${answer//[[:space:]]/}
    if [[ -z $answer || $answer =~ ^(none|$address(,$address)*)$ ]]; then
      break
    fi

    echo "\"$answer\" is not a list of email addresses." >&2
  done

  if [ -z "$answer" ]; then
    echo "No alerts are sent, because no address is known. To set one: azd env set ALERT_EMAILS <address>, then azd up."
    return
  fi

  azd env set ALERT_EMAILS "$answer" --environment "$AZURE_ENV_NAME" </dev/null
  case $answer in
    none) echo "No alerts are sent. To change that: azd env set ALERT_EMAILS <address>, then azd up." ;;
    *) echo "Alerts go to $answer. To change that: azd env set ALERT_EMAILS <address>, then azd up." ;;
  esac
}

address='[^@,[:space:]]+@[^@,[:space:]]+\.[^@,[:space:]]+'
parameters=${1:-infra/bicep/main.bicepparam}
location=${AZURE_LOCATION:-}
subscription=${AZURE_SUBSCRIPTION_ID:-}
[ -n "$location" ] && [ -n "$subscription" ] || fail "No subscription or no region is chosen. Run azd up, which asks for both, or set them: azd env set AZURE_SUBSCRIPTION_ID <id> and azd env set AZURE_LOCATION <region>"
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
problems=()
if [ "${SKIP_REGION_CHECK:-}" = true ]; then
  echo "Not checked: whether $location has what the app needs, because SKIP_REGION_CHECK is true." >&2
elif ! command -v az >/dev/null; then
  echo "Not checked: whether $location has what the app needs, because the Azure CLI (az) is not installed." >&2
elif ! az account show --subscription "$subscription" --output none </dev/null >/dev/null 2>&1; then
  echo "Not checked: whether $location has what the app needs, because the Azure CLI is not signed in to the subscription. Run az login." >&2
else
  check_region
fi

if [ ${#problems[@]} -gt 0 ]; then
  printf '%s\n' "${problems[@]}" >&2
  fail "Nothing was created. To choose another region: azd env set AZURE_LOCATION <region>, then azd up. \
If you know that Azure's lists are wrong: azd env set SKIP_REGION_CHECK true"
fi

[ -n "${ALERT_EMAILS:-}" ] || ask_for_addresses
