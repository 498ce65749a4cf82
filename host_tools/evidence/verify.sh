#!/bin/sh
# Checks an export with openssl and sha256sum alone: every file, the list of files, the signature.
#
#     sh verify.sh [FOLDER [FINGERPRINT]]
#
# FOLDER is the export, else the one you are in. FINGERPRINT is the SHA-256 of the signer's public
# key as the release note gives it: without it only the key in the folder vouches for the folder.
# Ends with 0 when all is good, 1 when it is not, 2 when it could not be checked.
# What it checks is in docs/formats/evidence.md; it needs a POSIX shell and the usual small tools.
set -u
LC_ALL=C
export LC_ALL

fail() {
    echo "NOT GOOD: $1" >&2
    exit 1
}

part() { # offset length: bytes of manifest.cose
    tail -c "+$(($1 + 1))" manifest.cose | head -c "$2"
}

hex() {
    od -An -v -tx1 | tr -d ' \n'
}

cd "${1:-.}" || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
for name in SHA256SUMS manifest.cose manifest.cbor signer.pem; do
    [ -f "$name" ] || fail "$name is missing"
done

# Every file is in the list, and everything in the list is there.
[ -z "$(find . -mindepth 1 ! -type f)" ] || fail "there is something that is not a file"
find . -mindepth 1 | sed 's,^\./,,' | sort >"$work/there"
{
    sed 's/^[0-9a-f]*  //' SHA256SUMS
    printf '%s\n' SHA256SUMS manifest.cose
} | sort >"$work/listed"
diff "$work/listed" "$work/there" >&2 || fail "files are missing (<) or too many (>)"
sha256sum --check --strict --quiet SHA256SUMS >&2 || fail "a file is not as it was exported"

# The signature: COSE_Sign1 with ES256, its payload the manifest, its external data the hash of
# the list. Its fixed bytes are compared; the signed ones are put together again.
key_hash=$(openssl pkey -pubin -in signer.pem -outform DER 2>/dev/null | sha256sum | cut -c1-64)
[ "$(part 0 8 | hex)" = d2844da201260448 ] || fail "manifest.cose is no signature of this kind"
[ "$(part 8 8 | hex)" = "$(echo "$key_hash" | cut -c1-16)" ] || fail "signer.pem is another key"
payload_bytes=$(($(wc -c <manifest.cbor)))
if [ "$payload_bytes" -lt 65536 ]; then
    head_bytes=3
    head=$(printf '59%04x' "$payload_bytes")
else
    head_bytes=5
    head=$(printf '5a%08x' "$payload_bytes")
fi
end=$((17 + head_bytes + payload_bytes))
[ "$(part 16 $((1 + head_bytes)) | hex)" = "a0$head" ] || fail "manifest.cose is out of shape"
[ "$(part "$end" 2 | hex)" = 5840 ] || fail "manifest.cose is out of shape"
[ $(($(wc -c <manifest.cose))) -eq $((end + 66)) ] || fail "manifest.cose is out of shape"
part $((17 + head_bytes)) "$payload_bytes" | cmp -s - manifest.cbor ||
    fail "manifest.cbor is not what was signed"
{
    printf '\204\152Signature1'
    part 2 14
    printf 'X@%s' "$(sha256sum <SHA256SUMS | cut -c1-64)"
    part 17 $((head_bytes + payload_bytes))
} >"$work/signed"
cat >"$work/pair" <<PAIR
asn1=SEQUENCE:pair
[pair]
r=INTEGER:0x$(part $((end + 2)) 32 | hex)
s=INTEGER:0x$(part $((end + 34)) 32 | hex)
PAIR
openssl asn1parse -genconf "$work/pair" -noout -out "$work/signature" >/dev/null 2>&1 ||
    fail "the signature is out of shape"
openssl dgst -sha256 -verify signer.pem -signature "$work/signature" "$work/signed" \
    >/dev/null 2>&1 || fail "the signature is not that of signer.pem"

if [ -n "${2:-}" ]; then
    [ "$(echo "$2" | tr 'A-F' 'a-f' | tr -d ': ')" = "$key_hash" ] ||
        fail "signer.pem is not the key with that fingerprint but $key_hash"
    echo "GOOD: every file is as it was exported, and the key is the one you named"
else
    echo "GOOD: every file is as it was exported, signed by the key with fingerprint"
    echo "$key_hash"
    echo "Compare it with the release note: it did not come in this folder."
fi
