#!/bin/sh
# Build .venv from a lock file with hashes, if it is not built from this very lock yet.
#
#     sh scripts/install.sh runtime|dev
#
# The stamp in .venv is a copy of the lock, headed by the place it was built in: a changed lock, a
# moved folder or a Python that went away builds anew; otherwise nothing is installed.
set -eu
cd "$(dirname "$0")/.."
unset PYTHONHOME PYTHONPATH

kind=$1
case $kind in
    runtime) lock=requirements.lock ;;
    dev) lock=requirements-dev.lock ;;
    *) echo "usage: sh scripts/install.sh runtime|dev" >&2; exit 2 ;;
esac
venv=.venv

stamp_of() {
    echo "# built in $(pwd -P)"
    cat "$1"
}

is_installed() {
    [ -f "$venv/installed-$1" ] && stamp_of "$2" | cmp -s - "$venv/installed-$1" &&
        "$venv/bin/python" -c 'import sys' 2>/dev/null && [ -x "$venv/bin/outreach" ]
}

# What the development lock installs holds all of the runtime lock.
if is_installed dev requirements-dev.lock; then exit 0; fi
if [ "$kind" = runtime ] && is_installed runtime requirements.lock; then exit 0; fi

find_python() {
    without_venv=
    for name in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        if "$name" -c 'import ensurepip, venv' 2>/dev/null; then
            echo "$name"
            return
        fi
        without_venv=$("$name" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    done
    if [ -n "$without_venv" ]; then
        echo "Python $without_venv is here, but cannot build a virtual environment (its venv or ensurepip is missing)." >&2
        echo "On Debian or Ubuntu: sudo apt-get install python3-venv (or python$without_venv-venv). Then run the same command again." >&2
    else
        echo "Python 3.11 or newer is needed, and none was found." >&2
        echo "Debian or Ubuntu: sudo apt-get install python3 python3-venv · macOS: brew install python. Or name one: make run PYTHON=/path/to/python3" >&2
    fi
    return 1
}

# A virtual environment cannot be moved, nor outlive the Python it was made with.
# Nor does pip take away what a changed lock no longer names.
is_of_another_lock() {
    for stamp in "$venv"/installed-runtime "$venv"/installed-dev; do
        [ -f "$stamp" ] || continue
        stamp_of "requirements$([ "${stamp##*-}" = dev ] && echo -dev).lock" | cmp -s - "$stamp" || return 0
    done
    return 1
}

if ! "$venv/bin/python" -c 'import pip' 2>/dev/null || is_of_another_lock ||
    { [ -f "$venv/built-in" ] && [ "$(cat "$venv/built-in")" != "$(pwd -P)" ]; }; then
    python=$(find_python)
    echo "Building $venv with $("$python" --version)"
    rm -rf "$venv"
    "$python" -m venv "$venv"
    pwd -P >"$venv/built-in"
fi

echo "Installing what $lock names (the first time takes a minute or two)"
rm -f "$venv/installed-runtime" "$venv/installed-dev"
PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 \
    "$venv/bin/python" -m pip install --quiet --require-hashes -r "$lock"
"$venv/bin/python" scripts/link_project.py
stamp_of "$lock" >"$venv/installed-$kind"
