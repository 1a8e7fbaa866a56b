#!/bin/sh
# Boot the disk image under QEMU, with the system's serial console on standard input and output.
#
#   scripts/run_qemu.sh [--image FILE] [--window] [QEMU options]
#
#   --image FILE   boot this image in place of build/myos.img, which is built first if it is missing
#   --window       show the screen too: in a window, or as text in this terminal if there is none
#
# Ctrl-A X leaves, Ctrl-A C talks to QEMU's monitor. Further options go to QEMU as they are, for
# instance -m 8, -cpu pentium, -no-reboot. QEMU=PROGRAM in the environment takes another QEMU.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
qemu=${QEMU:-qemu-system-i386}

fail() {
    echo "run_qemu.sh: $*" >&2
    exit 1
}

# Can QEMU show a window here? It needs the part of QEMU that draws one, and a desktop to draw on.
can_show_window() {
    displays=$("$qemu" -display help 2>/dev/null)
    case $displays in
        *cocoa*) return 0 ;;
        *gtk* | *sdl*) [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] ;;
        *) return 1 ;;
    esac
}

can_show_text() {
    [ -t 0 ] && [ -t 1 ] && "$qemu" -display help 2>/dev/null | grep -q curses
}

image=
screen=no
while [ $# -gt 0 ]; do
    case $1 in
        --image) [ $# -ge 2 ] || fail "--image needs a file"; image=$2; shift 2 ;;
        --image=*) image=${1#--image=}; shift ;;
        --window) screen=yes; shift ;;
        --help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) break ;;
    esac
done

command -v "$qemu" >/dev/null 2>&1 ||
    fail "$qemu is not installed; scripts/setup installs it, scripts/doctor explains"
if [ -z "$image" ]; then
    image=$top/build/myos.img
    [ -e "$image" ] || "${MAKE:-make}" -C "$top" image >&2 || fail "the image could not be built"
fi
[ -r "$image" ] || fail "there is no image $image"

# QEMU would open the image as its standard input if that were closed.
{ true 3<&0; } 2>/dev/null || exec </dev/null

if [ $screen = no ]; then
    set -- -nographic "$@"
elif can_show_window; then
    set -- -serial mon:stdio "$@"
elif can_show_text; then
    echo "No window here (on Debian a window needs qemu-system-gui and a desktop):" \
        "the screen is shown as text; to leave, press Alt-2 and type quit." >&2
    set -- -display curses "$@"
else
    echo "No window here (on Debian a window needs qemu-system-gui and a desktop):" \
        "this is the serial console, Ctrl-A X leaves." >&2
    set -- -nographic "$@"
fi

# A comma in the file's name is doubled for QEMU.
drive=$(printf '%s\n' "$image" | sed 's/,/,,/g')
set -- -m 64 -drive "file=$drive,format=raw,if=ide" "$@"
[ -t 1 ] || exec "$qemu" "$@"

# On the serial console the BIOS switches the terminal's line wrapping off; at the end it is wanted.
exec 3<&0
"$qemu" "$@" <&3 &
child=$!
trap 'kill $child' HUP TERM
wait $child
status=$?
printf '\033[?7h'
exit $status
