# Lab 6's own programs. Included by scripts/build.mk, after lab 5's.

# What runs in ring 3 on the stage (tests/stage.h): one image, which the test kernel holds.
lab06 := $(COURSE)/labs/lab06-processes
lab06_programs := $(wildcard $(lab06)/user/*.c $(lab06)/user/*.asm)
lab06_user := $(patsubst $(lab06)/user/%,$(BUILD)/user/%.o,$(lab06_programs))
lab06_stage := $(BUILD)/labs/lab06-processes/tests/stage.asm.o
lab06_flags := -std=gnu11 -O1 -g -Wall -Wextra $(WERROR) -march=i586 -mgeneral-regs-only \
	-ffreestanding -nostdinc -fno-pic -fno-pie -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns \
	-I$(SRC) -I$(SRC)/kernel -I$(lab06)/tests

$(BUILD)/user/%.c.o: $(lab06)/user/%.c $(lab06)/user/user.h $(lab06)/tests/stage_calls.h $(rules)
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
