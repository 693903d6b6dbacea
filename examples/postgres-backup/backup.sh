#!/bin/sh
# Dump to a temporary name, rename when complete, keep the newest seven.
set -eu
mkdir -p "$BACKUP_DIR"
# Named by the scheduled time: a retry replaces its own file instead of adding one.
name=$BACKUP_DIR/$(echo "$SCHED_SCHEDULED_AT" | tr -d :).dump
pg_dump --format=custom --file="$name.part"
mv "$name.part" "$name"
ls -1 "$BACKUP_DIR"/*.dump | sort -r | tail -n +8 | xargs -r rm -f
echo "wrote $(basename "$name"), $(du -k "$name" | cut -f1) KiB; $(ls -1 "$BACKUP_DIR"/*.dump | wc -l) backups kept"
