#!/bin/sh
# Fill a folder with calcimetry and all that the default install needs, for machines without network.
set -eu
out=${1:-wheels}
mkdir -p "$out"
python=.venv/bin/python
"$python" -m pip --version >/dev/null 2>&1 || "$python" -m ensurepip --upgrade >/dev/null
"$python" -m pip wheel --quiet --disable-pip-version-check --wheel-dir "$out" .
echo "$out: $(ls "$out" | wc -l) wheels. On the other machine: pip install --no-index --find-links $out calcimetry"
