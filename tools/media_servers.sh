#!/bin/sh
# Builds the media servers that tests and benches of live sources start, into .tools/bin: LiveKit's, and our small one for
# RTSP. What is there at its version is left as it is; without Go those tests are skipped, and that is no error.
set -eu
cd "$(dirname "$0")/.."
livekit_version=v1.13.5
bin=$PWD/.tools/bin

say() { printf '%s\n' "motus: $*" >&2; }

# Says whether the program $1 was built from the version $2, and tells so.
built() {
    [ -x "$bin/$1" ] && [ "$(cat "$bin/.$1" 2>/dev/null)" = "$2" ] || return 1
    say "$1 is there already"
}

livekit_server() {
    built livekit-server "$livekit_version" && return
    say "building livekit-server $livekit_version (a few minutes the first time)"
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    GOBIN=$scratch go install "github.com/livekit/livekit-server/cmd/server@$livekit_version"
    mv "$scratch/server" "$bin/livekit-server"
    printf '%s' "$livekit_version" >"$bin/.livekit-server"
}

rtsp_server() {
    version=$(cat tools/rtsp_server/go.* tools/rtsp_server/*.go | sha256sum | cut -d' ' -f1)
    built rtsp-server "$version" && return
    say "building rtsp-server"
    (cd tools/rtsp_server && go build -o "$bin/rtsp-server" .)
    printf '%s' "$version" >"$bin/.rtsp-server"
}

if ! command -v go >/dev/null 2>&1; then
    say "no Go here: the media servers are not built, and tests that need one are skipped"
    exit 0
fi
mkdir -p "$bin"
rtsp_server
livekit_server
