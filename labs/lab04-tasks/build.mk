# Lab 4's own programs: modules of task/ as programs of the host, between lab 3's fakes. Included by
# scripts/build.mk, after lab 3's.

lab04_host := $(COURSE)/labs/lab04-tasks/host
lab04_task := $(SRC)/kernel/task
lab04_including := host/timer host/wait host/mutex
lab04_programs := host/runqueue $(lab04_including)
results += $(lab04_programs)

harness: $(lab04_programs)

$(patsubst %,$(BUILD)/%,$(lab04_programs)): HOSTFLAGS += -I$(lab03_host)
# These include their module, to look into it.
$(patsubst %,$(BUILD)/%,$(lab04_including)): included = $(lab04_task)/$(@F).c
$(patsubst %,$(BUILD)/%,$(lab04_programs)): $(BUILD)/host/%: $(lab04_host)/%.c $(lab04_task)/%.c \
		$(lab03_host)/fakes.c $(wildcard $(lab03_host)/*.h $(lab03_host)/include/*/*.h) \
		$(wildcard $(SRC)/kernel/*/*.h) $(COURSE)/labs/host/host.h $(rules)
	$(compile_host32)
