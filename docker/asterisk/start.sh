#!/bin/sh
# Waits for the configuration that `hireline dialplan export` writes to the shared volume, then becomes Asterisk.
set -eu
configuration=${HIRELINE_ASTERISK_FOLDER:-/srv/asterisk}/etc/local/asterisk.conf
waited=0
until [ -r "$configuration" ]; do
    [ "$waited" -lt 60 ] || { echo "no configuration came to $configuration within a minute: see the service 'files'" >&2; exit 1; }
    waited=$((waited + 1))
    sleep 1
done
exec asterisk -f -C "$configuration"
