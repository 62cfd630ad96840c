#!/usr/bin/env bash
# Puts the credentials of the 8x8 API app into the vault, as the secrets eightbyeight-key and eightbyeight-secret.
#
#   scripts/set-8x8-credentials.sh [vault]
#
# Without a name, the vault is AZURE_KEY_VAULT_NAME of `azd env get-values`. Both values are asked for and not echoed;
# when standard input is no terminal, its first line is the key and its second the secret. They go to `az` through a
# pipe: never into arguments, which every user of the machine can see, nor into a file, a history or a deployment.
{ set +x; } 2>/dev/null
set -euo pipefail

# With a log file switched on, the Azure CLI would write requests into it, bodies and all.
export AZURE_LOGGING_ENABLE_LOG_FILE=no

fail() {
  echo "$1" >&2
  exit 1
}

# Tells what to do about what the vault answered.
explain() {
  case $1 in
    *ForbiddenByFirewall* | *ForbiddenByConnection* | *"Client address is not authorized"* | *"Public network access is disabled"*)
      fail "The vault $vault does not let this machine in: its firewall. Run this from inside its network, or add this address under Networking." ;;
    *ForbiddenByRbac* | *"Caller is not authorized"* | *"does not have secrets"*)
      fail "The vault $vault does not let you write secrets. Give yourself the role Key Vault Secrets Officer on it; it takes some minutes to work." ;;
    *"Failed to resolve"* | *"Name or service not known"* | *"nodename nor servname"* | *NameResolution*)
      fail "There is no vault $vault, or its name cannot be resolved from here." ;;
    *)
      fail "The vault $vault answered: $1" ;;
  esac
}

# Asks a person without echo, or takes the next line of standard input.
ask() {
  local value=""
  if [ -t 0 ]; then
    IFS= read -rs -p "$1: " value || true
    echo >&2
  else
    IFS= read -r value || [ -n "$value" ] || fail "Standard input ends before the $2: give the key in its first line and the secret in its second."
  fi

  value=${value%$'\r'}
  # A file may begin with a byte order mark.
  value=${value#$'\xEF\xBB\xBF'}
  case $value in
    "") fail "The $2 is empty. Nothing was written." ;;
    *[[:space:]]*) fail "The $2 has blanks in it. Nothing was written." ;;
  esac
  answer=$value
}

# printf is part of the shell, so the value is in no process's arguments.
put() {
  local problem
  problem=$(printf '%s' "$2" | az keyvault secret set --vault-name "$vault" --name "$1" --file /dev/stdin --encoding utf-8 --output none 2>&1 >/dev/null) \
    || explain "${problem//"$2"/***}"
  echo "$1 is in the vault $vault."
}

[ $# -le 1 ] || fail "Usage: $0 [vault]. Key and secret are asked for, and never given as arguments."
command -v az >/dev/null || fail "The Azure CLI (az) is not installed."
vault=${1:-}
if [ -z "$vault" ] && command -v azd >/dev/null; then
  vault=$(azd env get-values </dev/null 2>/dev/null | sed -n 's/^AZURE_KEY_VAULT_NAME="\{0,1\}\([^"]*\)"\{0,1\}$/\1/p') || true
fi

[ -n "$vault" ] || fail "Which vault? Give its name: $0 <vault>. (There is no azd environment here that names one.)"
[[ $vault =~ ^[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]$ ]] || fail "\"$vault\" is not the name of a vault: expected 3 to 24 letters, digits and hyphens."
az account show --output none </dev/null >/dev/null 2>&1 || fail "The Azure CLI is not signed in. Run az login."
problem=$(az keyvault secret list --vault-name "$vault" --maxresults 1 --output none </dev/null 2>&1 >/dev/null) || explain "$problem"

ask "Key of the 8x8 API app" key
key=$answer
ask "Secret of the 8x8 API app" secret
secret=$answer
put eightbyeight-key "$key"
put eightbyeight-secret "$secret"
echo "The app reads them when it next asks 8x8 for a token: within five minutes when it has none."
