#!/bin/bash
# Writes the .pb.go files beside each .proto of this folder. tools/update calls it.
#
# Usage: ballista/proto/generate.sh [folder of the checkout]
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}"

tools/need protobuf-compiler
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
for plugin in protoc-gen-go protoc-gen-go-grpc; do
  path=$(go tool -modfile=tools/tools.mod -n "$plugin")
  ln -s "$path" "$bin/$plugin"
done
for file in ballista/proto/*/*.proto; do
  PATH=$bin:$PATH protoc --go_out=. --go_opt=paths=source_relative \
    --go-grpc_out=. --go-grpc_opt=paths=source_relative "$file"
done
# Which version of the compiler read the files changes nothing in what they mean.
sed -i -E '/^\/\/ (-? ?)[[:space:]]*protoc[[:space:]]+v[0-9.]+$/d' ballista/proto/*/*.pb.go
