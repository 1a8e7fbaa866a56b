# Lab 5's own programs: the block cache, FAT and the walk as programs of the host, as wide as the
# host is. Included by scripts/build.mk, after lab 3's, whose fakes they use.

lab05_host := $(COURSE)/labs/lab05-disks/host
lab05_fs := $(SRC)/kernel/fs
lab05_programs := host/bcache host/fat host/walk
results += $(lab05_programs)

harness: $(lab05_programs)

$(patsubst %,$(BUILD)/%,$(lab05_programs)): HOSTFLAGS := -I$(lab03_host)/include $(HOSTFLAGS) \
	-I$(lab03_host)
# In a tree of lab 6 or later, tasks know who shares their current directory.
$(BUILD)/host/walk: HOSTFLAGS += $(if $(wildcard $(SRC)/kernel/proc),-DSHARED_DIRECTORIES)
$(BUILD)/host/bcache: $(lab05_fs)/bcache.c
$(BUILD)/host/fat: $(patsubst %,$(lab05_fs)/fat_%.c,layout table dir file name commit time) \
	$(SRC)/kernel/lib/string.c
$(BUILD)/host/walk: $(lab05_fs)/path.c $(lab05_fs)/mount.c $(lab05_fs)/vnode.c \
	$(SRC)/kernel/lib/string.c
$(patsubst %,$(BUILD)/%,$(lab05_programs)): $(BUILD)/host/%: $(lab05_host)/%.c \
		$(lab05_host)/alone.c $(lab05_host)/alone.h $(lab03_host)/fakes.c \
		$(wildcard $(lab03_host)/*.h $(lab03_host)/include/*/*.h) \
		$(wildcard $(SRC)/kernel/*/*.h) $(COURSE)/labs/host/host.h $(rules)
	$(compile_host)
