#!/usr/bin/env bash
# Follows the events of one box with mosquitto_sub, jq and openssl: verifies each, prints each verified one once.
#   subscriber.sh PREFIX/SITE/BOX THUMBPRINT[,THUMBPRINT...] [-h HOST -p PORT --cafile F --cert F --key F]
# THUMBPRINT: what `rollcall identity show` says at the box. More options are those of mosquitto_sub.
#
# A key is trusted as long as you name it here: this does not follow a change of keys, as subscriber.mjs does. When the box
# changes its key, begin again with OLD,NEW (what waits at the broker may be signed with the old one), later with NEW only.
# Until then its events are refused, and the broker, which they were acknowledged to, brings them no more. Nor does it what
# was on its way in here when this was stopped. Such events are missing in the order of `sequence`: ask the box for them
# with the command `resend-events`. What was refused is told on standard error, and kept, as it came, in ./refused-events,
# up to 10 MB: `rollcall events verify` tells what of it is genuine. Ids already seen are kept in ./seen-events.
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

# Nothing may come, for ever: where the ids are wrong, or the broker lets nobody read.
keys=$(mosquitto_sub -W 10 "$@" -q 1 -C 1 -t "$base/keys" || true)
if [ -z "$keys" ]; then
  refuse "no key set has come under $base/keys: are the address and the ids right, and was the box ever connected?"
  exit 1
fi
# A key is the one that was named if it has that RFC 7638 thumbprint: who else says so proves nothing.
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

# Whether $1, the text of a message, is signed by the box; sets $signed to the text without its last attribute.
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

# For later: it may be signed with a key that is not named yet. Bounded, since anybody can have something refused.
keep() {
  [ ${#1} -le 100000 ] && [ "$(stat -c %s refused-events 2>/dev/null || echo 0)" -lt 10000000 ] &&
    printf '%s\n' "$1" >>refused-events
}

# A session of its own (-c, -i): the broker keeps what comes while this does not run. No event is retained (-R).
mosquitto_sub "$@" -q 1 -R -c -i "centre${source//\//-}-sh" -t "$base/event/#" -t "$base/reply/#" |
  while IFS= read -r message; do
    if ! verify "$message"; then
      fate='kept'
      keep "$message" || fate='NOT KEPT: too long, or ./refused-events is full'
      # Quoted, since bytes that somebody made up would steer the terminal.
      refuse "not signed by this box ($fate): $(printf '%q' "${message:0:60}")"
    elif ! id=$(jq -er --arg source "$source" 'select(.source == $source).id' <<<"$signed"); then
      refuse 'of another box'
    elif ! grep -qxF "$id" seen-events; then
      printf '%s\n' "$signed"
      printf '%s\n' "$id" >>seen-events
    fi
  done
