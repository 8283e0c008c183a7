#!/usr/bin/env bash
# Builds the container image, runs it behind port mappings, unprivileged, on a read-only root and a volume for its data,
# and pairs a system with it from the host. Needs a container engine, curl and openssl; pulls nothing.
# usage: scripts/image_test.sh
#
# Rule: pairing-token-missing-or-invalid, public-urls
set -euo pipefail
cd "$(dirname "$0")/.."
export no_proxy=localhost NO_PROXY=localhost

name=pairsim-image-test-$$
image=pairsim:image-test-$$

if ! docker ps --quiet >/dev/null 2>&1; then
  echo "*** image-test NOT RUN: no container engine answers; 'make setup' says what to install" >&2
  [ "${CI:-}" = true ] && exit 1 || exit 0
fi

clean_up() {
  local status=$?
  [ $status = 0 ] || docker logs --tail 50 "$name" 2>&1 | sed 's/^/   | /' >&2 || true
  { docker rm --force --volumes "$name" "$name-plain"; docker network rm "$name"; docker volume rm --force "$name"; docker rmi --force "$image" pairsim:image-test; } >/dev/null 2>&1 || true
  rm -rf "${released:-}" "${curl_home:-}"
}
trap clean_up EXIT

step() { echo "image-test: $*"; }
free_port() { # below the ports that the system itself gives out
  local port
  while port=$((20000 + RANDOM % 12000)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
}
expect() { # WHAT GOT WANT
  [ "$2" = "$3" ] || { echo "image-test: $1: got $2, want $3" >&2; exit 1; }
}

make --no-print-directory image IMAGE="$image"
size=$(docker image inspect --format '{{.Size}}' "$image")
step "the image has $((size / 1000000)) MB in the engine"

http=$(free_port) mtls=$(free_port)
registry=http://localhost:$http
step "start it at $registry and https://localhost:$mtls"
docker run --detach --name "$name" --read-only --tmpfs /tmp --cap-drop ALL --volume "$name:/data" \
  --publish "127.0.0.1:$http:8080" --publish "127.0.0.1:$mtls:8443" "$image" \
  serve --http 0.0.0.0:8080 --mtls 0.0.0.0:8443 --control 127.0.0.1:8081 --data /data/pairsim.db \
  --public-url "$registry" --public-mtls-url "https://localhost:$mtls" >/dev/null

get_ready() { # CONTAINER ITS_URL
  local ready=no
  for _ in {1..150}; do # at most 30 seconds
    curl --silent --fail --max-time 5 --output /dev/null "$2/readyz" && ready=yes && break
    [ "$(docker inspect --format '{{.State.Running}}' "$1")" = true ] || break
    sleep 0.2
  done
  expect "it gets ready" "$ready" yes
}
get_ready "$name" "$registry"

step "it calls itself healthy"
docker exec "$name" /pairsim wait --timeout 2s
expect "user" "$(docker inspect --format '{{.Config.User}}' "$name")" 65532:65532

step "a forged token is refused through the mapped HTTP port"
expect "status" "$(curl --silent --max-time 10 --output /dev/null --write-out '%{http_code}' \
  "$registry/v1/applications/signingRequests/info?token=forged")" 403

step "pair from the host"
bash scripts/pair_with_curl.sh "$registry" "Image Test"

# The very ports of the line may be somebody else's here: on a loopback address of its own they are free.
own=127.$((RANDOM % 200 + 20)).$((RANDOM % 256)).$((RANDOM % 254 + 1))
step "docker run -p 8080:8080 -p 8443:8443, at $own"
docker network create "$name" >/dev/null
docker run --detach --name "$name-plain" --network "$name" -p "$own:8080:8080" -p "$own:8443:8443" "$image" >/dev/null
curl_home=$(mktemp -d)
printf 'connect-to = "localhost:%s:'"$own"':%s"\n' 8080 8080 8443 8443 >"$curl_home/.curlrc"
export CURL_HOME=$curl_home
get_ready "$name-plain" http://localhost:8080
step "pair from the host"
bash scripts/pair_with_curl.sh http://localhost:8080 "Host" >/dev/null
step "pair from a container beside it, which calls it by its name"
beside() { docker run --rm --network "$name" --tmpfs /tmp:mode=1777 --env "PAIRSIM_URL=http://$name-plain:8080" "$image" "$@"; }
beside systems register "Sibling" --type "SAP Commerce Cloud" >/dev/null
beside systems pair "Sibling" --out /tmp/shop >/dev/null
for system in Host Sibling; do beside wait --system "$system" --status Registered --timeout 10s >/dev/null; done
unset CURL_HOME

step "the released archive is the same image, twice"
released=$(mktemp -d)
for n in 1 2; do go run ./internal/dist image-test "$released/$n" "linux/$(go env GOARCH)" >/dev/null; done
cmp "$released/1/SHA256SUMS" "$released/2/SHA256SUMS"
docker load --quiet --input "$released"/1/*.image.tar >/dev/null
settings() { # an engine's builder writes an empty list where it has nothing to say, and the default path
  docker image inspect --format '{{with .Config}}{{json .User}} {{json .WorkingDir}} {{json .Entrypoint}} {{json .Cmd}} {{json .ExposedPorts}} {{json .Labels}} {{json .Healthcheck}}{{end}}' "$1"
}
expect "its settings" "$(settings pairsim:image-test)" "$(settings "$image")"
shipped=$(stat -c %s "$released"/1/*.image.tar)
step "a registry keeps and a pull transfers $((shipped / 1000000)) MB"
[ "$shipped" -le 25000000 ] || { echo "image-test: that is more than the 25 MB that are allowed" >&2; exit 1; }

bash scripts/compose_test.sh "$image" bin/linux/pairsim

step "stop it; a container stops within its ten seconds"
docker stop --time 10 "$name" >/dev/null
expect "exit status" "$(docker inspect --format '{{.State.ExitCode}}' "$name")" 0
step ok
