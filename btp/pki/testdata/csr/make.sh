#!/bin/sh
# Writes the certificate requests of this folder: what openssl makes and Go does
# not (MD5, small or odd keys), and the line forms that clients send. Each file
# starts with a line that says what ParseCSR must answer. Run it here.
set -eu
subject='/O=Organization/OU=TEST/L=Waldorf/ST=Waldorf/C=DE/CN=shop-eu'
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# csr FILE EXPECT DIGEST GENPKEY-ARGUMENTS…
csr() {
	file=$1 expect=$2 digest=$3
	shift 3
	openssl genpkey -out "$tmp/key" "$@" 2>/dev/null
	# shellcheck disable=SC2086 # no digest, no argument
	openssl req -new -key "$tmp/key" -subj "$subject" $digest -out "$tmp/csr"
	{ echo "expect: $expect"; cat "$tmp/csr"; } >"$file"
}
# rewrite FILE EXPECT SED-SCRIPT: rsa2048.txt in another form
rewrite() {
	{ echo "expect: $2"; tail -n +2 rsa2048.txt | sed "$3"; } >"$1"
}

csr rsa2048.txt ok -sha256 -algorithm RSA -pkeyopt rsa_keygen_bits:2048
csr rsa4096.txt ok -sha512 -algorithm RSA -pkeyopt rsa_keygen_bits:4096
csr rsa-exponent-3.txt ok -sha256 -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3
csr rsa-sha1.txt ok -sha1 -algorithm RSA -pkeyopt rsa_keygen_bits:2048
csr ecdsa-sha1.txt ok -sha1 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
csr p256.txt ok -sha256 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
csr p384.txt ok -sha384 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
csr p521.txt ok -sha512 -algorithm EC -pkeyopt ec_paramgen_curve:P-521
csr ed25519.txt ok '' -algorithm ED25519
csr rsa-md5.txt csr-signature-invalid -md5 -algorithm RSA -pkeyopt rsa_keygen_bits:2048
csr rsa1024.txt csr-key-refused -sha256 -algorithm RSA -pkeyopt rsa_keygen_bits:1024
csr rsa5120.txt csr-key-refused -sha256 -algorithm RSA -pkeyopt rsa_keygen_bits:5120
csr rsa-long-exponent.txt csr-key-refused -sha256 -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:4294967297
csr p224.txt csr-key-refused -sha256 -algorithm EC -pkeyopt ec_paramgen_curve:P-224
csr ed448.txt csr-key-refused '' -algorithm ED448
csr secp256k1.txt csr-malformed -sha256 -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1

rewrite crlf.txt ok 's/$/\r/'
rewrite keytool.txt ok 's/CERTIFICATE REQUEST/NEW CERTIFICATE REQUEST/'
rewrite truncated.txt csr-malformed '6,$d'
{
	echo 'expect: ok'
	echo '-----BEGIN CERTIFICATE REQUEST-----'
	tail -n +3 rsa2048.txt | sed '/-----/d' | tr -d '\n'
	printf '\n-----END CERTIFICATE REQUEST-----\n'
} >one-long-line.txt
{
	echo 'expect: csr-malformed'
	openssl req -x509 -key "$tmp/key" -subj "$subject" -days 1
} >certificate.txt
