#!/bin/sh
# Sets up what is missing, and nothing else: the virtual environment, the members of the workspace, the pose model and
# what mediapipe's library needs of the system. A second run finds all there and touches no network.
#
#   tools/setup.sh run    what `make run` needs
#   tools/setup.sh dev    also what tests and checks need
set -eu
cd "$(dirname "$0")/.."
kind=${1:-run}
venv=.venv
uv_version=0.13.9

say() { printf '%s\n' "motus: $*" >&2; }
die() { say "$*"; exit 1; }

as_root() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }

# $1 what is missing, then the packages that mend it.
mend() {
    missing=$1; shift
    as_root || die "$missing. Mend it with: sudo apt-get update && sudo apt-get install -y $*"
    say "$missing; installing $*"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } \
        >/dev/null || die "that failed. Try: apt-get update && apt-get install -y $*"
}

find_python() {
    for candidate in ${MOTUS_PYTHON:-} python3.13 python3.12 python3.11 python3; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
}

make_venv() {
    [ -x $venv/bin/python ] && [ -x $venv/bin/uv ] && return
    python=$(find_python)
    [ -n "$python" ] || mend "no Python 3.11 to 3.13 here" python3 python3-venv
    python=$(find_python)
    [ -n "$python" ] || die "no Python 3.11 to 3.13 is to be had here; set MOTUS_PYTHON to one"
    "$python" -c 'import venv, ensurepip' 2>/dev/null || mend "Python lacks venv" python3-venv
    say "making $venv with $python"
    "$python" -m venv $venv
    $venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$uv_version"
}

fingerprint() { cat requirements.lock pyproject.toml tools/setup.sh ./*/pyproject.toml services/*/pyproject.toml | sha256sum | cut -d' ' -f1; }

# The lock is a constraint with hashes, so that a wrong file is refused.
install() {
    stamp=$venv/.motus-$kind
    [ "$(cat $stamp 2>/dev/null)" = "$(fingerprint)" ] && return
    say "installing the $kind environment (a few minutes the first time)"
    members="-e protos -e runtime -e client[local]"
    for service in services/*/; do members="$members -e ${service%/}"; done
    [ "$kind" = dev ] && members="$members -e samples --group dev"
    # shellcheck disable=SC2086
    VIRTUAL_ENV=$PWD/$venv $venv/bin/uv pip install --quiet -c requirements.lock $members
    fingerprint >$stamp
    [ "$kind" = dev ] && fingerprint >$venv/.motus-run || true
}

system_libraries() {
    # Only MediaPipe needs any: the reference that tests compare with, and whoever chooses it.
    [ "$kind" = dev ] || [ "${MOTUS_POSE_ENGINE:-}" = mediapipe ] || return 0
    missing=$($venv/bin/python -c 'from motus_pose.engines.libraries import missing_libraries as m; print(*m())')
    # shellcheck disable=SC2086
    [ -z "$missing" ] || mend "mediapipe's library lacks something of the system" $missing
    [ "$kind" = dev ] || return 0
    # Without a renderer its tests are skipped and say so; that is no reason to stop here.
    missing=$($venv/bin/python -c 'from motus_samples.gl import missing_gl; print(missing_gl() or "")')
    [ -z "$missing" ] || ! as_root || mend "the sample renderer cannot work: $missing" libegl1 libgl1-mesa-dri
}

make_venv
install
system_libraries
if [ -z "${MOTUS_POSE_MODEL:-}" ]; then
    # Tests and benches hold the model against the stock one, from which it is then built.
    [ "$kind" = run ] || $venv/bin/python -m motus_pose.bundle --stock >/dev/null
    $venv/bin/python -m motus_pose.bundle >/dev/null
fi
