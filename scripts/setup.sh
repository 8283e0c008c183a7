#!/usr/bin/env bash
# Installs what a fresh Debian machine lacks for `make test` and starts a container engine.
# Says nothing when nothing is to do. What it cannot do itself it names: fatal in CI (CI=true), elsewhere a warning.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

has() { command -v "$1" >/dev/null 2>&1; }
compiles() { echo '#include <stdlib.h>' | gcc -E - >/dev/null 2>&1; }
engine_answers() { docker ps --quiet >/dev/null 2>&1; }

cannot() {
  printf '\n*** setup: %s\n\n' "$1" >&2
  [ "${CI:-}" != true ] || exit 1
}

install_packages() {
  if ! has apt-get || [ "$(id -u)" != 0 ]; then
    cannot "missing: $* (Debian's names); install them, or run 'make setup' as root on Debian"
    return
  fi
  echo "setup: installing $*"
  local log
  log=$(mktemp "${TMPDIR:-/tmp}/pairsim-apt.XXXXXX")
  if ! { apt_get update && apt_get install --no-install-recommends "$@"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    cannot "apt-get could not install: $*"
  fi
  rm -f "$log"
}
apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -qy "$@" </dev/null; }

start_engine() {
  if ! has dockerd || [ "$(id -u)" != 0 ]; then
    cannot "no container engine answers: start Docker (Debian: apt-get install docker.io iptables; dockerd), or 'make image-test' cannot run"
    return
  fi
  local log dockerd
  log=$(mktemp "${TMPDIR:-/tmp}/pairsim-dockerd.XXXXXX")
  echo "setup: starting dockerd, log in $log"
  setsid dockerd >"$log" 2>&1 </dev/null &
  dockerd=$!
  for _ in {1..300}; do # at most a minute
    engine_answers && return
    kill -0 "$dockerd" 2>/dev/null || break
    sleep 0.2
  done
  tail -n 20 "$log" >&2
  cannot "dockerd does not answer"
}

missing=()
has make || missing+=(make)
has gcc || missing+=(gcc)
compiles || missing+=(libc6-dev) # for go test -race
has curl || missing+=(curl)
has openssl || missing+=(openssl)
has npm || missing+=(nodejs npm) # for make cockpit-check, and the native Pact library (scripts/pact.sh) and Spectral (scripts/spectral.sh)
has chromium || has google-chrome || [ -n "${CHROMIUM:-}" ] || missing+=(chromium) # for make browser
has docker-compose || docker compose version >/dev/null 2>&1 || missing+=(docker-compose) # for compose.yaml in make image-test
if ! has initdb && ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
  missing+=(postgresql) # for the tests of btp/store/postgres, which start a server of their own
  if has apt-get && [ "$(id -u)" = 0 ] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf # nothing is started with it
  fi
fi
if ! engine_answers; then
  has dockerd && has docker || missing+=(docker.io)
  has iptables || missing+=(iptables)
fi
[ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"
engine_answers || start_engine
bash "$(dirname "$0")/pact.sh" # the native Pact library of the contract tests
