# Lab 6's own programs. Included by scripts/build.mk, after lab 5's.

# What runs in ring 3 on the stage (tests/stage.h): one image, which the test kernel holds.
lab06 := $(COURSE)/labs/lab06-processes
lab06_programs := $(wildcard $(lab06)/user/*.c $(lab06)/user/*.asm)
lab06_user := $(patsubst $(lab06)/user/%,$(BUILD)/user/%.o,$(lab06_programs))
lab06_headers := $(wildcard $(lab06)/user/*.h)
lab06_calls := $(wildcard $(lab06)/tests/*_calls.h)
lab06_stage := $(BUILD)/labs/lab06-processes/tests/stage.asm.o
lab06_flags := -std=gnu11 -O1 -g -Wall -Wextra $(WERROR) -march=i586 -mgeneral-regs-only \
	-ffreestanding -nostdinc -fno-pic -fno-pie -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns \
	-I$(SRC) -I$(SRC)/kernel -I$(lab06)/tests

$(BUILD)/user/%.c.o: $(lab06)/user/%.c $(lab06_headers) $(lab06_calls) $(rules)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(KCC) $(lab06_flags) -c $< -o $@
$(BUILD)/user/%.asm.o: $(lab06)/user/%.asm $(rules)
	$(call say,NASM,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(NASM) $(NASMFLAGS) $< -o $@
$(BUILD)/user.elf: $(lab06_user)
	$(call say,LD,$@)
	$(Q)$(LD) -N -Ttext 0x08048000 -e _start -o $@ $(BUILD)/user/start.asm.o \
		$(filter-out %/start.asm.o,$^)
$(BUILD)/user.bin: $(BUILD)/user.elf
	$(Q)$(OBJCOPY) -O binary -R .note* -R .comment $< $@
$(lab06_stage): NASMFLAGS += -DSTAGE_IMAGE="'$(abspath $(BUILD))/user.bin'"
$(lab06_stage): $(BUILD)/user.bin

# A student's proc/exec.c is part of this one file of tests: whatever is in it stays there.
$(BUILD)/labs/lab06-processes/tests/stack.c.o: CFLAGS += -fwhole-program

# proc/elf.c as a program of the host, as wide as the kernel is, by lab 3's rules.
lab06_host := $(lab06)/host
lab06_hosted := host/elf6
results += $(lab06_hosted)

harness: $(lab06_hosted)

$(patsubst %,$(BUILD)/%,$(lab06_hosted)): HOSTFLAGS := -I$(lab03_host)/include $(HOSTFLAGS) \
	-I$(lab03_host)
$(BUILD)/host/elf6: $(SRC)/kernel/proc/elf.c $(SRC)/kernel/lib/string.c
$(patsubst %,$(BUILD)/%,$(lab06_hosted)): $(BUILD)/host/%: $(lab06_host)/%.c $(lab03_host)/fakes.c \
		$(wildcard $(lab03_host)/*.h $(lab03_host)/include/*/*.h $(SRC)/kernel/*/*.h) \
		$(COURSE)/labs/host/host.h $(rules)
	$(compile_host32)

# Programs to try the system with: make programs puts them onto the volume, into /bin.
lab06_try := $(COURSE)/labs/lab06-processes/try
lab06_tries := $(patsubst $(lab06_try)/%,$(BUILD)/try/%, \
	$(basename $(wildcard $(lab06_try)/*.c $(lab06_try)/*.asm)))

.PHONY: programs
programs: image $(lab06_tries)
	$(call say,MCOPY,$(BUILD)/myos.img)
	$(Q)MTOOLS_SKIP_CHECK=1 mcopy -o -i $(BUILD)/myos.img@@4M $(lab06_tries) ::bin
$(BUILD)/try/%: $(lab06_try)/%.c $(lab06_try)/try.h $(lab06_headers) $(rules)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(KCC) $(lab06_flags) -c $< -o $@.o
	$(Q)$(LD) -o $@ $@.o
$(BUILD)/try/%: $(lab06_try)/%.asm $(rules)
	$(call say,NASM,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(NASM) $(NASMFLAGS) $< -o $@.o
	$(Q)$(LD) -o $@ $@.o
