#!/usr/bin/env bash
# Pictures of every page of the cockpit, into docs/images. Whoever changes a page looks at them.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v pngquant >/dev/null 2>&1; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends pngquant >/dev/null
  else
    echo "screenshots: pngquant is missing (Debian: apt-get install pngquant)" >&2
    exit 1
  fi
fi
bash scripts/cockpit.sh install
pictures=$(mktemp -d)
trap 'rm -rf "$pictures"' EXIT
go test -tags browser,nomsgpack,grpcnotrace -count=1 ./features/browser -args -pictures "$pictures"
mkdir -p docs/images
rm -f docs/images/*.png
for picture in "$pictures"/*.png; do
  pngquant --quality 60-90 --strip --speed 1 --output "docs/images/$(basename "$picture")" "$picture"
done
du -sh docs/images
