#!/usr/bin/env bash
# Builds the cockpit's pages: scripts/cockpit.sh build|check|install. Each needs Node and npm; `go build` does not.
set -euo pipefail
cd "$(dirname "$0")/../btp/cockpit/web"

cannot() {
  printf '\n*** cockpit: %s\n\n' "$1" >&2
  exit 1
}
command -v npm >/dev/null 2>&1 || cannot "npm is missing (Debian: apt-get install nodejs npm, 20 or newer)"

# What was installed for this very lock file stays.
if ! cmp -s package-lock.json node_modules/.installed-for; then
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  cp package-lock.json node_modules/.installed-for
fi
case ${1:-build} in
install) ;;
build) node build.mjs ../dist ;;
check) npm run --silent check ;;
*) cannot "usage: scripts/cockpit.sh build|check|install" ;;
esac
