#!/bin/sh
# Writes the Python stubs of all protos to protos/gen; with --check only says whether they are fresh.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/.venv/bin:$PATH
out=protos/gen
[ "${1:-}" = --check ] && out=$(mktemp -d) && trap 'rm -rf "$out"' EXIT

generate() {
    rm -rf "${1:?}/motus"
    mkdir -p "$1"
    messages=$(find protos/motus -name '*.proto' | sort)
    services=$(printf '%s\n' "$messages" | grep '_service.proto$')
    # shellcheck disable=SC2086
    python -m grpc_tools.protoc -Iprotos --python_out="$1" --mypy_out=quiet:"$1" $messages
    # shellcheck disable=SC2086
    python -m grpc_tools.protoc -Iprotos --grpc_python_out="$1" --mypy_grpc_out=quiet:"$1" $services
    : >"$1/motus/py.typed"
}

generate "$out"
if [ "${1:-}" = --check ]; then
    diff -rq -x __pycache__ protos/gen/motus "$out/motus" || {
        echo "the stubs are not fresh: run make protos" >&2
        exit 1
    }
fi
