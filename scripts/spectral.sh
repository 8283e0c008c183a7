#!/usr/bin/env bash
# Lints every OpenAPI document of the repository with Spectral, from npm by lock file, under the rules of .spectral.yaml.
# Where npm is missing or cannot fetch it nothing is linted: fatal in CI (CI=true), elsewhere a warning.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
home=scripts/spectral
served=bin/openapi

if ! cmp -s "$home/package-lock.json" "$home/node_modules/.pairsim-lock"; then
  if ! command -v npm >/dev/null ||
    ! { echo "spectral: unpacking $home/node_modules" >&2 && (cd "$home" && npm ci --loglevel=error >&2 && cp package-lock.json node_modules/.pairsim-lock); }; then
    cat >&2 <<END

*** spectral: npm is missing, or cannot fetch what $home/package-lock.json names
*** OpenAPI documents are NOT linted. To lint them: install npm (Debian: apt-get install npm, or 'make setup' as root), and run this again

END
    [ "${CI:-}" != true ] || exit 1
    exit 0
  fi
fi

# Documents that are completed before they are served are linted as they are served.
rm -rf "$served"
go run ./internal/openapidoc "$served"
# Our own documents and the products'; testdata is no document of ours, a pact only quotes one.
mapfile -t documents < <(git ls-files --cached --others --exclude-standard '*.yaml' '*.json' |
  grep -v -e /testdata/ -e ^contracts/pacts/ | xargs -r -d '\n' grep -lE '^openapi: |^ *"openapi": *"' |
  while read -r file; do [ -f "$served/$(echo "${file%.*}" | tr / -).json" ] || echo "$file"; done)
exec "$home/node_modules/.bin/spectral" lint --quiet --fail-severity=warn --ruleset .spectral.yaml --format text "${documents[@]}" "$served"/*.json
