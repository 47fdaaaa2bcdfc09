#!/bin/sh
# Runs the gazelle that the build itself uses, in the checkout.
# Usage: bazel run //:gazelle [-- gazelle's arguments]
set -eu
gazelle=$0.runfiles/$1
shift
cd "$BUILD_WORKSPACE_DIRECTORY"
exec "$gazelle" "$@"
