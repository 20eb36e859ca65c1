#!/bin/sh
# Usage: tools/venv.sh PYTHON FOLDER
# Creates a virtual environment with pip in FOLDER, from PYTHON or the first newer one found.
set -eu

good() {
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

python=
for candidate in "$1" python3.13 python3.12 python3.11; do
    if good "$candidate"; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "setup: $1 is missing or older than 3.11; install Python 3.11 or newer," \
        "or name one: make PYTHON=/path/to/python" >&2
    exit 1
fi

rm -rf "$2"
if ! "$python" -m venv "$2" >/dev/null 2>&1; then
    # Debian splits ensurepip from Python; the pip outside can fill the environment instead.
    rm -rf "$2"
    "$python" -m venv --without-pip "$2"
    if ! "$python" -m pip --python "$2/bin/python" install --quiet pip; then
        echo "setup: $python has neither ensurepip nor pip; install one of them" \
            "(Debian: python3-venv)" >&2
        exit 1
    fi
fi
echo "setup: created $2 with $("$python" --version)"
