#!/bin/sh
# Start a Redis, two workers and a scheduler on this machine. Ctrl-C, or the end of the scheduler, ends them all.
set -eu
cd "$(dirname "$0")"
port="${PORT:-6390}"
export REDIS_URL="redis://127.0.0.1:$port/0" SCHEDD_CONFIG="$PWD/schedules.yaml"
pids=
end() {
  trap '' INT TERM
  kill $pids 2>/dev/null || true
  wait $pids || true
  kill "$redis" 2>/dev/null || true   # last: the others need it to end well
  wait
}
redis-server --port "$port" --save "" --loglevel warning &
redis=$!
trap end EXIT
trap 'exit 0' INT TERM
until redis-cli -p "$port" ping >/dev/null 2>&1; do kill -0 "$redis"; sleep 0.1; done
for worker in one two; do
  python3 -m celery --quiet -A scheduler.celery_app worker -Q schedd -c 2 -n "$worker@%h" --loglevel warning &
  pids="$pids $!"
done
schedd schedules.yaml &
scheduler=$!
pids="$pids $scheduler"
wait "$scheduler"
