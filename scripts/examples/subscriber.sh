#!/usr/bin/env bash
# Follows the events of one box with mosquitto_sub, jq and openssl: verifies each event and prints it once.
#   subscriber.sh PREFIX/SITE/BOX THUMBPRINT[,THUMBPRINT...] [-h HOST -p PORT --cafile F --cert F --key F]
# THUMBPRINT: from `rollcall identity show` at the box. Further options are those of mosquitto_sub.
#
# Only the keys named here are trusted: unlike subscriber.mjs, this script does not follow a change of keys. When the box
# changes its key, restart with OLD,NEW, because events at the broker may be signed with the old key; later use NEW only.
# Until then the events are refused. They are acknowledged, so the broker does not send them again; neither does it repeat
# events that were on their way when this script was stopped. Gaps in `sequence` show such events: request them from the box
# with the command `resend-events`. Refused messages are reported on standard error and kept in ./refused-events, up to
# 10 MB: `rollcall events verify` shows which of them are genuine. Known ids are kept in ./seen-events.
set -euo pipefail
export LC_ALL=C
usage='usage: subscriber.sh PREFIX/SITE/BOX THUMBPRINT[,THUMBPRINT...] [OPTIONS OF mosquitto_sub]'
if [[ ! "${1-} ${2-}" =~ ^[^+#\ ]+/[^/+#\ ]+/[^/+#\ ]+\ [A-Za-z0-9_-]{43}(,[A-Za-z0-9_-]{43})*$ ]]; then
  printf '%s\n' "$usage" >&2
  exit 2
fi
base=$1 thumbprints=${2//,/ }
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

# No message may ever come, for example when the ids are wrong or the broker does not let this client read.
keys=$(mosquitto_sub -W 10 "$@" -q 1 -C 1 -t "$base/keys" || true)
if [ -z "$keys" ]; then
  refuse "no key set came under $base/keys: check the address and the ids, and that the box was connected before"
  exit 1
fi
# A key is trusted only if its RFC 7638 thumbprint is the named one.
for kid in $thumbprints; do
  x=$(jq -r --arg kid "$kid" '.keys[] | select(.kid == $kid).x' <<<"$keys" 2>/dev/null || true)
  if [ "$(printf '{"crv":"Ed25519","kty":"OKP","x":"%s"}' "$x" | openssl dgst -sha256 -binary | encode)" = "$kid" ]; then
    # An Ed25519 public key as openssl reads it: RFC 8410's twelve bytes, then the key.
    { printf '\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00' && decode <<<"$x"; } >"$work/$kid.der"
  else
    refuse "the box publishes no key with the thumbprint $kid"
  fi
done
compgen -G "$work/*.der" >/dev/null || exit 1

# Verifies that the box signed the message $1; sets $signed to its text without the last attribute.
verify() {
  local message=$1 jws header kid
  signed=${message%,\"signature\":\"*}\}
  jws=${message:$((${#signed} + 13))}
  jws=${jws%\"\}}
  [ "$message" = "${signed%\}},\"signature\":\"$jws\"}" ] || return 1
  [[ $jws =~ ^([A-Za-z0-9_-]+)\.\.([A-Za-z0-9_-]{86})$ ]] || return 1
  header=${BASH_REMATCH[1]}
  decode <<<"${BASH_REMATCH[2]}" >"$work/signature"
  kid=$(decode <<<"$header" | jq -er 'select(del(.iat, .kid) == {alg: "EdDSA", typ: "rollcall+jws"}).kid' 2>/dev/null) ||
    return 1
  [[ " $thumbprints " == *" $kid "* && -e $work/$kid.der ]] || return 1
  { printf '%s.' "$header" && printf '%s' "$signed" | encode; } >"$work/input"
  openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey "$work/$kid.der" \
    -sigfile "$work/signature" -in "$work/input" >/dev/null 2>&1
}

# Keeps a message that may be signed with a key not named yet. Bounded, because anyone can cause refusals.
keep() {
  [ ${#1} -le 100000 ] && [ "$(stat -c %s refused-events 2>/dev/null || echo 0)" -lt 10000000 ] &&
    printf '%s\n' "$1" >>refused-events
}

# Uses a persistent session (-c, -i): the broker keeps events while this script does not run. No event is retained (-R).
mosquitto_sub "$@" -q 1 -R -c -i "centre${source//\//-}-sh" -t "$base/event/#" -t "$base/reply/#" |
  while IFS= read -r message; do
    if ! verify "$message"; then
      fate='kept'
      keep "$message" || fate='NOT KEPT: too long, or ./refused-events is full'
      # Quoted, because invented bytes could control the terminal.
      refuse "not signed by this box ($fate): $(printf '%q' "${message:0:60}")"
    elif ! id=$(jq -er --arg source "$source" 'select(.source == $source).id' <<<"$signed"); then
      refuse 'from another box'
    elif ! grep -qxF "$id" seen-events; then
      printf '%s\n' "$signed"
      printf '%s\n' "$id" >>seen-events
    fi
  done
