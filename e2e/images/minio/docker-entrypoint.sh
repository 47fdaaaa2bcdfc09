#!/bin/sh
# `server /data` means `minio server /data`, as in the public image.
[ "$1" = minio ] || set -- minio "$@"
exec "$@"
