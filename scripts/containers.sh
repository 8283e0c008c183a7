#!/usr/bin/env bash
# Runs the tests that need a container engine. Without one they are not run, and that is said; in CI (CI=true) it is a failure.
# usage: scripts/containers.sh [ARGUMENT of go test]...
set -euo pipefail
cd "$(dirname "$0")/.."

if ! docker ps --quiet >/dev/null 2>&1; then
  echo "*** containers NOT RUN: no container engine answers; 'make setup' says what to install" >&2
  [ "${CI:-}" = true ] && exit 1 || exit 0
fi
# No image is pulled: ours is made here, and containers end with the test's process without Ryuk. The engine is on this
# machine, whatever the library takes for its address.
export TESTCONTAINERS_RYUK_DISABLED=${TESTCONTAINERS_RYUK_DISABLED:-true}
export TESTCONTAINERS_HOST_OVERRIDE=${TESTCONTAINERS_HOST_OVERRIDE:-localhost}
export no_proxy=localhost,127.0.0.1 NO_PROXY=localhost,127.0.0.1
exec env CGO_ENABLED=0 go test -tags containers,nomsgpack,grpcnotrace -count=1 -parallel 8 -timeout 30m "$@" ./testenv/containers
