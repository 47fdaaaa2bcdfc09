#!/bin/bash
# Makes a database cluster on the first start, then runs the server. Takes what the public
# `postgres` image takes: POSTGRES_USER, POSTGRES_PASSWORD (or ..._FILE), POSTGRES_DB,
# POSTGRES_INITDB_ARGS, POSTGRES_HOST_AUTH_METHOD, PGDATA, /docker-entrypoint-initdb.d and
# `postgres -c setting=value` as the command.
set -euo pipefail

case ${1:-postgres} in
  -*) set -- postgres "$@" ;;
  postgres) ;;
  *) exec "$@" ;;
esac

# Postgres refuses to run as root, and a mounted folder may belong to anybody.
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA"
  chown -R postgres:postgres "$PGDATA" /var/run/postgresql
  chmod 700 "$PGDATA"
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
password=${POSTGRES_PASSWORD:-}
[ -z "${POSTGRES_PASSWORD_FILE:-}" ] || password=$(< "$POSTGRES_PASSWORD_FILE")
method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}

first_start() {
  if [ -z "$password" ] && [ "$method" != trust ]; then
    echo "POSTGRES_PASSWORD is needed on the first start" >&2
    exit 1
  fi
  # shellcheck disable=SC2086 # the arguments are meant to be split
  initdb --username="$user" --pwfile=<(printf '%s\n' "${password:-none}") --auth-local=trust --auth-host="$method" ${POSTGRES_INITDB_ARGS:-}
  echo "host all all all $method" >> "$PGDATA/pg_hba.conf"
  # Nobody else gets in before all is set up.
  pg_ctl -D "$PGDATA" -w -o "-c listen_addresses=" start
  export PGUSER=$user PGDATABASE=$database
  [ "$database" = postgres ] || psql -v ON_ERROR_STOP=1 -d postgres -v db="$database" <<< 'CREATE DATABASE :"db";'
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh) echo "$0: $file"; if [ -x "$file" ]; then "$file"; else bash -eu "$file"; fi ;;
      *.sql) echo "$0: $file"; psql -v ON_ERROR_STOP=1 --no-psqlrc -f "$file" ;;
      *.sql.gz) echo "$0: $file"; gunzip -c "$file" | psql -v ON_ERROR_STOP=1 --no-psqlrc ;;
    esac
  done
  pg_ctl -D "$PGDATA" -w -m fast stop
  unset PGUSER PGDATABASE
}

[ -s "$PGDATA/PG_VERSION" ] || first_start
exec "$@" -c "listen_addresses=*"
