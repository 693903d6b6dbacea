#!/bin/sh
# Start a Redis, two workers and a scheduler on this machine. Ctrl-C ends them all.
set -eu
cd "$(dirname "$0")"
port="${PORT:-6390}"
export REDIS_URL="redis://127.0.0.1:$port/0" SCHEDD_CONFIG="$PWD/schedules.yaml"
pids=
trap 'kill $pids; wait' EXIT
trap 'exit 0' INT TERM
redis-server --port "$port" --save "" --loglevel warning &
pids="$pids $!"
until redis-cli -p "$port" ping >/dev/null 2>&1; do sleep 0.1; done
for worker in one two; do
  python3 -m celery --quiet -A scheduler.celery_app worker -Q schedd -c 2 -n "$worker@%h" --loglevel warning &
  pids="$pids $!"
done
schedd schedules.yaml &
pids="$pids $!"
wait
