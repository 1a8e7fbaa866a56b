#!/bin/sh
# A compiler, its headers and its linker; and then what it made.
work=/tmp/tcc.$$
busybox mkdir $work && cd $work || exit 1
busybox cat >hello.c <<'END'
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>

int square(int n);

int main(int argc, char **argv)
{
    int fds[2], status;
    char text[32] = "";
    double x = 1.5;

    printf("hello from %s with %d words, %d, %.3f\n", argv[0], argc, square(12), x * x);
    fflush(stdout);
    if (pipe(fds))
        return 1;
    if (fork() == 0) {
        write(fds[1], "child", 5);
        _exit(7);
    }
    wait(&status);
    read(fds[0], text, sizeof(text));
    printf("%s %d %s\n", text, WEXITSTATUS(status), strerror(ENOENT));
    char *memory = malloc(1000000);
    memset(memory, 'm', 1000000);
    printf("%c %lld\n", memory[999999], 123456789012345LL / 1000);
    return 42;
}
END
busybox cat >square.c <<'END'
int square(int n)
{
    return n * n;
}
END
tcc -c square.c && tcc -o hello hello.c square.o && ./hello one two
echo "status $?"
tcc square.o -run hello.c
echo "run at once: status $?"
echo 'int main(void) { return 0 }' >wrong.c
tcc wrong.c 2>&1
echo "wrong: status $?"
cd / && busybox rm -r $work && echo clean
