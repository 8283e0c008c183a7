#!/usr/bin/env bash
# Starts compose.yaml with an image that was built here, and pairs a tenant of each container in it. Pulls nothing.
# usage: scripts/compose_test.sh IMAGE PAIRSIM    (the program, for this machine)
set -euo pipefail
image=$1 pairsim=$2
cd "$(dirname "$0")/.."
export no_proxy=localhost NO_PROXY=localhost

if docker compose version >/dev/null 2>&1; then
  compose=(docker compose)
elif command -v docker-compose >/dev/null 2>&1; then
  compose=(docker-compose)
else
  echo "*** compose.yaml NOT TESTED: there is neither 'docker compose' nor docker-compose; 'make setup' installs one on Debian" >&2
  [ "${CI:-}" = true ] && exit 1 || exit 0
fi

free_port() { # below the ports that the system itself gives out
  local port
  while port=$((20000 + RANDOM % 12000)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
}
# Settings of pairsim itself stand in variables too: what else is set must not reach the client.
unset "${!PAIRSIM_@}"
for name in HTTP MTLS CONTROL CX MARKETING; do
  export "PAIRSIM_${name}_PORT=$(free_port)"
done
export PAIRSIM_IMAGE=$image COMPOSE_PROJECT_NAME=pairsim-compose-test-$$

log=$(mktemp "${TMPDIR:-/tmp}/pairsim-compose.XXXXXX")
clean_up() {
  local status=$?
  [ $status = 0 ] || { cat "$log"; "${compose[@]}" logs --no-color --tail 20; } 2>&1 | sed 's/^/   | /' >&2 || true
  "${compose[@]}" down --volumes --timeout 10 >/dev/null 2>&1 || true
  rm -f "$log"
}
trap clean_up EXIT

step() { echo "compose-test: $*"; }
step "start compose.yaml with ${compose[*]}"
"${compose[@]}" up --detach >"$log" 2>&1

registry=http://localhost:$PAIRSIM_HTTP_PORT
pair() { # NAME TYPE TENANT ITS_PORT
  "$pairsim" wait --server "http://localhost:$4" --timeout 30s >/dev/null
  "$pairsim" systems register "$1" --type "$2" --server "$registry" >/dev/null
  "$pairsim" systems token "$1" -o url --server "$registry" | "$pairsim" tenants pair "$3" - --server "http://localhost:$4" >/dev/null
  "$pairsim" wait --system "$1" --status Registered --server "$registry" --timeout 30s >/dev/null
  step "$3 is paired with $1"
}
pair "Web Shop" "SAP Commerce Cloud" commerce "$PAIRSIM_CX_PORT"
pair "Campaigns" "SAP Marketing Cloud" marketing "$PAIRSIM_MARKETING_PORT"

step "stop it and start it again: its data are kept"
"${compose[@]}" down --timeout 10 >"$log" 2>&1
"${compose[@]}" up --detach btp >"$log" 2>&1
"$pairsim" wait --system "Campaigns" --status Registered --server "$registry" --timeout 30s >/dev/null
step ok
