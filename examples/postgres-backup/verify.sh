#!/bin/sh
set -eu
newest=$(ls -1 "$BACKUP_DIR"/*.dump | sort | tail -n 1)
pg_restore --list "$newest" >/dev/null
echo "$(basename "$newest") can be read"
