#!/bin/sh
# Makes .venv: a virtual environment with everything that requirements.txt pins. Run by make.
#
# PYTHON may name the interpreter to use. The last thing written is .venv/.complete, so that a
# set-up that was interrupted is begun anew.
set -eu

fail() {
    printf 'set-up: %s\n' "$@" >&2
    exit 1
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

version() {
    "$1" -c 'import sys; print("Python %d.%d" % sys.version_info[:2])' 2>/dev/null || echo 'not there'
}

if [ -n "${PYTHON:-}" ]; then
    new_enough "$PYTHON" || fail "PYTHON=$PYTHON is $(version "$PYTHON"), this needs Python 3.11 or newer."
else
    for PYTHON in python3 python3.14 python3.13 python3.12 python3.11 none; do
        new_enough "$PYTHON" && break
    done
    [ "$PYTHON" != none ] || fail "this needs Python 3.11 or newer; python3 is $(version python3)." \
        'Install one, or say where it is: make PYTHON=/path/to/python3.12 …'
fi

"$PYTHON" -c 'import ensurepip, venv' >/dev/null 2>&1 || fail \
    "$(version "$PYTHON") ($PYTHON) cannot make virtual environments: its venv or ensurepip is missing." \
    'On Debian and Ubuntu they come with: apt install python3-venv'

echo "Setting up .venv with $(version "$PYTHON"), once …"
rm -rf .venv
"$PYTHON" -m venv .venv
# uv does in seconds what takes pip a minute. Where it cannot be had, or does not get through
# (a private mirror that only pip is configured for), pip does it. Both trust the certificates
# of the system.
with_pip() { .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"; }
with_uv() { .venv/bin/python -m uv pip install --quiet --system-certs --python .venv/bin/python "$@"; }
uv=$(sed -n 's/^\(uv==[^ ;]*\).*/\1/p' requirements.txt)
if ! { with_pip "$uv" && with_uv -r requirements.txt; }; then
    echo 'Not with uv; now with pip, which takes a minute or two …'
    with_pip -r requirements.txt || fail 'the packages could not be installed; see above.' \
        'They come from the internet: once there is a connection, call make again, which begins anew.'
fi
pwd -P >.venv/.complete
