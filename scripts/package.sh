#!/usr/bin/env bash
# Publishes the function app and packs it: scripts/package.sh <version> <folder> makes <folder>/8x8-archiver-<version>.zip.
# The same commit and version give the same names, order, rights and times in it.
set -euo pipefail
cd "$(dirname "$0")/.."
fail() {
  echo "$1" >&2
  exit 1
}

[ $# = 2 ] || fail "Usage: $0 <version> <folder>"
[[ $1 =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || fail "\"$1\" is not a version: expected 1.2.3 or 1.2.3-name."
command -v zip >/dev/null || fail "zip is not installed."
mkdir -p "$2"
archive=$(cd "$2" && pwd)/8x8-archiver-$1.zip
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
publish=$work/publish

# Built in a folder of its own, whose name the assemblies do not keep: nothing that an earlier build left is packed, and builds in the
# repository are not disturbed. Analyzers have judged the sources before they were merged.
dotnet publish src/Functions -c Release -o "$publish" --artifacts-path "$work/artifacts" \
  -p:PathMap="$work/=/_/" -p:Version="$1" -p:ContinuousIntegrationBuild=true -p:RunAnalyzers=false
for file in host.json worker.config.json functions.metadata extensions.json .azurefunctions/function.deps.json Functions.dll; do
  [ -f "$publish/$file" ] || fail "$file is not in the published app."
done
[ ! -e "$publish/local.settings.json" ] || fail "local.settings.json, which can hold secrets, is in the published app."

# The licenses require their texts to be distributed with the binaries.
cp LICENSE THIRD-PARTY-NOTICES.md "$publish"

# Hidden folders too: the Functions host looks for its extensions in .azurefunctions.
find "$publish" -type f -exec chmod 644 {} +
find "$publish" -exec touch --no-dereference --date="@$(git log -1 --format=%ct)" {} +
rm -f "$archive"
(cd "$publish" && find . -type f | LC_ALL=C sort | TZ=UTC zip --quiet -X "$archive" -@)
echo "$archive"
