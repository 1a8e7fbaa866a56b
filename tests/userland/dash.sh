#!/bin/dash
# A shell through Debian's own C library: dynamic linking, fork, pipes, signals.
work=/tmp/dash.$$
busybox mkdir $work && cd $work || exit 1
echo "dash: $(( (2 + 3) * 7 )) $(echo nested "$(echo twice)")"
printf '%05d|%-6s|%x\n' 42 left 255
i=0
while [ $i -lt 5 ]; do
    echo line $i
    i=$((i + 1))
done | while read -r word number; do echo "$number $word"; done
cat_file() { while IFS= read -r line; do echo "[$line]"; done <"$1"; }
printf 'a b\n  c\n' >file && cat_file file
trap 'echo got USR1' USR1
kill -USR1 $$
( exit 9 ); echo "status $?"
for f in "$work"/*; do echo "${f##*/}"; done
eval 'x=5; echo $x'
test -e file -a ! -e none && echo exists
umask 027; : >made; umask
ulimit -n >/dev/null && echo limits
cd / && /bin/busybox rm -r $work && echo clean
