# The build rules: kernel, loader, disk image, and the graders' programs around them.
#
# Included by the project's Makefile and by a lab tree's GNUmakefile, and called by the graders as
#     make -f COURSE/scripts/build.mk COURSE=... SRC=... BUILD=... TARGETS
# All results go below BUILD. Every .c and .asm file below src/kernel is part of the kernel: a new file needs no line here.

ifndef COURSE
COURSE := $(patsubst %/scripts/,%,$(patsubst scripts/,.,$(dir $(lastword $(MAKEFILE_LIST)))))
endif
SRC    ?= src
BUILD  ?= build
PYTHON ?= python3
NASM   ?= nasm
HOSTCC ?= cc

# The toolchain, as xv6 looks for it: a cross compiler, else the machine's own gcc if it can do -m32.
# Other compilers' words (make's own default CC=cc, say) do not count; CROSS=prefix- on the command line does.
ifndef CROSS
CROSS := $(shell for p in i686-elf- i686-linux-gnu-; do command -v $${p}gcc >/dev/null 2>&1 && { echo $$p; break; }; done)
endif
KCC     := $(CROSS)gcc -m32
LD      := $(CROSS)ld -m elf_i386 -z noexecstack
LD      += $(filter --no-warn-rwx-segments,$(shell $(CROSS)ld --help | grep -o -e --no-warn-rwx-segments))
OBJCOPY := $(CROSS)objcopy

# V=1 shows whole commands, else a short line for each.
ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n' $(1) $(patsubst $(BUILD)/%,%,$(2))
endif

INCLUDES := -I$(SRC)/kernel -I$(SRC) -I$(COURSE)/labs/ktest
# Canaries on the kernel's stacks (debug/canary.c).                        # lab 4
PROTECT := -fno-stack-protector
PROTECT := -fstack-protector-strong -mstack-protector-guard=global          # lab 4
CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra $(WERROR) -march=i586 -mgeneral-regs-only -ffreestanding -nostdinc -fno-pic -fno-pie \
	-fno-omit-frame-pointer -fno-strict-aliasing -fno-asynchronous-unwind-tables \
	-fno-tree-loop-distribute-patterns -fcf-protection=none -MMD -MP $(INCLUDES)
NASMFLAGS := -f elf32 -g -F dwarf -i$(SRC)/boot/ -i$(COURSE)/labs/

