#!/bin/sh
# Make .venv with the Python that is there and install calcimetry into it: `setup.sh default|test|dev`.
set -eu
want=${1:-default}
export UV_PYTHON_DOWNLOADS=never

find_python() {
    for name in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    echo "make: no Python 3.11 to 3.14 found (set PYTHON=/path/to/python)" >&2
    exit 2
}

groups() {
    case $want in
        default) ;;
        test) echo "--group test" ;;
        dev) echo "--group dev" ;;
        *) echo "setup.sh: default, test or dev" >&2; exit 2 ;;
    esac
}
extras=""
[ "$want" = default ] || extras="[jpeg12,pandas,yaml]"

if command -v uv >/dev/null 2>&1; then
    [ -x .venv/bin/python ] || uv venv --quiet --python "$(find_python)" .venv
    # shellcheck disable=SC2046
    uv pip install --quiet --python .venv/bin/python --editable ".$extras" $(groups)
else
    if [ ! -x .venv/bin/python ]; then
        "$(find_python)" -m venv .venv
        # Older pip knows no dependency groups.
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
    fi
    # shellcheck disable=SC2046
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".$extras" $(groups)
fi
touch .venv/.installed
[ "$want" = default ] || touch .venv/.installed-test
[ "$want" != dev ] || touch .venv/.installed-dev
