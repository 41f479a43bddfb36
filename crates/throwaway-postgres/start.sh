#!/bin/sh
# A PostgreSQL of one's own for tests: starts a cluster in a temporary folder, prints the URL of its server, and stops and
# removes it when standard input ends. The server refuses root, so root hands it to another user.
#
# Lines of standard input are orders: `kill` sends SIGKILL to all processes of the server at once, `start` starts it again
# on what it has left, `keep` leaves the folder where it is at the end. Each is answered by a line once it is carried out.
#
# CAMLOCK_POSTGRES_BIN names the folder of initdb and postgres; otherwise the newest below /usr/lib/postgresql is taken, or
# what is on the path. CAMLOCK_POSTGRES_FSYNC=on keeps it durable; CAMLOCK_POSTGRES_OPTIONS are more options of `postgres`; with
# them and PGPORT it can listen on a port. CAMLOCK_POSTGRES_TLS names a folder with server.crt and server.key: then the server
# listens on PGPORT of 127.0.0.1, with TLS and passwords only.
set -eu

find_binaries() {
  if [ -n "${CAMLOCK_POSTGRES_BIN:-}" ]; then
    echo "$CAMLOCK_POSTGRES_BIN"
    return
  fi
  newest=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
  if [ -n "$newest" ] && [ -x "$newest/initdb" ] && [ -x "$newest/postgres" ]; then
    echo "$newest"
  elif command -v initdb >/dev/null && command -v postgres >/dev/null; then
    dirname "$(command -v initdb)"
  else
    echo "no initdb and postgres: install PostgreSQL 13 or later, 'cargo xtask test' does so where it may" >&2
    exit 1
  fi
}

# Unquoted where it is used: it is a list of words.
as_server_user=""
owner=""
if [ "$(id -u)" -eq 0 ]; then
  if id postgres >/dev/null 2>&1; then owner=postgres:postgres; else owner=nobody:nogroup; fi
  as_server_user="setpriv --reuid=${owner%:*} --regid=${owner#*:} --clear-groups"
fi

binaries=$(find_binaries)
folder=$(mktemp -d "${TMPDIR:-/tmp}/camlock-postgres.XXXXXX")
server=""
is_kept=""
stop() {
  trap - EXIT INT TERM
  if [ -n "$server" ]; then
    # At once: what is kept here is for nobody.
    kill -QUIT "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  [ -n "$is_kept" ] || rm -rf "$folder"
}
trap stop EXIT
trap 'exit 1' INT TERM

[ -z "$owner" ] || chown "$owner" "$folder"
cd "$folder"
$as_server_user "$binaries/initdb" -D "$folder/data" -U camlock --auth=trust --encoding=UTF8 --locale=C --no-sync \
  >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; exit 1; }

encryption=""
if [ -n "${CAMLOCK_POSTGRES_TLS:-}" ]; then
  cp "$CAMLOCK_POSTGRES_TLS/server.crt" "$CAMLOCK_POSTGRES_TLS/server.key" "$folder/data/"
  [ -z "$owner" ] || chown "$owner" "$folder/data/server.crt" "$folder/data/server.key"
  chmod 600 "$folder/data/server.key"
  printf 'local all all trust\nhostssl all all all scram-sha-256\n' >"$folder/data/pg_hba.conf"
  encryption="-c listen_addresses=127.0.0.1 -c ssl=on -c password_encryption=scram-sha-256"
fi

# Only a socket in the folder: no port to collide with. The name stands for host and port in a URL.
start_server() {
  $as_server_user "$binaries/postgres" -D "$folder/data" -k "$folder" -c listen_addresses='' -c max_connections=300 \
    -c fsync="${CAMLOCK_POSTGRES_FSYNC:-off}" -c shared_buffers=128MB $encryption ${CAMLOCK_POSTGRES_OPTIONS:-} \
    >>"$folder/server.log" 2>&1 </dev/null &
  server=$!
  tries=0
  # Some packages of the server have no pg_isready. A server that was killed has left its file.
  until [ "$(head -n 1 "$folder/data/postmaster.pid" 2>/dev/null)" = "$server" ] &&
    grep -q '^ready' "$folder/data/postmaster.pid"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 300 ] || ! kill -0 "$server" 2>/dev/null; then
      cat "$folder/server.log" >&2
      exit 1
    fi
    sleep 0.1
  done
}

# Nobody is left to finish anything: the first is stopped, so that it starts no others while they are looked for.
kill_server() {
  kill -STOP "$server"
  processes=$server
  for process in /proc/[0-9]*; do
    # Some end while they are looked at.
    if read -r number _ _ parent _ 2>/dev/null <"$process/stat" && [ "$parent" = "$server" ]; then
      processes="$processes $number"
    fi
  done
  # shellcheck disable=SC2086
  kill -KILL $processes
  wait "$server" 2>/dev/null || true
  server=""
}

start_server
echo "postgres://camlock@$(echo "$folder" | sed 's|/|%2F|g')/postgres"
# The end comes with the one who started this.
while read -r order; do
  case $order in
    kill) kill_server ;;
    start) start_server ;;
    keep) is_kept=yes ;;
    *) echo "unknown order: $order" >&2 && exit 1 ;;
  esac
  echo "done: $order"
done
