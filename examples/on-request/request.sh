#!/bin/sh
# Request a run and print its id at once: sh request.sh import /uploads/a.csv
request='{v: 1, op: "run-now", args: {job: $ARGS.positional[0], args: $ARGS.positional[1:], detach: true}}'
# shut-none keeps the connection open: schedd sends nothing more to a client that closes it.
jq -cn "$request" --args -- "$@" |
  socat -t 10 - "UNIX-CONNECT:$SCHEDD_SOCKET,shut-none" |
  jq -r 'if .error then .error.message + "\n" | halt_error(1) else .run.id // .run_id // empty end'
