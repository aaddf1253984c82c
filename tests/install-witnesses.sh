#!/bin/sh
# Make sure the tools of others that the tests ask for a second opinion are there (Debian 12).
# Nothing is done when they are; as root they are installed; else their names are said.
# "slow" as argument: those of the slow tests too.
set -eu

# tool, and the Debian package that brings it
wanted='
pdfsig    poppler-utils
pdftoppm  poppler-utils
pdftotext poppler-utils
qpdf      qpdf
xmlsec1   xmlsec1
openssl   openssl
chromium  chromium
softhsm2-util softhsm2
/usr/bin/python3.11 python3.11
'

[ "${1:-}" != slow ] || wanted="$wanted
javac     openjdk-17-jdk-headless
mvn       maven
"

missing() {
    echo "$wanted" | while read -r tool package; do
        [ -z "$tool" ] || command -v "$tool" >/dev/null 2>&1 || echo "$package"
    done | sort -u | tr '\n' ' '
}

packages=$(missing)
[ -n "$packages" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing the witnesses: $packages" >&2
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 -- a list of words
    { apt-get update -q && apt-get install -q -y --no-install-recommends $packages; } >&2 || true
    packages=$(missing)
    [ -n "$packages" ] || exit 0
fi

echo "witnesses are missing; the tests that ask them will fail. As root: apt-get install $packages" >&2
[ "${CI:-}" != true ] || exit 1
