#!/bin/sh
# Installs what the Asterisk image holds. Runs as root in a fresh Debian forky (its Asterisk is new enough for Hireline).
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends asterisk asterisk-modules asterisk-config ca-certificates
rm -rf /var/lib/apt/lists/*
# The account both images share: its number is what counts on the volume between them.
groupadd --gid 58560 hireline
useradd --uid 58560 --gid 58560 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin hireline
asterisk -V
