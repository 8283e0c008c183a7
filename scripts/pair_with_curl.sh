#!/usr/bin/env bash
# Pairs a system with a registry call by call, with curl and openssl only: what every connector does.
# usage: scripts/pair_with_curl.sh [http://127.0.0.1:8080] [NAME]
#        scripts/pair_with_curl.sh --token-url URL CA.pem    the tenant's part alone, steps 2 to 5
#
# Rule: pairing-makes-registered, registered-by-first-call, pairing-info-answer, certificate-contents, management-info
# Rule: registered-in-cockpit-is-pending, token-comes-with-registration, tls-names-and-ca
set -euo pipefail
token_url=
if [ "${1:-}" = --token-url ]; then
  token_url=$2
  ca=$(cat "$3")
fi
registry=${1:-http://127.0.0.1:8080}
name=${2:-Web Shop $RANDOM}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

call() { # as curl; a refusal is shown
  : >answer.json
  curl --silent --show-error --fail-with-body --max-time 20 --cacert ca.pem --output answer.json "$@" ||
    { cat answer.json >&2; return 1; }
  cat answer.json
}
post() { call --header 'Content-Type: application/json' --data "$2" "$1"; } # URL BODY
# value KEY JSON: the first string called KEY; enough for these answers, a real client has a JSON library
value() {
  grep -oE "\"$1\" *: *\"[^\"]*\"" <<<"$2" | sed -nE '1s/^"[^"]*" *: *"(.*)"$/\1/p' ||
    { echo "the answer has no \"$1\"" >&2; return 1; }
}
step() { echo; echo "$*"; }

if [ -n "$token_url" ]; then
  echo "$ca" >ca.pem
else
  curl --silent --show-error --fail --max-time 20 --output ca.pem "$registry/ca.pem" # signs the TLS listener's certificate

  step "1. The administrator registers \"$name\" and copies its token URL"
  system=$(post "$registry/api/v1/globalAccounts/default/systems" "{\"name\":\"$name\",\"type\":\"SAP Commerce Cloud\"}")
  id=$(value id "$system")
  token_url=$(value tokenUrl "$system")
  echo "   system $id is $(value label "$system")"
  echo "   ${token_url:0:90}…"
fi

step "2. The tenant redeems the token: where to send the certificate request, and for whom"
info=$(call "$token_url")
subject=$(value subject "$info")
echo "   subject $subject"

step "3. It makes a key and a certificate request; the key stays here"
openssl genrsa -out key.pem 2048 2>/dev/null
openssl req -new -key key.pem -subj "/${subject//,//}" -out request.pem

step "4. The registry signs the request"
signed=$(post "$(value csrUrl "$info")" "{\"csr\":\"$(base64 <request.pem | tr -d '\n')\"}")
value crt "$signed" | base64 -d >client.pem
openssl x509 -in client.pem -noout -serial -enddate | sed 's/^/   /'

step "5. With the certificate it asks for its addresses: the first mTLS call completes the pairing"
management=$(call --cert client.pem --key key.pem "$(value infoUrl "$info")")
echo "   events go to $(value eventsUrl "$management")"

[ -z "$token_url" ] || exit 0

step "6. The administrator looks again"
label=$(value label "$(call "$registry/api/v1/systems/$id")")
echo "   $name is $label"
[ "$label" = Registered ]
