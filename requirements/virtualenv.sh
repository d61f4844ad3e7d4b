#!/usr/bin/env bash
# Prepare the virtualenv: Ansible, what it needs, and the collections, each held to its hash. `make` calls it when it is
# due; what can stand in the way is told in one sentence with its remedy.
#
# Usage: virtualenv.sh DIRECTORY, in the checkout.
set -euo pipefail

venv=$1
stamp=$venv/.ready

# shellcheck source=requirements/say.sh
. requirements/say.sh

command -v python3 >/dev/null || refuse 'python3 is missing: sudo apt-get install python3 python3-venv'
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  refuse "$(python3 --version) is too old: 3.11 or newer is needed, as in Debian 12 and 13."
python3 -c 'import ensurepip, venv' 2>/dev/null || refuse 'python3-venv is missing: sudo apt-get install python3-venv'
[ -w . ] || refuse "$PWD cannot be written to: copy the checkout to a directory of yours and run make there."

# What root has made there through sudo is in the way of everybody else.
rm -rf "$venv" 2>/dev/null || sudo rm -rf "$venv"
# The python3 found so far may have been the one in there.
hash -r
mkdir "$venv"
log=$venv/prepare.log

began=$SECONDS
while sleep 10 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do echo "    … $((SECONDS - began)) s"; done &
trap 'kill $! 2>/dev/null' EXIT

step() { # step WHAT COMMAND…: the output is shown where it is needed, after a failure
  printf '  %s\n' "$1"
  shift
  "$@" >>"$log" 2>&1 && return
  if grep -qE 'from versions: none|NewConnectionError|ConnectTimeoutError|ProxyError|ReadTimeoutError|name resolution|dns error|tcp connect' "$log"; then
    refuse "PyPI, where Ansible comes from, cannot be reached: see to the network or the proxy (https_proxy, pip config), then make. All output: $log"
  elif grep -q 'No space left on device' "$log"; then
    refuse "The disk is full: the virtualenv needs 300 MiB in $PWD."
  fi
  tail -n 5 "$log" >&2
  refuse "The virtualenv could not be prepared. All output: $log"
}

bin=$venv/bin
say 'Preparing the virtualenv (once, about half a minute):'
step 'Python' python3 -m venv "$venv"
step 'uv, which installs fast' "$bin/python" -m pip install --disable-pip-version-check --require-hashes -r requirements/uv.txt
step 'Ansible' "$bin/uv" pip sync --quiet --compile-bytecode --python "$bin/python" --require-hashes requirements/uv.txt requirements/run.txt
step 'the rules of the subject' "$bin/uv" pip install --quiet --python "$bin/python" --no-deps --no-build-isolation --editable tools/checker
step "Ansible's collection for Docker" "$bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
  --dest "$venv/wheels" -r requirements/collections.txt
step 'unpacking it' "$bin/python" requirements/unpack_collections.py "$venv/wheels" "$venv/collections"
# The stamp comes last, so that an interrupted installation begins anew. It says where the virtualenv was made, because
# its programs know that path: a moved or copied checkout needs a new one.
pwd -P >"$stamp"
