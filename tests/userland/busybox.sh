#!/bin/busybox sh
# shellcheck shell=dash
# What a shell and the small tools do all day: pipes, redirection, loops, and the tools themselves.
set -u
work=/tmp/busybox.$$
mkdir -p $work && cd $work || exit 1
# A static busybox finds its own applets by /proc/self/exe, or else as names; here each has a name.
mkdir bin && /bin/busybox --list >list && [ "$(/bin/busybox grep -c . list)" -gt 200 ] && echo many applets
for applet in awk cat chmod cp cut date dd diff env expr false find grep gunzip gzip head kill ln ls md5sum mkdir mkfifo mv od \
    printf rm rmdir sed seq sh sleep sort stat tail tar tee touch tr true uniq wc xargs; do
    ln -s /bin/busybox bin/$applet
done
PATH=$work/bin

echo "-- text"
seq 1 20 | sed -n '5,9p' | tr '\n' ' '; echo
printf '%s\n' pear apple fig apple | sort | uniq -c | awk '{print $2, $1}'
cat >people <<END
ada 36 london
alan 41 london
grace 85 new-york
edsger 72 nuenen
END
awk '$2 > 40 {sum += $2; n++} END {printf "%d %.2f\n", n, sum / n}' people
grep -n 'on$' people; grep -c z people; grep -v london people | cut -d' ' -f1,3
sed -e 's/\([a-z]*\) \([0-9]*\)/\2 \1/' -e '/grace/d' people
sort -k2 -n -r people | head -n 2
wc people; tail -n +3 people | wc -l
echo "hello" | od -An -tx1
seq 1000 | md5sum

echo "-- redirection"
{ echo out; echo err >&2; } >o 2>e; cat o e
echo more >>o; wc -l <o
exec 3>three; echo to three >&3; exec 3>&-; cat three
cat nothing-there 2>/dev/null || echo "no such file: $?"
cat <<'END' | tr a-z A-Z
no $expansion `here`
END
ls nothing-there 2>&1 | sed 's/^[^:]*: *//'

echo "-- control"
for i in 1 2 3; do for j in a b; do [ $i$j = 2a ] && continue; printf '%s ' $i$j; done; done; echo
n=0; while [ $n -lt 100 ]; do n=$((n + 7)); done; echo $n
until false; do break; done
case $work in /tmp/*) echo in tmp ;; *) echo elsewhere ;; esac
f() { local x=$1; [ "$x" -le 1 ] && { echo 1; return; }; echo $((x * $(f $((x - 1))))); }
f 7
(cd bin && pwd | sed "s,$work,W,"; exit 3); echo "subshell: $?"
true && ! false || echo never
x=abcdef; echo ${#x} ${x#abc} ${x%def} ${none:-default}
set -- one "two three"; echo $# "$2"; shift; echo $#

echo "-- processes"
sleep 1 & sleeper=$!; kill -TERM $sleeper; wait $sleeper; echo "killed: $?"
(exit 5) & wait $!; echo "waited: $?"
trap 'echo trapped' USR1; kill -USR1 $$; trap - USR1
(trap 'echo leaving' EXIT; exit 0)
for i in 3 1 2; do (sleep 0.$i; echo slept $i) & done; wait
yes_count=$(while :; do echo y; done | head -n 1000 | wc -l); echo $yes_count
mkfifo fifo; (echo through a fifo >fifo) & cat fifo; wait
env -i A=1 sh -c 'echo $A ${PATH:+path}'
sh -c 'kill -SEGV $$'; echo "segv: $?"
seq 200 | xargs -n 50 echo | wc -l

echo "-- files"
mkdir -p tree/a/b/c tree/d; echo 1 >tree/a/one; echo 22 >tree/a/b/two; ln -s ../a/one tree/d/link; ln tree/a/one tree/hard
find tree | sort; find tree -type l; find tree -name 'o*' -o -name 't*o' | sort
cp -r tree copy && diff tree/a/b/two copy/a/b/two && echo same
chmod 640 tree/a/one; stat -c '%a %s %h %F' tree/a/one tree/d/link tree/hard
mv copy/a moved && ls copy moved
tar cf t.tar tree && tar tf t.tar | sort && mkdir x && tar xf t.tar -C x && find x -type f | sort && cat x/tree/d/link
tar czf t.tgz tree && tar tzf t.tgz | wc -l
seq 5000 >numbers; gzip -k numbers 2>/dev/null || gzip -c numbers >numbers.gz; gunzip -c numbers.gz | md5sum
dd if=/dev/zero of=zeros bs=1024 count=300 2>/dev/null; wc -c zeros
touch -d '2001-02-03 04:05:06' old; find . -maxdepth 1 ! -newer old -name 'o*'
[ tree/a/one -nt old ] && echo newer; [ -d tree ] && [ -L tree/d/link ] && [ -x bin/sh ] && echo tests
ls -l tree/a | awk 'NR > 1 {print $1, $2, $NF}'
rm -r tree copy && ls -d tree copy 2>/dev/null | wc -l
cd / && rm -r $work && echo clean
