#!/usr/bin/env bash
# Prints what CHANGELOG.md says of a version: scripts/release-notes.sh 1.2.3
set -euo pipefail
cd "$(dirname "$0")/.."
notes=$(awk -v heading="## [${1:?Usage: $0 <version>}]" 'index($0, "## [") == 1 { inside = index($0, heading) == 1; next } inside' CHANGELOG.md)
[ -n "${notes//[[:space:]]/}" ] || {
  echo "CHANGELOG.md says nothing of version $1." >&2
  exit 1
}
echo "$notes"
