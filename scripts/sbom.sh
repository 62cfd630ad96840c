#!/usr/bin/env bash
# Writes the SBOM of a package: scripts/sbom.sh <version> <folder> reads <folder>/8x8-archiver-<version>.zip, built on this machine by
# scripts/package.sh, and writes <folder>/8x8-archiver-<version>.spdx.json (SPDX 2.2): every file with its hashes, and every package
# that a file comes from, with version, supplier and license.
set -euo pipefail
cd "$(dirname "$0")/.."
fail() {
  echo "$1" >&2
  exit 1
}

[ $# = 2 ] || fail "Usage: $0 <version> <folder>"
for tool in jq unzip; do
  command -v "$tool" >/dev/null || fail "$tool is not installed."
done
name=8x8-archiver-$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unzip -q "$2/$name.zip" -d "$work/package"
cache=$(dotnet nuget locals global-packages --list)
cache=${cache#*: }

# The SBOM tool lists the packages whose nuspec it finds. It gets those of the packages that have a file in the zip: the Functions host
# brings most of what the extensions depend on, so what NuGet resolved is more than what is distributed.
collect() {
  mkdir -p "$work/components/$1"
  cp "$cache/$1/${1%/*}.nuspec" "$work/components/$1"
}
# Package and file, one pair a line: from the lists of dependencies, and for what is in none of them, from the Functions SDK.
for folder in . .azurefunctions; do
  jq -r '.libraries as $libraries | .targets[] | to_entries[] | select($libraries[.key].type == "package") | (.key | ascii_downcase) as $package
    | (.value.runtime // {} | keys[] | split("/")[-1]), (.value.runtimeTargets // {} | keys[]) | "\($package) \(.)"' \
    "$work/package/$folder/"*.deps.json | while read -r package file; do
    [ ! -f "$work/package/$folder/$file" ] || collect "$package"
  done
done
for loader in "$cache"/microsoft.azure.functions.worker.sdk/*/tools/netstandard2.0/Microsoft.Azure.WebJobs.Extensions.FunctionMetadataLoader.dll; do
  if cmp -s "$loader" "$work/package/.azurefunctions/${loader##*/}"; then
    sdk=${loader#"$cache/"}
    collect "${sdk%/tools/*}"
  fi
done
# The charts of the dashboard, which are embedded in Functions.dll.
jq '.packages["node_modules/uplot"] | {name: "uplot", version, license}' tests/Dashboard.Tests/package-lock.json >"$work/components/package.json"

# In a folder of its own, of the version in the manifest: "dotnet tool restore" reports success without restoring anything when a file
# in the home folder still names a package cache that is gone (https://github.com/dotnet/sdk/issues/11820).
version=$(jq -r '.tools["microsoft.sbom.dotnettool"].version' .config/dotnet-tools.json)
dotnet tool install microsoft.sbom.dotnettool --version "$version" --tool-path "$work/tool" --allow-roll-forward
DOTNET_ROOT=$(dotnet --list-sdks | sed -n '$s|.*\[\(.*\)/sdk\]$|\1|p')
export DOTNET_ROOT
"$work/tool/sbom-tool" generate -b "$work/package" -bc "$work/components" -m "$work" -pm true -V Warning \
  -pn 8x8-archiver -pv "$1" -ps "8x8 archiver contributors" -nsb https://spdx.org/spdxdocs -nsu "$(git rev-parse HEAD)" \
  -gt "$(TZ=UTC git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd)"
cp "$work/_manifest/spdx_2.2/manifest.spdx.json" "$2/$name.spdx.json"
