#!/bin/sh
# Builds the S3 server that tests talk to, or with "mc" as its argument that
# server's client, once per version, and prints its path. It needs Go and the Go
# module proxy; the first run takes some two minutes, later ones no time.
# Concurrent runs wait for each other.
#
# $KALLAD_MINIO, if set, is a server to use in its place.
set -eu

name=${1:-minio}
case $name in
	minio) version=v0.0.0-20260212201848-7aac2a2c5b7c ;;
	mc) version=v0.0.0-20250313080218-cf909e1063a9 ;;
	*) echo "fetch-minio: want minio or mc, not $name" >&2; exit 2 ;;
esac

if [ "$name" = minio ] && [ -n "${KALLAD_MINIO:-}" ]; then
	if [ ! -x "$KALLAD_MINIO" ]; then
		echo "fetch-minio: KALLAD_MINIO is $KALLAD_MINIO, which is no program" >&2
		exit 1
	fi
	printf '%s\n' "$KALLAD_MINIO"
	exit 0
fi

bin="${XDG_CACHE_HOME:-$HOME/.cache}/kallad/bin"
target="$bin/$name-$version"
mkdir -p "$bin"

exec 9>"$bin/.$name.lock"
if command -v flock >/dev/null 2>&1; then
	flock 9
fi

if [ ! -x "$target" ]; then
	building=$(mktemp -d "$bin/.$name.XXXXXX")
	trap 'rm -rf "$building"' EXIT
	trap 'exit 130' INT TERM
	echo "fetch-minio: building $name $version" >&2
	(cd "$building" && CGO_ENABLED=0 GOBIN="$building" GOFLAGS= go install -trimpath -ldflags=-s "github.com/minio/$name@$version") >&2
	mv "$building/$name" "$target"
fi
# The name that tests look for; a link, so that it always names this version.
ln -sfn "$name-$version" "$bin/$name"
printf '%s\n' "$bin/$name"
