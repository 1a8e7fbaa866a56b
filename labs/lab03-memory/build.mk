# Lab 3's own programs: modules of mm/ as programs of the host, whose memory lies where the kernel's
# direct map has it. That takes 32-bit programs, and sanitizers for them. Included by
# scripts/build.mk.

lab03 := $(COURSE)/labs/lab03-memory
lab03_host := $(lab03)/host
lab03_mm := $(SRC)/kernel/mm
lab03_programs := $(patsubst %,host/%,page_init buddy map fault slab kmalloc)
results += $(lab03_programs)

harness: $(lab03_programs)

# With which sanitizers; "none" if the host's compiler makes no 32-bit programs at all. Exit status
# 127 tells the grader that a tool is missing.
HOSTCC32 = $(HOSTCC) -m32
sanitizers = $(shell sh $(COURSE)/labs/host/sanitizers $(HOSTCC32))
SANITIZE32 = $(eval SANITIZE32 := $(sanitizers))$(SANITIZE32)
define compile_host32
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(if $(filter none,$(SANITIZE32)),echo '$(HOSTCC32) makes no programs' >&2; exit 127)
	$(Q)$(HOSTCC32) -I$(lab03_host)/include $(HOSTFLAGS) $(SANITIZE32) \
		$(filter-out $(included),$(filter %.c,$^)) -o $@
endef

$(BUILD)/host/page_init: $(lab03_mm)/page.c $(SRC)/kernel/lib/e820.c
$(BUILD)/host/buddy: $(lab03_mm)/page.c $(SRC)/kernel/lib/e820.c
$(BUILD)/host/buddy: included := $(lab03_mm)/page.c
$(BUILD)/host/map: $(lab03_mm)/map.c
$(BUILD)/host/fault: $(patsubst %,$(lab03_mm)/%.c,fault space cow large pagecache) \
	$(wildcard $(patsubst %,$(lab03_mm)/%.c,area commit grow mmap shared))
$(BUILD)/host/slab: $(lab03_mm)/slab.c
$(BUILD)/host/kmalloc: $(lab03_mm)/kmalloc.c
$(patsubst %,$(BUILD)/host/%,fault slab kmalloc): $(lab03_host)/frames.c
$(patsubst %,$(BUILD)/%,$(lab03_programs)): $(BUILD)/host/%: $(lab03_host)/%.c \
		$(lab03_host)/fakes.c $(wildcard $(lab03_host)/*.h $(lab03_host)/include/*/*.h) \
		$(wildcard $(lab03_mm)/*.h $(SRC)/kernel/lib/*.h) $(COURSE)/labs/host/host.h $(rules)
	$(compile_host32)
