#!/usr/bin/env bash
# Runs every fuzz target of the module for a while, one after another; stops at the first finding.
# usage: scripts/fuzz.sh [DURATION]
set -euo pipefail
duration=${1:-10s}
cd "$(dirname "$0")/.."

# `go test -list` prints the names of a package's targets and then the package: "ok  PACKAGE  0.01s".
listing=$(go test -list '^Fuzz' ./...)
targets=$(awk '/^Fuzz/ { names[n++] = $1 }  /^ok/ { for (i = 0; i < n; i++) print names[i], $2; n = 0 }' <<<"$listing")
while read -r target package; do
  [ -n "$target" ] || continue
  echo "fuzz: $target in $package"
  # The go command sometimes ends a run that found nothing with this error, when
  # the time is up while it stops its workers (golang/go#75804, mended in Go 1.27).
  output=$(go test -run '^$' -fuzz "^$target\$" -fuzztime "$duration" "$package" 2>&1) ||
    { grep -q 'context deadline exceeded' <<<"$output" && ! grep -q 'Failing input' <<<"$output"; } ||
    { echo "$output"; exit 1; }
  tail -n 1 <<<"$output"
done <<<"$targets"
