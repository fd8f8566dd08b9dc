#!/usr/bin/env bash
# Runs the images' install steps in fresh Debian root file systems, starts Asterisk and the app from them as the compose file
# would, and checks the compose file with docker-compose. No container engine is needed; root, mmdebstrap and curl are. Takes a
# few minutes and 4 GB under var/images, which is removed at the end (KEEP=1 leaves it).
#   docker/check_images.sh
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C.UTF-8

if [ "${1:-}" != inside ]; then # mounts in a namespace of our own vanish with it, whatever happens
    [ "$(id -u)" -eq 0 ] || { echo "root is needed, to make root file systems" >&2; exit 2; }
    exec unshare --mount --propagation private "$0" inside
fi

say() { printf '\033[1m[images]\033[0m %s (%s s)\n' "$*" "$SECONDS"; }
base=$PWD/var/images
http=18188 sip=15160 ami=15138 media=19190 control=18190 monitoring=18191 rest=18192
asterisk_pid='' app_pid=''

finish() {
    status=$?
    [ -z "$app_pid" ] || kill "$app_pid" 2>/dev/null || true
    [ -z "$asterisk_pid" ] || kill "$asterisk_pid" 2>/dev/null || true
    wait 2>/dev/null || true
    if [ $status -ne 0 ]; then tail -n 30 "$base"/*.log 2>/dev/null || true; fi
    for mounted in "$base"/*/{proc,dev,srv/asterisk}; do umount -R --lazy "$mounted" 2>/dev/null || true; done
    [ -n "${KEEP:-}" ] || rm -rf --one-file-system "$base"
    [ $status -eq 0 ] || say "FAILED"
}
trap finish EXIT

root_file_system() { # NAME SUITE
    mmdebstrap --mode=root --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Retries "3"' \
        "$2" "$base/$1" >"$base/$1-bootstrap.log" 2>&1
    mount -t proc proc "$base/$1/proc"
    mount --rbind /dev "$base/$1/dev"
    cp -L /etc/resolv.conf "$base/$1/etc/resolv.conf"
    # This machine's way to the package index, and the authorities it trusts; a container engine's build has its own.
    cp -L /etc/ssl/certs/ca-certificates.crt "$base/$1/opt/build-ca.crt"
}

become() { # NAME USER COMMAND…: for a subshell, which is then that command and gets its signals
    local name=$1 user=$2
    shift 2
    exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/tmp \
        PIP_CERT=/opt/build-ca.crt HIRELINE_PATHS__STATE=/var/lib/hireline HIRELINE_ASTERISK__MANAGED=false \
        HIRELINE_ASTERISK__HTTP_PORT=$http HIRELINE_ASTERISK__SIP_PORT=$sip HIRELINE_ASTERISK__AMI_PORT=$ami \
        HIRELINE_MEDIA__PORT=$media HIRELINE_CONTROL__PORT=$control HIRELINE_MONITORING__PORT=$monitoring \
        ${MORE:-} chroot --userspec="$user" "$base/$name" "$@"
}

run_in() { (become "$@"); }

mkdir -p "$base"
say "asterisk: a fresh Debian forky"
root_file_system asterisk forky
install -D docker/asterisk/install.sh "$base/asterisk/usr/local/sbin/install-asterisk"
install -m 755 docker/asterisk/start.sh docker/asterisk/health.sh "$base/asterisk/usr/local/bin/"
say "asterisk: install.sh"
run_in asterisk 0:0 sh /usr/local/sbin/install-asterisk >"$base/asterisk-install.log" 2>&1
tail -n 1 "$base/asterisk-install.log"

say "app: a fresh Debian bookworm"
root_file_system app bookworm
mkdir -p "$base/app/opt/hireline"
git archive HEAD | tar -x -C "$base/app/opt/hireline" # what is committed
say "app: install.sh"
run_in app 0:0 sh /opt/hireline/docker/app/install.sh >"$base/app-install.log" 2>&1
tail -n 1 "$base/app-install.log"

say "the volumes"
mkdir -p "$base/volume" "$base/asterisk/srv/asterisk" "$base/app/var/lib/hireline/models"
chown 58560:58560 "$base/volume" "$base/app/var/lib/hireline/models"
chmod 700 "$base/volume"
for name in asterisk app; do mount --bind "$base/volume" "$base/$name/srv/asterisk"; done
if [ -d var/models ]; then # what was fetched already need not be fetched again
    cp -a var/models/. "$base/app/var/lib/hireline/models/"
    chown -R 58560:58560 "$base/app/var/lib/hireline/models"
fi

say "files: hireline dialplan export"
run_in app 58560:58560 hireline dialplan export /srv/asterisk
say "asterisk: start.sh"
become asterisk 58560:58560 /usr/local/bin/start.sh >"$base/asterisk-run.log" 2>&1 &
asterisk_pid=$!
for _ in $(seq 60); do run_in asterisk 58560:58560 /usr/local/bin/health.sh 2>/dev/null && healthy=1 && break || sleep 0.5; done
[ "${healthy:-}" = 1 ] || { say "Asterisk did not become healthy"; exit 1; }
say "asterisk: healthy, version $(run_in asterisk 58560:58560 asterisk -C /srv/asterisk/etc/local/asterisk.conf -rx 'core show version' | cut -d' ' -f2)"
if grep -hE '(ERROR|WARNING)\[' "$base/volume/log/messages.log"; then say "Asterisk complains"; exit 1; fi

say "app: start.sh"
become app 58560:58560 sh /opt/hireline/docker/app/start.sh >"$base/app-run.log" 2>&1 &
app_pid=$!
for _ in $(seq 240); do
    kill -0 "$app_pid" 2>/dev/null || { say "the app ended"; exit 1; }
    curl -fs "http://127.0.0.1:$monitoring/healthz" >"$base/health.json" 2>/dev/null && break || sleep 0.5
done
say "app: $(cat "$base/health.json")"
curl -fs "http://127.0.0.1:$monitoring/metrics" | grep -E '^hireline_(ari_connected|ami_up) 1' || { say "not connected"; exit 1; }
run_in app 58560:58560 hireline hr sample
run_in app 58560:58560 hireline call --candidate zhang-wei --job key-account-sales --json - >"$base/call.json" 2>"$base/call.log" || true
grep -q '"disposition": "trunk_failed"' "$base/call.json" || { say "the order was not carried out"; exit 1; }
say "app: an order went to Asterisk, which knows no trunk yet: trunk_failed"
kill -TERM "$app_pid"
wait "$app_pid" || { say "the app ended with $?"; exit 1; }
say "app: ended by SIGTERM with 0"
app_pid=''
kill -TERM "$asterisk_pid"
wait "$asterisk_pid" || true
asterisk_pid=''

say "compose file: docker-compose config"
MORE=DEBIAN_FRONTEND=noninteractive run_in asterisk 0:0 sh -c 'apt-get update && apt-get install -y --no-install-recommends docker-compose' \
    >"$base/compose-install.log" 2>&1
mkdir -p "$base/asterisk/opt/hireline"
cp -a docker "$base/asterisk/opt/hireline/"
MORE=POSTGRES_PASSWORD=example run_in asterisk 0:0 docker-compose -f /opt/hireline/docker/compose.yaml config >"$base/compose.out"
grep -c 'image:' "$base/compose.out" >/dev/null
say "compose file: $(run_in asterisk 0:0 docker-compose version --short), services: $(MORE=POSTGRES_PASSWORD=example run_in asterisk 0:0 \
    docker-compose -f /opt/hireline/docker/compose.yaml config --services | sort | tr '\n' ' ')"
say "all is well"
