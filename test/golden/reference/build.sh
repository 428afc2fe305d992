#!/bin/sh
# Builds buildctl and buildkitd of the version that go.mod names into a folder (default: bin beside this file).
# Does nothing when both are there and newer than go.sum.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=${1:-$here/bin}
mkdir -p "$bin"
bin=$(cd "$bin" && pwd)

fresh() { [ -x "$bin/$1" ] && [ "$bin/$1" -nt "$here/go.sum" ]; }
if fresh buildctl && fresh buildkitd; then
  echo "reference BuildKit is up to date in $bin"
  exit 0
fi
cd "$here"
# An older Go fetches the toolchain that go.mod asks for as a module.
GOTOOLCHAIN=${GOTOOLCHAIN:-auto} GOFLAGS=-mod=readonly CGO_ENABLED=0 go build -trimpath -o "$bin/" \
  github.com/moby/buildkit/cmd/buildctl github.com/moby/buildkit/cmd/buildkitd
# The linker keeps a file that would come out the same, and with it its old time.
touch "$bin/buildctl" "$bin/buildkitd"
echo "reference BuildKit was built into $bin"
