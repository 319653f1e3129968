#!/usr/bin/env bash
# Follows the events of one box with mosquitto_sub, jq and openssl: verifies each, prints each verified one once.
#   subscriber.sh PREFIX/SITE/BOX THUMBPRINT [OPTIONS OF mosquitto_sub: -h HOST -p PORT --cafile F --cert F --key F]
# THUMBPRINT: what `rollcall identity show` says at the box. When the box changes its key, say the new one.
# What was refused is told on standard error. Ids already seen are kept in ./seen-events.
set -euo pipefail
export LC_ALL=C
base=$1 thumbprint=$2
shift 2
box=${base%/*} source=/${box##*/}/${base##*/}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
touch seen-events

decode() { # base64url
  local text
  text=$(tr '_-' '/+')
  while [ $((${#text} % 4)) -ne 0 ]; do text+='='; done
  base64 -d <<<"$text" 2>/dev/null
}
encode() { base64 -w0 | tr '/+' '_-' | tr -d '='; }
refuse() { printf 'REFUSED  %s\n' "$1" >&2; }

# The key whose RFC 7638 thumbprint is the one that was said: who else says so proves nothing, the thumbprint does.
x=$(mosquitto_sub "$@" -q 1 -C 1 -t "$base/keys" | jq -r --arg kid "$thumbprint" '.keys[] | select(.kid == $kid).x')
if [ "$(printf '{"crv":"Ed25519","kty":"OKP","x":"%s"}' "$x" | openssl dgst -sha256 -binary | encode)" != "$thumbprint" ]; then
  refuse "the box publishes no key with the thumbprint $thumbprint"
  exit 1
fi
# An Ed25519 public key as openssl reads it: RFC 8410's twelve bytes, then the key.
{ printf '\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00' && decode <<<"$x"; } >"$work/key.der"

# Whether $1, the text of a message, is signed by the box; sets $signed to the text without its last attribute.
verify() {
  local message=$1 jws header
  signed=${message%,\"signature\":\"*}\}
  jws=${message:$((${#signed} + 13))}
  jws=${jws%\"\}}
  [ "$message" = "${signed%\}},\"signature\":\"$jws\"}" ] || return 1
  [[ $jws =~ ^([A-Za-z0-9_-]+)\.\.([A-Za-z0-9_-]{86})$ ]] || return 1
  header=${BASH_REMATCH[1]}
  decode <<<"${BASH_REMATCH[2]}" >"$work/signature"
  decode <<<"$header" | jq -e --arg kid "$thumbprint" \
    'del(.iat) == {alg: "EdDSA", kid: $kid, typ: "rollcall+jws"}' >/dev/null 2>&1 || return 1
  { printf '%s.' "$header" && printf '%s' "$signed" | encode; } >"$work/input"
  openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey "$work/key.der" \
    -sigfile "$work/signature" -in "$work/input" >/dev/null 2>&1
}

# A session of its own (-c, -i): the broker keeps what comes while this does not run. No event is retained (-R).
mosquitto_sub "$@" -q 1 -R -c -i "centre${source//\//-}-sh" -t "$base/event/#" -t "$base/reply/#" |
  while IFS= read -r message; do
    if ! verify "$message"; then
      refuse "not signed by this box: ${message:0:60}"
    elif ! id=$(jq -er --arg source "$source" 'select(.source == $source).id' <<<"$signed"); then
      refuse 'of another box'
    elif ! grep -qxF "$id" seen-events; then
      printf '%s\n' "$signed"
      printf '%s\n' "$id" >>seen-events
    fi
  done
