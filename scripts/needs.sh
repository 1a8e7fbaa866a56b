# shellcheck shell=sh
# What the project needs of a machine, and how to tell that it is there. Sourced by scripts/setup,
# which installs it on Debian, and by scripts/doctor, which explains it everywhere. Knows names and
# packages; installs and prints nothing. POSIX sh, for it must run where nothing of this is there.

# mkfs.fat and its like are in sbin, which Debian leaves out of a user's PATH.
PATH=$PATH:${SBIN-/usr/local/sbin:/usr/sbin:/sbin}

# One line per need:  levels|name|proof|Debian, Ubuntu|Fedora|Arch|Homebrew|what it is for
#   levels  student: what a lab tree needs; grade: what a grading service needs; all: what else the project needs
#   proof   any one of these words: a command, an absolute file name, or a @probe (a function below)
# An empty package field means that the system has no such package.
needs_table() {
    cat <<'TABLE'
student,grade|QEMU|qemu-system-i386|qemu-system-x86|qemu-system-x86|qemu-system-x86|qemu|runs the system
student,grade|C compiler|@cc32|gcc gcc-multilib|gcc glibc-devel.i686|gcc lib32-glibc|i686-elf-gcc|compiles for 32-bit x86
student,grade|NASM|nasm|nasm|nasm|nasm|nasm|assembles the boot loader
student,grade|make|make|make|make|make|make|builds everything
student|gdb|i386-elf-gdb gdb gdb-multiarch|gdb|gdb|gdb|i386-elf-gdb|make gdb: the debugger
student,grade|mtools|mcopy|mtools|mtools|mtools|mtools|fills the FAT partition of the disk image
student,grade|mkfs.fat|mkfs.fat|dosfstools|dosfstools|dosfstools|dosfstools|formats the FAT partition of the disk image
student,grade|Python 3|python3|python3|python3|python|python|makes the disk image and runs the graders
student,grade|32-bit programs|@run32 qemu-i386 qemu-i386-static|qemu-user|qemu-user|qemu-user||runs them where the kernel cannot
student|git|git|git|git|git|git|fetches each lab
all|32-bit C library|@libc32|gcc-multilib|glibc-devel.i686|lib32-glibc||tests the portable kernel code on the host
all|e2fsprogs|mke2fs|e2fsprogs|e2fsprogs|e2fsprogs|e2fsprogs|makes and checks ext2 volumes
all|pandoc|pandoc|pandoc|pandoc|pandoc-cli|pandoc|turns the handouts into pages
all|graphviz|dot|graphviz|graphviz|graphviz|graphviz|draws figures of the handouts
all|weasyprint|weasyprint|weasyprint|weasyprint|python-weasyprint|weasyprint|turns the handouts into PDF
all|poppler-utils|pdftoppm|poppler-utils|poppler-utils|poppler|poppler|looks at the PDF in the tests
all|pytest|pytest-3 py.test-3 pytest|python3-pytest|python3-pytest|python-pytest|pytest|runs the project's own tests
all|TinyCC|tcc|tcc|tcc|tcc|tcc|the second compiler that must build the kernel
all|SPIN|spin|spin|||spin|checks the models of the scheduler
all|Bochs|bochs|bochs|bochs|bochs|bochs|the second machine that must boot the image
all|Bochs BIOS|/usr/share/bochs/BIOS-bochs-latest|bochsbios|bochs-bios|bochs|bochs|the BIOS of that machine
all|Bochs VGA BIOS|/usr/share/vgabios/vgabios.bin|vgabios|vgabios|bochs|bochs|the screen of that machine
all|GRUB|/usr/lib/grub/i386-pc/multiboot.mod|grub-pc-bin|grub2-pc-modules|grub||boots the kernel by Multiboot in the tests
all|grub-mkrescue|grub-mkrescue grub2-mkrescue|grub-common|grub2-tools-extra|grub||makes the GRUB disc of the tests
all|xorriso|xorriso|xorriso|xorriso|libisoburn|xorriso|makes the GRUB disc of the tests
grade|bubblewrap|bwrap|bubblewrap|bubblewrap|bubblewrap||locks a submission in while it is graded
all|ShellCheck|shellcheck|shellcheck|ShellCheck|shellcheck|shellcheck|make lint: checks the shell scripts
TABLE
}

# wanted LEVELS LEVEL: is a need of these levels wanted at that level? At "all" every one is.
wanted() {
    case ,$1, in
        *,"$2",*) return 0 ;;
        *) [ "$2" = all ] ;;
    esac
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# Is this need met? Its words are alternatives.
need_met() {
    for word in $1; do
        case $word in
            @cc32) [ -n "$(find_compiler)" ] && return 0 ;;
            @run32) runs_32bit && return 0 ;;
            @libc32) native_has_file crt1.o && return 0 ;;
            /*) [ -e "$word" ] && return 0 ;;
            *) have "$word" && return 0 ;;
        esac
    done
    return 1
}

# Does the native gcc come with this 32-bit file? Asking gcc where it is takes two milliseconds,
# compiling would take thirty.
native_has_file() {
    have gcc || return 1
    found=$(gcc -m32 -print-file-name="$1" 2>/dev/null) || return 1
    [ -f "$found" ]
}

# Can the kernel execute programs for 32-bit x86? Only where gcc makes them is the question asked:
# elsewhere nobody can say that it cannot. The program is exit(32), for Linux: 84 bytes of headers
# and nine of code.
runs_32bit() {
    case $(uname -s)/$(uname -m) in
        Linux/x86_64 | Linux/i?86) ;;
        *) return 0 ;;
    esac
    tiny=$(mktemp) || return 0
    {
        printf '\177ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\3\0\1\0\0\0\124\200\4\10\64\0\0\0'
        printf '\0\0\0\0\0\0\0\0\64\0\40\0\1\0\0\0\0\0\0\0'
        printf '\1\0\0\0\0\0\0\0\0\200\4\10\0\200\4\10\135\0\0\0\135\0\0\0\5\0\0\0\0\20\0\0'
        printf '\61\300\100\61\333\263\40\315\200'
    } >"$tiny"
    chmod u+x "$tiny"
    result=32
    if [ -x "$tiny" ]; then         # it is not where programs are forbidden
        result=0
        "$tiny" </dev/null >/dev/null 2>&1 || result=$?
    fi
    rm -f "$tiny"
    [ $result = 32 ]
}

# The compiler that the build will take, in the build's own order: a cross compiler first, then the
# native gcc with -m32. That one counts only with its 32-bit libgcc, which has the 64-bit division.
find_compiler() {
    for prefix in ${CROSS:-i686-elf- i686-linux-gnu-}; do
        if have "${prefix}gcc"; then
            echo "${prefix}gcc"
            return
        fi
    done
    if native_has_file libgcc.a; then
        echo "gcc -m32"
    fi
}

# Debian's names on a machine that is no PC: gcc has no -m32 there, and gdb may not know the PC.
debian_packages() {
    case $(uname -m) in
        x86_64 | i?86) echo "$1" ;;
        *) case $1 in
               "gcc gcc-multilib") echo "gcc-i686-linux-gnu gcc libc6-dev" ;;
               gdb) echo "gdb-multiarch" ;;
               gcc-multilib | grub-pc-bin | qemu-user) ;;
               *) echo "$1" ;;
           esac ;;
    esac
}
