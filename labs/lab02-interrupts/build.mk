# Lab 2's own programs: what can be judged on the host. Included by scripts/build.mk.

lab02 := $(COURSE)/labs/lab02-interrupts
lab02_results := host/keymap host/ring
results += $(lab02_results)

harness: $(lab02_results)

$(BUILD)/host/keymap: $(lab02)/host/keymap.c $(SRC)/kernel/lib/keymap.c $(SRC)/kernel/lib/keymap.h
$(BUILD)/host/ring: $(lab02)/host/ring.c $(SRC)/kernel/lib/ring.c $(SRC)/kernel/lib/ring.h
$(BUILD)/host/keymap $(BUILD)/host/ring: $(COURSE)/labs/host/host.h $(rules)
	$(compile_host)
