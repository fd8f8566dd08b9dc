#!/bin/sh
# Healthy when Asterisk has fully booted.
exec asterisk -C "${HIRELINE_ASTERISK_FOLDER:-/srv/asterisk}/etc/local/asterisk.conf" -rx "core waitfullybooted" >/dev/null
