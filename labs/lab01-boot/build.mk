# Lab 1's own programs: real-mode programs around one module of the student's each, an option ROM
# that makes the machine hostile, and host programs for what can be judged without a machine.
# Included by scripts/build.mk.

lab01 := $(COURSE)/labs/lab01-boot
lab01_harness := $(BUILD)/labs/lab01-boot/harness
lab01_programs := print disk a20 e820 pm

lab01_results := $(patsubst %,harness/%.bin,mbr hostile $(lab01_programs)) \
	harness/paging.elf host/e820 host/elf
results += $(lab01_results)

harness: $(lab01_results)

$(BUILD)/harness/mbr.bin $(BUILD)/harness/hostile.bin: $(BUILD)/harness/%.bin: \
		$(lab01)/harness/%.asm
	$(call say,NASM,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(NASM) -f bin $< -o $@

# harness/disk.elf is harness/disk.asm with src/boot/disk.asm, and so on.
$(patsubst %,$(BUILD)/harness/%.elf,$(lab01_programs)): $(BUILD)/harness/%.elf: \
		$(lab01_harness)/%.asm.o $(BUILD)/src/boot/%.asm.o $(SRC)/boot/boot.ld
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(LD) --defsym BASE=0x8000 -T $(SRC)/boot/boot.ld -e _start -o $@ $(filter %.o,$^)

$(BUILD)/harness/paging.elf: $(BUILD)/src/kernel/x86/entry.asm.o $(lab01_harness)/paging.asm.o \
		$(SRC)/kernel/kernel.ld
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(LD) -z max-page-size=4096 -T $(SRC)/kernel/kernel.ld -o $@ $(filter %.o,$^)

$(BUILD)/host/e820: $(lab01)/host/e820.c $(SRC)/kernel/lib/e820.c $(SRC)/kernel/lib/e820.h
$(BUILD)/host/elf: $(lab01)/host/elf.c $(SRC)/boot/elf.c $(SRC)/boot/elf.h $(SRC)/kernel/lib/elf.h
$(BUILD)/host/e820 $(BUILD)/host/elf: $(COURSE)/labs/host/host.h $(rules)
	$(compile_host)
