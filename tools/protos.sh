#!/bin/sh
# Writes the Python stubs of all protos to protos/gen, those of buf.validate beside ours since no wheel ships them; with
# --check only says whether they are fresh.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/.venv/bin:$PATH
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
out=protos/gen
[ "${1:-}" = --check ] && out=$scratch/gen

generate() {
    rm -rf "${1:?}/motus" "$1/buf"
    mkdir -p "$1"
    rules=$scratch/validate.binpb
    python tools/imported_descriptors.py "$rules"
    messages=$(find protos/motus -name '*.proto' | sort)
    services=$(printf '%s\n' "$messages" | grep '_service.proto$')
    python -m grpc_tools.protoc --descriptor_set_in="$rules" --python_out="$1" buf/validate/validate.proto
    # shellcheck disable=SC2086
    python -m grpc_tools.protoc --descriptor_set_in="$rules" -Iprotos --python_out="$1" --mypy_out=quiet:"$1" $messages
    # shellcheck disable=SC2086
    python -m grpc_tools.protoc --descriptor_set_in="$rules" -Iprotos --grpc_python_out="$1" \
        --mypy_grpc_out=quiet:"$1" $services
    : >"$1/motus/py.typed"
}

generate "$out"
if [ "${1:-}" = --check ]; then
    for part in motus buf; do
        diff -rq -x __pycache__ "protos/gen/$part" "$out/$part" || {
            echo "the stubs are not fresh: run make protos" >&2
            exit 1
        }
    done
fi
