#!/bin/sh
set -eu
mkdir -p "$SOURCE" "$SNAPSHOTS"
new=$SNAPSHOTS/$(echo "$SCHED_SCHEDULED_AT" | tr -d :)
last=$(ls -1d "$SNAPSHOTS"/*Z 2>/dev/null | tail -n 1 || true)
rm -rf "$new.part"
if [ -n "$last" ] && [ "$last" != "$new" ]; then cp -al "$last" "$new.part"; else mkdir "$new.part"; fi
cp -au "$SOURCE/." "$new.part/"
rm -rf "$new"
mv "$new.part" "$new"
echo "snapshot $(basename "$new")"
