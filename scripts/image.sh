#!/usr/bin/env bash
# Builds the container image from a Linux binary built here: the Dockerfile's last stage, its COPY --from=build taking
# the same paths from a small context instead. Needs no registry, and works with every docker builder.
# usage: scripts/image.sh BINARY TAG
set -euo pipefail
binary=$1 tag=$2
cd "$(dirname "$0")/.."

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
mkdir -p "$context/out/data"
install -m 755 "$binary" "$context/out/pairsim"
awk 'toupper($1) == "FROM" { stage = "" } { stage = stage $0 "\n" } END { printf "%s", stage }' Dockerfile |
  sed 's/ --from=build / /' >"$context/Dockerfile"

if ! docker build --tag "$tag" "$context" >"$context/log" 2>&1; then
  cat "$context/log" >&2
  exit 1
fi
echo "image $tag"
