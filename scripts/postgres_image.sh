#!/usr/bin/env bash
# Makes a container image of the PostgreSQL that is installed here, for tests where no image can be pulled. It takes the
# variables of the official image that we use: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB.
# usage: scripts/postgres_image.sh [IMAGE]
set -euo pipefail
image=${1:-pairsim-postgres:dev}

initdb=$(command -v initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1 || true)
[ -n "$initdb" ] || { echo "*** PostgreSQL is missing: 'make setup' says what to install" >&2; exit 1; }
bin=$(dirname "$(readlink -f "$initdb")")
share=$("$bin/pg_config" --sharedir)
lib=$("$bin/pg_config" --pkglibdir)

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{etc,tmp,var/run/postgresql,var/lib/postgresql,usr/local/bin}
chmod 1777 "$root/tmp" "$root/var/run/postgresql" "$root/var/lib/postgresql"
echo 'postgres:x:999:999::/var/lib/postgresql:/bin/sh' >"$root/etc/passwd"
cat >"$root/usr/local/bin/docker-entrypoint.sh" <<'SCRIPT'
#!/bin/sh
set -eu
umask 077
printf %s "$POSTGRES_PASSWORD" >/tmp/password
initdb --pgdata "$PGDATA" --username "$POSTGRES_USER" --pwfile /tmp/password --auth scram-sha-256 --encoding UTF8 --locale C --no-sync >/dev/null
rm /tmp/password
echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
echo "CREATE DATABASE \"$POSTGRES_DB\";" | postgres --single -j -D "$PGDATA" postgres >/dev/null
exec "$@" -c 'listen_addresses=*'
SCRIPT
chmod 755 "$root/usr/local/bin/docker-entrypoint.sh"

programs=("$bin"/{initdb,postgres,pg_isready,pg_ctl} /bin/sh /bin/cat /bin/rm /bin/mkdir /bin/kill)
{
  printf '%s\n' "${programs[@]}" /usr/share/zoneinfo/UTC
  find "$share" "$lib" -type f -not -name '*.bc'
  { ldd "${programs[@]}" "$lib"/*.so 2>/dev/null || true; } | awk '/=> \// {print $3} /^\t\// {print $1}'
} | sort -u | sed 's|^/||' >"$root.list"
trap 'rm -rf "$root" "$root.list"' EXIT
mkdir -p "$root/usr"
tar -C / -ch --files-from "$root.list" | tar -C "$root" -x --no-same-owner
before=$(docker images -q "$image")
tar -C "$root" -c --owner 0 --group 0 . | docker import \
  --change "ENV PATH=/usr/local/bin:$bin:/usr/bin:/bin" --change 'ENV PGDATA=/var/lib/postgresql/data' --change 'USER 999:999' \
  --change 'ENTRYPOINT ["docker-entrypoint.sh"]' --change 'CMD ["postgres"]' - "$image" >/dev/null
[ -z "$before" ] || docker rmi "$before" >/dev/null 2>&1 || true # which has no name any more
echo "$image"
