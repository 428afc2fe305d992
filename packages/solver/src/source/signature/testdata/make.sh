#!/bin/sh
# Makes the keys and signatures of this folder anew (GnuPG 2.2). `verdicts.go.txt` then says what BuildKit thinks of them.
set -eu
cd "$(dirname "$0")"
home=$(mktemp -d)
trap 'gpgconf --homedir "$home" --kill all; rm -rf "$home"' EXIT
rm -f ./*.asc content
printf 'signed content\n' >content

gpg() { command gpg --homedir "$home" --batch --quiet --no-tty --pinentry-mode loopback --passphrase '' "$@"; }
# key NAME ALGORITHM USAGE EXPIRES TIME
key() { gpg --faked-system-time "$5" --quick-gen-key "$1 <$1@example.com>" "$2" "$3" "$4"; }
# export NAME: the public key
export_key() { gpg --armor --export "$1@example.com" >"$1.key.asc"; }
# sign SIGNATURE NAME OPTION...
sign() {
  signature=$1 name=$2
  shift 2
  gpg "$@" --armor --local-user "$name@example.com" --output "$signature.sig.asc" --detach-sign content
}

past=20200101T000000
key ed ed25519 sign never "$past"
export_key ed
sign ed ed --faked-system-time 20210101T000000
sign ed-sha1 ed --faked-system-time 20210101T000000 --digest-algo SHA1
sign ed-text ed --faked-system-time 20210101T000000 --textmode
sign ed-expired ed --faked-system-time 20210101T000000 --default-sig-expire 1m
sign ed-future ed --faked-system-time 20900101T000000
key rsa rsa2048 sign never "$past"
export_key rsa
sign rsa rsa --faked-system-time 20210101T000000
key short rsa1024 sign never "$past"
export_key short
sign short short --faked-system-time 20210101T000000
key nist nistp256 sign never "$past"
export_key nist
sign nist nist --faked-system-time 20210101T000000
# Its key has expired since it signed.
key old ed25519 sign 20210601T000000 "$past"
export_key old
sign old-in-time old --faked-system-time 20210101T000000
# A key that signs with a subkey.
key sub ed25519 cert never "$past"
fingerprint=$(gpg --with-colons --list-keys sub@example.com | awk -F: '$1 == "fpr" { print $10; exit }')
gpg --faked-system-time "$past" --quick-add-key "$fingerprint" ed25519 sign never
export_key sub
sign sub sub --faked-system-time 20210101T000000
# Revoked, and revoked as well as expired.
for name in revoked revoked-old; do
  expires=never
  [ "$name" = revoked ] || expires=20210601T000000
  key "$name" ed25519 sign "$expires" "$past"
  sign "$name" "$name" --faked-system-time 20210101T000000
  fingerprint=$(gpg --with-colons --list-keys "$name@example.com" | awk -F: '$1 == "fpr" { print $10; exit }')
  sed 's/^:-----BEGIN/-----BEGIN/' "$home/openpgp-revocs.d/$fingerprint.rev" >"$home/revoke"
  gpg --import "$home/revoke"
  export_key "$name"
done
cat ed.key.asc rsa.key.asc >both.key.asc
# Not detached: content and signature in one.
gpg --faked-system-time 20210101T000000 --armor --local-user ed@example.com --output inline.sig.asc --sign content
