#!/usr/bin/env bash
# Brings a Debian machine to where `hireline` runs: system packages, virtual environment, models, Asterisk.
# What is there already is left alone. Nothing is written outside the checkout but Debian packages.
#   scripts/setup.sh              everything
#   scripts/setup.sh environment  packages and virtual environment only
#   scripts/setup.sh acoustics    the extra `torch` besides
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C.UTF-8

say() { printf '\033[1m[setup]\033[0m %s\n' "$*"; }
fail() { printf '\033[31m[setup] %s\033[0m\n  what to do: %s\n' "$1" "$2" >&2; exit 1; }

python=${PYTHON:-python3}
venv=.venv
need_mb=4000

check_machine() {
    command -v "$python" >/dev/null || fail "$python is not installed" "apt-get install python3, or name another one: make PYTHON=python3.12 …"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$("$python" --version) is too old, 3.11 or newer is needed" "name a newer one: make PYTHON=python3.12 …"
    [ -e $venv/.complete ] && [ -d var/models ] && return
    local free_mb
    free_mb=$(df -Pm . | awk 'NR==2 {print $4}')
    [ "$free_mb" -ge $need_mb ] || fail "only $free_mb MB are free here, about $need_mb MB are needed" "free some disk space in $(pwd)"
}

install_packages() {
    local wanted=(espeak-ng sip-tester libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-wqy-microhei) missing=() package
    if [ -z "${ASTERISK:-}" ] && ! command -v asterisk >/dev/null; then wanted+=(mmdebstrap); fi
    "$python" -c 'import ensurepip' 2>/dev/null || wanted+=(python3-venv)
    for package in "${wanted[@]}"; do
        [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | cut -c1-2)" = ii ] || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    command -v apt-get >/dev/null || fail "these packages are missing: ${missing[*]}" "install them with this system's package manager"
    [ "$(id -u)" -eq 0 ] || fail "these packages are missing: ${missing[*]}" "sudo apt-get install --no-install-recommends ${missing[*]}"
    say "installing ${missing[*]}"
    apt-get update -qq || fail "the package lists cannot be read" "check the network and /etc/apt/sources.list"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
        fail "apt-get could not install ${missing[*]}" "run it by hand and read what it says"
}

make_environment() {
    local wanted
    wanted=$(cat pyproject.toml constraints.txt | sha256sum | cut -d' ' -f1)
    [ -f $venv/.complete ] && [ "$(cat $venv/.complete)" = "$wanted" ] && return
    say "making the virtual environment in $venv"
    [ -x $venv/bin/python ] || "$python" -m venv $venv || fail "the virtual environment could not be made" "remove $venv and try again"
    $venv/bin/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]' ||
        fail "pip could not install what pyproject.toml names" "check the network and the disk, then run make setup again"
    echo "$wanted" >$venv/.complete
}

# torchaudio's libraries are built against CUDA and cannot be loaded beside the torch for CPUs. What we use of it is Python alone.
add_acoustics() {
    local check='import torch, torchaudio.functional, torchaudio.transforms'
    $venv/bin/python -c "$check" 2>/dev/null && return
    say "installing torch and torchaudio (1 GB)"
    $venv/bin/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[torch]' ||
        fail "pip could not install the extra torch" "check the network and the disk, then run make acoustics again"
    $venv/bin/python -c "$check" 2>/dev/null || rm -f $venv/lib/python3*/site-packages/torchaudio/lib/*.so
    $venv/bin/python -c "$check" || fail "torch and torchaudio do not fit this machine" "see the error above"
}

# Models and Asterisk; looked at again only when the manifest changes or a part is gone.
prepare_parts() {
    local wanted
    wanted=$(sha256sum models/manifest.toml | cut -d' ' -f1)
    if [ -f var/.ready ] && [ "$(cat var/.ready)" = "$wanted" ] && [ -d var/models ] &&
        { [ -d var/asterisk/rootfs ] || command -v asterisk >/dev/null; }; then
        return
    fi
    $venv/bin/hireline setup
    echo "$wanted" >var/.ready
}

check_machine
install_packages
make_environment
case "${1:-all}" in
    environment) ;;
    acoustics) add_acoustics ;;
    *) prepare_parts ;;
esac