# Objects: $(BUILD)/src/... for the student's files, $(BUILD)/labs/... for the course's own.
kernel_sources := $(sort $(wildcard $(SRC)/kernel/*.c $(SRC)/kernel/*/*.c $(SRC)/kernel/*.asm $(SRC)/kernel/*/*.asm))
kernel_objects := $(patsubst $(SRC)/%,$(BUILD)/src/%.o,$(kernel_sources))
test_sources   := $(sort $(wildcard $(COURSE)/labs/ktest/*.c $(COURSE)/labs/lab*/tests/*.c $(COURSE)/labs/lab*/tests/*.asm))
test_objects   := $(patsubst $(COURSE)/%,$(BUILD)/%.o,$(test_sources))
mbr_objects    := $(patsubst %,$(BUILD)/src/boot/%.o,mbr.asm print.asm disk.asm)
stage2_objects := $(patsubst %,$(BUILD)/src/%.o,boot/stage2.asm boot/print.asm boot/disk.asm boot/a20.asm boot/e820.asm \
	boot/pm.asm boot/load.c boot/elf.c kernel/lib/e820.c kernel/lib/string.c)
# The loader has nobody to tell when a canary dies.                       # lab 4
$(stage2_objects): PROTECT := -fno-stack-protector                        # lab 4

.DEFAULT_GOAL := image
.PHONY: image kernel harness compile_commands
.DELETE_ON_ERROR:
.SUFFIXES:

image: $(BUILD)/myos.img
kernel: $(BUILD)/kernel.elf

# A changed rule or flag rebuilds what it made.
rules := $(lastword $(filter %build.mk,$(MAKEFILE_LIST)))

$(BUILD)/src/%.c.o: $(SRC)/%.c $(rules)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(KCC) $(CFLAGS) $(PROTECT) -c $< -o $@

$(BUILD)/src/%.asm.o: $(SRC)/%.asm $(rules)
	$(call say,NASM,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(NASM) $(NASMFLAGS) -MD $(@:.o=.d) -MP $< -o $@

$(BUILD)/labs/%.c.o: $(COURSE)/labs/%.c $(rules)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(KCC) $(CFLAGS) $(PROTECT) -c $< -o $@

$(BUILD)/labs/%.asm.o: $(COURSE)/labs/%.asm $(rules)
	$(call say,NASM,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(NASM) $(NASMFLAGS) -MD $(@:.o=.d) -MP $< -o $@

# libgcc has the 64-bit divisions that the i386 lacks.
$(BUILD)/kernel.elf: $(kernel_objects) $(test_objects) $(SRC)/kernel/kernel.ld
	$(call say,LD,$@)
	$(Q)$(LD) -z max-page-size=4096 -T $(SRC)/kernel/kernel.ld -o $@ $(kernel_objects) $(test_objects) \
		`$(KCC) -print-libgcc-file-name`

# On the disk the kernel keeps its symbols for backtraces, not the debugger's information.
$(BUILD)/kernel: $(BUILD)/kernel.elf
	$(Q)$(OBJCOPY) --strip-debug $< $@

$(BUILD)/mbr.elf: $(mbr_objects) $(SRC)/boot/boot.ld
	$(call say,LD,$@)
	$(Q)$(LD) --defsym BASE=0x7c00 -T $(SRC)/boot/boot.ld -e _start -o $@ $(mbr_objects)

$(BUILD)/stage2.elf: $(stage2_objects) $(SRC)/boot/boot.ld
	$(call say,LD,$@)
	$(Q)$(LD) --defsym BASE=0x8000 -T $(SRC)/boot/boot.ld -e _start -o $@ $(stage2_objects)

$(BUILD)/%.bin: $(BUILD)/%.elf
	$(Q)$(OBJCOPY) -O binary $< $@

$(BUILD)/myos.img: $(BUILD)/mbr.bin $(BUILD)/stage2.bin $(BUILD)/kernel $(COURSE)/scripts/mkimage
	$(call say,IMAGE,$@)
	$(Q)$(PYTHON) $(COURSE)/scripts/mkimage --mbr $(BUILD)/mbr.bin --stage2 $(BUILD)/stage2.bin --kernel $(BUILD)/kernel $@

# The same kernel by TinyCC, which is to build it inside this system one day: `make -f scripts/build.mk tcc`.
# It links without a script, so entry.asm comes first, and p_paddr repeats p_vaddr: the loader can deal with that. Without -g
# there would be no symbols; what else it brings is more than the loader reads.
TCC := tcc -m32 -g
tcc_sources := $(filter %.c,$(kernel_sources) $(test_sources))
tcc_objects := $(patsubst $(SRC)/%.c,$(BUILD)/tcc/src/%.o,$(patsubst $(COURSE)/labs/%.c,$(BUILD)/tcc/labs/%.o,$(tcc_sources)))
nasm_objects := $(BUILD)/src/kernel/x86/entry.asm.o \
	$(filter-out %/entry.asm.o,$(filter %.asm.o,$(kernel_objects) $(test_objects)))

.PHONY: tcc
tcc: $(BUILD)/tcc/myos.img
$(BUILD)/tcc/src/%.o: $(SRC)/%.c $(rules)
	$(Q)mkdir -p $(@D)
	$(Q)$(TCC) -nostdinc $(INCLUDES) -c $< -o $@
$(BUILD)/tcc/labs/%.o: $(COURSE)/labs/%.c $(rules)
	$(Q)mkdir -p $(@D)
	$(Q)$(TCC) -nostdinc $(INCLUDES) -c $< -o $@
$(BUILD)/tcc/kernel: $(nasm_objects) $(tcc_objects)
	$(call say,TCC,$@)
	$(Q)$(TCC) -static -nostdlib -Wl,-Ttext=0xC0100000 -o $@.elf $^ $(firstword $(wildcard /usr/lib/*/tcc/i386-libtcc1.a))
	$(Q)$(OBJCOPY) --strip-debug $@.elf $@
$(BUILD)/tcc/myos.img: $(BUILD)/mbr.bin $(BUILD)/stage2.bin $(BUILD)/tcc/kernel
	$(Q)$(PYTHON) $(COURSE)/scripts/mkimage --no-partition --mbr $(BUILD)/mbr.bin --stage2 $(BUILD)/stage2.bin \
		--kernel $(BUILD)/tcc/kernel $@

# On the host, with the sanitizers where the compiler has them: the recipe for labs' host programs.
HOSTFLAGS := -std=gnu11 -g -O1 -w -fno-builtin -ffreestanding $(INCLUDES) -I$(COURSE)/labs/host
SANITIZE   = $(eval SANITIZE := $(shell echo 'int main(void){return 0;}' | $(HOSTCC) -x c -fsanitize=address,undefined - \
	-o /dev/null 2>/dev/null && \
	echo -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-sanitize=alignment))$(SANITIZE)
define compile_host
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTFLAGS) $(SANITIZE) $(filter %.c,$^) -o $@
endef

# The labs' own programs: boot code around a student's module, host programs. They add to `results`.
results := kernel.elf mbr.elf mbr.bin stage2.elf stage2.bin myos.img
-include $(wildcard $(COURSE)/labs/lab*/build.mk)

# Whoever calls make may name a result without BUILD before it.
.PHONY: $(results)
$(results): %: $(BUILD)/%

# For editors: what clangd needs to know.
compile_commands: compile_commands.json
compile_commands.json: $(rules) $(kernel_sources)
	@{ echo '['; for f in $(filter %.c,$(kernel_sources)) $(wildcard $(SRC)/boot/*.c); do \
	  echo "$$sep{\"directory\":\"$(CURDIR)\",\"file\":\"$$f\",\"command\":\"$(KCC) $(filter-out -MMD -MP,$(CFLAGS)) -c $$f\"}"; \
	  sep=,; done; echo ']'; } > $@

-include $(shell find $(BUILD)/src $(BUILD)/labs -name '*.d' 2>/dev/null)
