#!/bin/sh
# ADDRESS_COMMAND prints the current address; REPORT is called with it when it has changed.
set -eu
address=$(${ADDRESS_COMMAND:-hostname -I} | cut -d' ' -f1)
mkdir -p var
if [ "$(cat var/address 2>/dev/null)" = "$address" ]; then echo "unchanged: $address"; exit 0; fi
${REPORT:-echo would report} "$address"
echo "$address" >var/address
