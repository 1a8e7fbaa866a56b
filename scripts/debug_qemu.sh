#!/bin/sh
# Debug the system with gdb from the first instruction on; scripts/myos.gdb sets gdb up.
#
#   scripts/debug_qemu.sh [QEMU options] [-- gdb options]
#       QEMU, stopped, and gdb in this one terminal; QEMU ends with gdb. The system's serial output
#       appears between gdb's.
#   scripts/debug_qemu.sh --wait [options of run_qemu.sh]
#       QEMU alone, stopped, waiting for gdb: make qemu-gdb
#   scripts/debug_qemu.sh --attach [gdb options]
#       gdb alone, for that QEMU: make gdb
#
# The port between the last two follows from the user's number, so that several people on one
# machine do not meet; GDBPORT=NUMBER in the environment takes another, GDB=PROGRAM another gdb.
set -u
cd "$(dirname "$0")/.." || exit 1
address=127.0.0.1:${GDBPORT:-$(($(id -u) % 5000 + 25000))}

fail() {
    echo "debug_qemu.sh: $*" >&2
    exit 1
}

find_gdb() {
    for gdb in ${GDB:-i386-elf-gdb gdb gdb-multiarch}; do
        command -v "$gdb" >/dev/null 2>&1 && return
    done
    fail "$gdb is not installed; scripts/setup installs it, scripts/doctor explains"
}

need_build() {
    for file in kernel.elf mbr.elf stage2.elf myos.img; do
        [ -e build/$file ] || fail "there is no build/$file; run make first"
    done
}

# Quote the arguments for the shell that gdb starts QEMU with.
quoted() {
    for argument; do
        printf " '%s'" "$(printf '%s\n' "$argument" | sed "s/'/'\\\\''/g")"
    done
}

case ${1:-} in
    --help) sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 0 ;;
    --wait)
        shift
        echo "QEMU waits for gdb at $address: type make gdb in another terminal." >&2
        exec scripts/run_qemu.sh "$@" -S -gdb "tcp:$address" ;;
    --attach)
        shift
        find_gdb
        need_build
        exec "$gdb" -q -nx -x scripts/myos.gdb -ex "target remote $address" "$@" ;;
esac

find_gdb
need_build
qemu_options=
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    qemu_options=$qemu_options$(quoted "$1")
    shift
done
[ $# -eq 0 ] || shift

serial=build/debug-serial.log
[ ! -t 0 ] || serial=$(tty)
machine="-m 64 -drive file=build/myos.img,format=raw,if=ide -display none -monitor none"
exec "$gdb" -q -nx -x scripts/myos.gdb -ex 'set $myos_own_qemu = 1' \
    -ex "target remote | exec ${QEMU:-qemu-system-i386} -S -gdb stdio $machine \
-serial file:$serial$qemu_options" "$@"
