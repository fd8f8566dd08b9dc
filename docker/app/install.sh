#!/bin/sh
# Installs what the app image holds. Runs as root in a fresh Debian bookworm with the checkout in /opt/hireline.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
cd /opt/hireline
apt-get update
apt-get install -y --no-install-recommends ca-certificates espeak-ng python3 python3-venv
rm -rf /var/lib/apt/lists/*
python3 -m venv .venv
.venv/bin/python -m pip install --quiet --no-cache-dir -c constraints.txt -e '.[postgres]'
groupadd --gid 58560 hireline
useradd --uid 58560 --gid 58560 --no-create-home --home-dir /var/lib/hireline --shell /usr/sbin/nologin hireline
install -d -o 58560 -g 58560 -m 0700 /var/lib/hireline /srv/asterisk
ln -sf /opt/hireline/.venv/bin/hireline /usr/local/bin/hireline
hireline --version
