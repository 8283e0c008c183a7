#!/usr/bin/env bash
# Runs a command with what the contract tests need: the native Pact library, from npm by lock file, and the build tag pact.
#   scripts/pact.sh go test ./contracts/...
# Where the library cannot be had the command runs without the tag, and contracts are not checked: fatal in CI (CI=true)
# and with PACT_REQUIRED=true, elsewhere a warning.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

# The latest version with the symbols that pact-go v2.4.2 needs is pinned in contracts/package-lock.json.
case "$(uname -s)-$(uname -m)" in
Linux-x86_64) package=pact-core-linux-x64-glibc platform=linux-x64 library=libpact_ffi.so ;;
Linux-aarch64) package=pact-core-linux-arm64-glibc platform=linux-arm64 library=libpact_ffi.so ;;
Darwin-arm64) package=pact-core-darwin-arm64 platform=darwin-arm64 library=libpact_ffi.dylib ;;
Darwin-x86_64) package=pact-core-darwin-x64 platform=darwin-x64 library=libpact_ffi.dylib ;;
*) package='' platform='' library=libpact_ffi.so ;;
esac

# installed DIR: what the lock file of DIR says is unpacked in DIR/node_modules.
installed() { cmp -s "$1/package-lock.json" "$1/node_modules/.pairsim-lock"; }

unpack() {
  installed "$1" && return
  command -v npm >/dev/null || return 1
  echo "pact: unpacking $1/node_modules" >&2
  # Not npm ci, which wants every optional package of other platforms in the lock file; a registry may not have them.
  (cd "$1" && npm install --no-save --loglevel=error "${@:2}" >&2 && cp package-lock.json node_modules/.pairsim-lock) || return 1
}

# find_library prints the folder that holds the library: PACT_LIB_DIR, npm's, or where the official installer puts it.
find_library() {
  local dir
  for dir in "${PACT_LIB_DIR:-}" "$root/contracts/node_modules/@pact-foundation/$package/prebuilds/$platform" \
    "$root/contracts/.lib" /usr/local/lib /opt/pact/lib; do
    if [ -n "$dir" ] && [ -f "$dir/$library" ]; then
      echo "$dir"
      return
    fi
  done
  return 1
}

missing() {
  cat >&2 <<EOF

*** pact: $1
*** Contracts are NOT checked. To check them, one of:
***   install npm (Debian: apt-get install npm, or 'make setup' as root), then run this again
***   the official installer, which downloads from GitHub:
***     go run github.com/pact-foundation/pact-go/v2@v2.4.2 install --libDir $root/contracts/.lib
***   PACT_LIB_DIR=<folder that holds $library, pact_ffi 0.4.x>

EOF
  if [ "${CI:-}" = true ] || [ "${PACT_REQUIRED:-}" = true ]; then
    exit 1
  fi
}

others=()
if [ -n "$package" ] && [ "$package" != pact-core-linux-x64-glibc ]; then
  others=("@pact-foundation/$package@$(sed -n 's/.*pact-core-linux-x64-glibc": "\(.*\)".*/\1/p' "$root/contracts/package.json")")
fi
export PACT_DO_NOT_TRACK=true # the library would report to its makers, and wait where it cannot
[ -n "${PACT_LIB_DIR:-}" ] || unpack "$root/contracts" ${others[@]+"${others[@]}"} || true
unpack "$root/contracts/examples/node" || true # for the example in Node, and the verifier that is not ours
if ! dir=$(find_library); then
  missing "the native Pact library is missing and cannot be fetched from npm here ($(uname -s) $(uname -m))"
elif ! command -v "${CC:-gcc}" >/dev/null; then
  missing "no C compiler"
else
  export CGO_ENABLED=1 CGO_LDFLAGS="${CGO_LDFLAGS:-} -L$dir" GOFLAGS="${GOFLAGS:-} -tags=pact,nomsgpack,grpcnotrace"
  export LD_LIBRARY_PATH="$dir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" DYLD_LIBRARY_PATH="$dir${DYLD_LIBRARY_PATH:+:$DYLD_LIBRARY_PATH}"
fi
[ $# = 0 ] || exec "$@"
