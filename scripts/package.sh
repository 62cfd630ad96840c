#!/usr/bin/env bash
# Publishes the function app and packs it: scripts/package.sh <version> <folder> makes <folder>/8x8-archiver-<version>.zip.
# The same commit and version give the same names, order and times in it.
set -euo pipefail
cd "$(dirname "$0")/.."
fail() {
  echo "$1" >&2
  exit 1
}

[ $# = 2 ] || fail "Usage: $0 <version> <folder>"
[[ $1 =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || fail "\"$1\" is not a version: expected 1.2.3 or 1.2.3-name."
mkdir -p "$2"
archive=$(cd "$2" && pwd)/8x8-archiver-$1.zip
publish=$(mktemp -d)
trap 'rm -rf "$publish"' EXIT

dotnet publish src/Functions -c Release -o "$publish" -p:Version="$1" -p:ContinuousIntegrationBuild=true
for file in host.json worker.config.json Functions.dll; do
  [ -f "$publish/$file" ] || fail "$file is not in the published app."
done
[ ! -e "$publish/local.settings.json" ] || fail "local.settings.json, which can hold secrets, is in the published app."

# Whoever passes binaries on has to pass on the texts of their licences, too.
cp LICENSE THIRD-PARTY-NOTICES.md "$publish"

# Hidden folders too: the Functions host looks for its extensions in .azurefunctions.
find "$publish" -exec touch --no-dereference --date="@$(git log -1 --format=%ct)" {} +
rm -f "$archive"
(cd "$publish" && find . -type f | LC_ALL=C sort | TZ=UTC zip --quiet -X "$archive" -@)
echo "$archive"
