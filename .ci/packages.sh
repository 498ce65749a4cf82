#!/bin/sh
# Installs the Debian packages that a task needs and that are missing: packages.sh run|test.
# Nothing happens, and nothing is asked of the network, when all are there.
set -eu

missing=""
need_command() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
need_package() {
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
            missing="$missing $package"
    done
}

need_command python3 python3
python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || missing="$missing python3-venv"

if [ "${1:-run}" = test ]; then
    need_command mosquitto mosquitto
    need_command chromium chromium
    need_command ffmpeg ffmpeg
    need_command node nodejs
    need_command npm npm
    need_command git git
    need_package libportaudio2 pulseaudio pulseaudio-utils libasound2-plugins opencv-doc \
        e2fsprogs mount
    need_package gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base \
        gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly \
        gstreamer1.0-rtsp gstreamer1.0-libav
    need_package libdevice-serialport-perl
fi

if [ -n "$missing" ]; then
    as_root=""
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null 2>&1 || {
            echo "missing Debian packages:$missing" >&2
            echo "install them as root: apt-get install$missing" >&2
            exit 1
        }
        as_root="sudo"
    fi
    command -v apt-get >/dev/null 2>&1 || {
        echo "missing:$missing (names of Debian packages); install them and run again" >&2
        exit 1
    }
    echo "installing Debian packages:$missing"
    $as_root apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing \
        >/dev/null
fi

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "python3 is $(python3 --version); Lamppost needs 3.11 or newer" >&2
    exit 1
}

# ZoneMinder's control modules drive our simulated domes. Its package would bring a web server and
# a database, so it is unpacked and not installed, and of it only the Perl modules.
foreign=build/foreign/zoneminder
if [ "${1:-run}" = test ] && [ ! -e "$foreign/usr/share/perl5/ZoneMinder/Control/PelcoD.pm" ]; then
    rm -rf "$foreign"
    mkdir -p "$foreign"
    echo "unpacking Debian package: zoneminder"
    (
        cd "$foreign"
        apt-get download -qq zoneminder >/dev/null 2>&1 || {
            [ "$(id -u)" = 0 ] && apt-get update -qq || sudo apt-get update -qq
            apt-get download -qq zoneminder >/dev/null
        }
        dpkg-deb --fsys-tarfile zoneminder_*.deb | tar -x ./usr/share/perl5/ZoneMinder
        rm zoneminder_*.deb
    )
fi
