#!/usr/bin/env bash
# Starts pairsim for a job, makes an environment, pairs in it and asserts what has happened.
#   PAIRSIM_BINARY  the program; pairsim unless given
#   PAIRSIM_IMAGE   a container image to start instead of a process; the program is the client still
# PAIRSIM_HTTP_PORT, PAIRSIM_MTLS_PORT and PAIRSIM_CONTROL_PORT choose other ports than 8080, 8443 and 8081.
#
# Rule: journal-verification, environment-dropped
set -euo pipefail
pairsim=${PAIRSIM_BINARY:-pairsim} image=${PAIRSIM_IMAGE:-}
http=${PAIRSIM_HTTP_PORT:-8080} mtls=${PAIRSIM_MTLS_PORT:-8443} control=${PAIRSIM_CONTROL_PORT:-8081}
unset PAIRSIM_BINARY PAIRSIM_IMAGE PAIRSIM_HTTP_PORT PAIRSIM_MTLS_PORT PAIRSIM_CONTROL_PORT # settings of pairsim begin alike
export PAIRSIM_URL=http://localhost:$http PAIRSIM_CONTROL_URL=http://localhost:$control
# Control moves clocks and sets faults: where others reach it, it asks for this key.
PAIRSIM_CONTROL_KEY=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
export PAIRSIM_CONTROL_KEY

started=
stop() {
  if [ -n "$image" ]; then
    [ -z "$started" ] || docker rm --force --volumes "$started" >/dev/null
  elif [ -n "$started" ]; then
    kill "$started" 2>/dev/null && wait "$started" || true
  fi
}
trap stop EXIT

if [ -n "$image" ]; then
  started=$(docker run --detach --read-only --tmpfs /tmp --cap-drop ALL --env PAIRSIM_CONTROL_KEY \
    --publish "127.0.0.1:$http:8080" --publish "127.0.0.1:$mtls:8443" --publish "127.0.0.1:$control:8081" "$image" \
    serve --http 0.0.0.0:8080 --mtls 0.0.0.0:8443 --control 0.0.0.0:8081 \
    --public-url "http://localhost:$http" --public-mtls-url "https://localhost:$mtls")
else
  env -u PAIRSIM_URL -u PAIRSIM_CONTROL_URL "$pairsim" serve --log-level warn \
    --http "127.0.0.1:$http" --mtls "127.0.0.1:$mtls" --control "127.0.0.1:$control" >/dev/null &
  started=$!
fi
"$pairsim" wait --timeout 30s

# An environment for this job: what else is on the server stays as it is.
"$pairsim" env create "job-$$" --ttl 10m >/dev/null
export PAIRSIM_ENV=job-$$

"$pairsim" systems register "Web Shop" --type "SAP Commerce Cloud" >/dev/null
# Your own connector takes this URL; here a simulated tenant does.
"$pairsim" systems token "Web Shop" -o url | "$pairsim" tenants pair commerce - >/dev/null
"$pairsim" wait --system "Web Shop" --status Registered --timeout 30s
"$pairsim" journal verify --method POST --path /v1/applications/certificates --status 201 --exactly 1

"$pairsim" env delete "job-$$" >/dev/null
echo ok
